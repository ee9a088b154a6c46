"""Addresses of the competence centre. Everything of an organisation lies below ``o/<organisation>/``."""

from django.urls import URLPattern

from atmpxb.quality.pages import bench, office

app_name = "quality"

urlpatterns: list[URLPattern] = [*bench.urls, *office.urls]
