"""Forms whose input becomes a record."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from atmpxb.quality import saying
from atmpxb.quality.certificate.form import plain
from atmpxb.quality.limits import SpecificationLine
from atmpxb.quality.models import words
from atmpxb.quality.queries.documents import limit_words

register = template.Library()

#: Answers that hold a table of refusals instead of going somewhere.
REFUSING = (400, 403, 409, 412, 413, 422, 503)


@register.simple_tag
def deed(url: str, place: str = "refusal") -> SafeString:
    """``<form {% deed url %}>``: post with htmx where there is one, plainly where there is none.

    Args:
        place: id of the element that takes a refusal; inside a dialog it starts with ``refusal-`` and the form
            carries it in a hidden field ``place``.
    """
    taken = "".join(f' hx-status:{status}="target:#{place} swap:outerHTML"' for status in REFUSING)
    return format_html(
        'method="post" action="{0}" hx-post="{0}" hx-swap="none" hx-disable="find button" data-recorded novalidate{1}',
        url,
        SafeString(taken),
    )


@register.simple_tag(takes_context=True)
def deed_of(context: Context, view: str, *parts: Any) -> SafeString:
    """``<form {% deed_of "quality:file_assign" run.id file.id %}>``: a deed of the organisation at work."""
    return deed(reverse(view, args=[context["shell"].organisation, *parts]))


@register.filter
def said(fact: Any) -> str:
    """``{{ check.observed|said }}``: a note of an engine or an action in the reader's language."""
    return saying.said(fact)


@register.filter
def in_language(url: str) -> str:
    """``{{ src|in_language }}``: the address of a picture with its words in the reader's language."""
    return f"{url}?language={(get_language() or 'en')[:2]}"


@register.filter
def limit(line: SpecificationLine | Mapping[str, Any]) -> dict[str, str]:
    """``{{ line|limit|words|figures }}``: the limit of a line, parsed or stored, its codes in words."""
    return limit_words(plain(line) if isinstance(line, SpecificationLine) else line)


@register.simple_tag
def missing_rows(missing: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """(what, cure) pairs as the rows of the table of refusals."""
    return [{"what": what, "cure": cure} for what, cure in missing]


@register.simple_tag
def manifest_values(values: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Results of a run in the words of the manifest component."""
    language = get_language() or "en"
    return [
        {
            **row,
            "title": f"{words(row['title'], language)} · {row['sample']}",
            "value": words(row["words"], language) or row["value"],
            "limit": words(row["limit"], language),
        }
        for row in values
    ]


@register.simple_tag
def manifest_documents(documents: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Documents in the words of the manifest component."""
    return [{**row, "title": words(row["words"], get_language() or "en")} for row in documents]
