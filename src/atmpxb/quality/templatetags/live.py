"""Pages that notice what others do."""

from typing import Any

from django import template
from django.template import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from atmpxb.quality.queries import news as read

register = template.Library()


@register.simple_tag(takes_context=True)
def news(context: Context, name: str) -> SafeString:
    """``{% news "runs" %}`` above a list: says when something came, and shows it when asked."""
    request: Any = context["request"]
    shown = {"name": name, "since": read.head(request.actor), "count": 0, "shell": context["shell"]}
    return render_to_string("quality/news.html", shown, request=request)


@register.filter
def new_or_changed(count: int) -> str:
    """``{{ count|new_or_changed }}``: the words of the line."""
    return read.news_words(count)
