"""What the web server runs."""

import os
from threading import Thread

from django.core.wsgi import get_wsgi_application

from atmpxb.platform.arriving import impatient

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "atmpxb.platform.settings")
application = impatient(get_wsgi_application())

from atmpxb.quality import engine  # noqa: E402 - needs the settings
from atmpxb.quality.assays import registry  # noqa: E402


def _warm() -> None:
    registry.kinds()
    engine.warm()


Thread(target=_warm, daemon=True).start()
