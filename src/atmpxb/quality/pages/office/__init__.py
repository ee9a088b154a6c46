"""Pages around the bench: batches, requests, review, approval, certificates, public verification."""

from django.urls import URLPattern

urls: list[URLPattern] = []
