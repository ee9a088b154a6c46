"""Registration of the shell with Django."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Templates, styles, modules and translations that all pages share."""

    name = "atmpxb.web"
    label = "web"
    verbose_name = "Web shell"

    def ready(self) -> None:
        from atmpxb.web import sessions  # noqa: F401 - connects the receiver before anybody signs in
