from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "atmpxb.records.people"
    label = "people"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from atmpxb.records.people import entrances  # noqa: F401 - connects the receivers
