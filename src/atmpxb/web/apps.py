from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "atmpxb.web"
    label = "web"
