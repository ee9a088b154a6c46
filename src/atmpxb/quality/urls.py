"""Addresses of the competence centre."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
