"""Addresses of the competence centre. Everything of an organisation lies below ``o/<organisation>/``."""

from django.urls import URLPattern, path

from atmpxb.quality.pages import uploads

app_name = "quality"

HERE = "o/<slug:organisation>"

urlpatterns: list[URLPattern] = [
    path(f"{HERE}/runs/<uuid:run>/files", uploads.upload, name="upload"),
]
