"""Addresses of the shell: include at the root."""

from django.urls import path

from atmpxb.web import pages

app_name = "web"

urlpatterns = [
    path("", pages.home, name="home"),
    path("preferences", pages.preferences, name="preferences"),
    path("second-factor/reset", pages.factor_reset, name="factor_reset"),
    path("components", pages.components, name="components"),
]
