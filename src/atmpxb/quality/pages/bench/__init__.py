"""Pages at the bench: worklist, receiving, runs, samples, instruments, methods."""

from django.urls import URLPattern, path

from atmpxb.quality.pages import uploads

HERE = "o/<slug:organisation>"

urls: list[URLPattern] = [
    path(f"{HERE}/runs/<uuid:run>/files", uploads.upload, name="upload"),
]
