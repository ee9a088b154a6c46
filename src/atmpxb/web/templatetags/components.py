"""The components of the interface guide as template tags. The gallery at ``/components`` shows each."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from django import forms, template
from django.core.paginator import Page
from django.template import Context
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from atmpxb.web import formats, icons

register = template.Library()

COMPLIES, DOES_NOT_COMPLY = "complies", "does_not_comply"
ATTENTION, UNDETERMINED = "attention", "undetermined"
#: An informative result: no limit judges it, so it has a word and no form.
REPORTED = "reported"


@register.simple_tag
def icon(name: str, size: int = 20) -> SafeString:
    """``{% icon "receive" %}``: a line icon; it never stands without a word."""
    return icons.icon(name, size)


def verdict_word(code: str) -> str:
    """The word of a verdict in the reader's language. Raises ValueError for a code that is none."""
    words = {
        COMPLIES: _("Complies"),
        DOES_NOT_COMPLY: _("Does not comply"),
        ATTENTION: _("Attention"),
        UNDETERMINED: _("Undetermined"),
        REPORTED: pgettext("verdict", "Reported"),
    }
    if code not in words:
        raise ValueError(f"{code!r} is not a verdict; verdicts are {', '.join(words)}")
    return words[code]


@register.simple_tag
def verdict(code: str, word: str = "") -> SafeString:
    """``{% verdict "complies" %}``: form and word, never colour alone. ``word`` replaces it."""
    code = str(code).replace("-", "_")
    standard = verdict_word(code)
    return format_html(
        '<span class="verdict {}">{}<span>{}</span></span>',
        code.replace("_", "-"),
        "" if code == REPORTED else icons.verdict_form(code),
        word or standard,
    )


@register.simple_tag
def status(text: str) -> SafeString:
    """``{% status "In review" %}``: where something is in its work, not how it came out."""
    return format_html('<span class="status">{}</span>', text)


@register.inclusion_tag("web/components/number.html")
def number(
    value: str | None, unit: str = "", *, href: str = "", limit: str = "", verdict: str = "", why: str = ""
) -> dict[str, Any]:
    """``{% number "92.10" "%" href=… limit="≥ 70 %" verdict=… %}``: a value that opens its provenance."""
    return {
        "value": value,
        "unit": formats.unit_text(unit, after=True),
        "href": href,
        "limit": limit,
        "verdict": verdict,
        "why": why,
    }


@register.simple_block_tag(end_name="end_page_header")
def page_header(content: str, title: str, subtitle: str = "", back_url: str = "", back_text: str = "") -> SafeString:
    """``{% page_header title subtitle %}actions{% end_page_header %}``: the h1 of a page."""
    back = (
        format_html('<a class="back" href="{}">{}{}</a>', back_url, icons.icon("back", 16), back_text)
        if back_url
        else ""
    )
    under = format_html('<p class="subtitle">{}</p>', subtitle) if subtitle else ""
    actions = format_html('<div class="actions">{}</div>', content) if content.strip() else ""
    return format_html(
        '<header class="page-header">{}<div class="title"><h1 tabindex="-1">{}</h1>{}</div>{}</header>',
        back,
        title,
        under,
        actions,
    )


@register.simple_block_tag(end_name="end_data_table")
def data_table(
    content: str, caption: str, id: str = "", density: str = "normal", caption_hidden: bool = False
) -> SafeString:
    """``{% data_table caption="Samples" %}<thead>…</thead><tbody>…</tbody>{% end_data_table %}``: native.

    ``density`` is ``compact`` (rows of 32 px), ``normal`` (40) or ``touch`` (56). Cells with numbers get
    class ``num``; a row with ``data-href`` opens with Enter after ``j`` and ``k``; its first cell holds the
    same link.
    """
    if density not in ("compact", "normal", "touch"):
        raise ValueError(f"{density!r} is not a density; use compact, normal or touch")
    anchor = id or f"table-{uuid4().hex[:8]}"
    return format_html(
        '<div class="table-frame" role="region" aria-labelledby="{0}-caption" tabindex="0">'
        '<table id="{0}" class="{1}"><caption id="{0}-caption"{2}>{3}</caption>{4}</table></div>',
        anchor,
        density,
        mark_safe(' class="visually-hidden"') if caption_hidden else "",
        caption,
        content,
    )


@register.simple_tag(takes_context=True)
def heading(context: Context, title: str, key: str, numeric: bool = False) -> SafeString:
    """``{% heading "Opened" "opened" %}``: a heading that sorts; ``sort`` of the context says by what, ``-`` turns it.

    The order is part of the address, so a link shows it and *Back* undoes it.
    """
    request = context["request"]
    now = context.get("sort", "")
    turned = f"-{key}" if now == key else key
    query = request.GET.copy()
    for name in ("page", "recorded", "format"):
        query.pop(name, None)
    query["sort"] = turned
    order = {key: "ascending", f"-{key}": "descending"}.get(str(now), "none")
    arrow = {"ascending": "↑", "descending": "↓"}.get(order, "↕")
    return format_html(
        '<th scope="col" aria-sort="{}"{}><a class="sorts" href="?{}">{}<span aria-hidden="true">{}</span></a></th>',
        order,
        mark_safe(' class="num"') if numeric else "",
        query.urlencode(),
        title,
        arrow,
    )


@register.simple_tag(takes_context=True)
def export_link(context: Context) -> SafeString:
    """``{% export_link %}``: the whole list as it is filtered and sorted, for a spreadsheet."""
    query = context["request"].GET.copy()
    for name in ("page", "recorded"):
        query.pop(name, None)
    query["format"] = "csv"
    return format_html(
        '<a class="button" href="?{}" download>{}{}</a>',
        query.urlencode(),
        icons.icon("download", 16),
        _("Export (CSV)"),
    )


@register.simple_block_tag(end_name="end_banner")
def banner(content: str, kind: str = "information", title: str = "") -> SafeString:
    """``{% banner "attention" title="…" %}…{% end_banner %}``: stays until the reader acts. No toasts."""
    forms_of = {"attention": ATTENTION, "failure": DOES_NOT_COMPLY}
    if kind not in ("information", *forms_of):
        raise ValueError(f"{kind!r} is not a kind of banner; use information, attention or failure")
    form = icons.verdict_form(forms_of[kind], 20) if kind in forms_of else ""
    head = format_html("<strong>{}</strong>", title) if title else ""
    return format_html('<div class="banner {}">{}<div>{}<div>{}</div></div></div>', kind, form, head, content)


@register.simple_tag
def receipt(sequence: int | str, at: datetime, zone: str | None = None, href: str = "") -> SafeString:
    """``{% receipt 18204 at "Europe/Brussels" %}``: Recorded · #18204 · 14:02 CET. Only recorded is done."""
    clock = formats.moment(at, zone, get_language() or "en", "H:i")
    mark: SafeString | str = f"#{sequence}"
    if href:
        mark = format_html('<a href="{}">{}</a>', href, mark)
    return format_html(
        '<p class="receipt" data-say>{}<span>{} · {} · <time datetime="{}">{}</time></span></p>',
        icons.icon("lock", 16),
        _("Recorded"),
        mark,
        clock.machine,
        clock.words,
    )


@register.inclusion_tag("web/components/refusals.html")
def refusals(rows: Iterable[Mapping[str, Any] | Any], title: str = "", id: str = "refusals") -> dict[str, Any]:
    """``{% refusals rows %}``: why not. Rows have ``what``, ``cure``, ``who``; ``url`` leads to the cure."""
    return {"rows": list(rows), "title": title or _("This can't be done yet"), "id": id}


@register.inclusion_tag("web/components/differences.html")
def differences(rows: Iterable[Mapping[str, Any] | Any], id: str = "differences") -> dict[str, Any]:
    """``{% differences rows %}``: a diff in words. Rows have ``title``, ``before``, ``after``; empty: not there."""
    return {"rows": list(rows), "id": id}


@register.inclusion_tag("web/components/error_summary.html")
def error_summary(
    form: forms.BaseForm | None = None, errors: Sequence[tuple[str, str]] = (), title: str = ""
) -> dict[str, Any]:
    """``{% error_summary form %}``: all errors above the form, each a link to its field; takes the focus.

    ``errors`` adds pairs of (id of the field or empty, sentence) that no form made.
    """
    found = list(errors)
    if form is not None and form.is_bound:
        found += [("", str(error)) for error in form.non_field_errors()]
        found += [(field.id_for_label, f"{field.label}: {error}") for field in form for error in field.errors]
    return {"errors": found, "title": title or _("Not saved. Check what you entered")}


@register.inclusion_tag("web/components/field.html")
def field(bound: forms.BoundField, unit: str = "", hint: str = "") -> dict[str, Any]:
    """``{% field form.temperature unit="°C" %}``: label, help, error and the input that they belong to."""
    widget = bound.field.widget
    widget.attrs.pop("placeholder", None)  # the label says it, and stays when the field is filled
    errors, help_text = bound.errors, hint or bound.help_text
    described = " ".join(
        part
        for part in (
            f"{bound.id_for_label}_hint" if help_text else "",
            f"{bound.id_for_label}_error" if errors else "",
        )
        if part
    )
    attributes: dict[str, str | bool] = {"aria-describedby": described} if described else {}
    if errors:
        attributes["aria-invalid"] = "true"
    choice = isinstance(widget, forms.CheckboxInput)
    group = isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple)
    return {
        "bound": bound,
        "input": bound.as_widget(attrs=attributes),
        "help_text": help_text,
        "unit": unit,
        "errors": errors,
        "choice": choice,
        "group": group,
    }


@register.inclusion_tag("web/components/timeline.html")
def timeline(entries: Iterable[Mapping[str, Any] | Any], zone: str | None = None) -> dict[str, Any]:
    """``{% timeline entries zone %}``: what was recorded, newest first.

    An entry has ``at``, ``title``, ``who`` and, where they apply, ``before``, ``after``, ``reason``,
    ``sequence``.
    """
    return {"entries": list(entries), "zone": zone}


@register.inclusion_tag("web/components/plot.html")
def plot(
    title: str,
    src: str = "",
    svg: str = "",
    n: int | str | None = None,
    columns: Sequence[str] = (),
    rows: Sequence[Sequence[str]] = (),
    note: str = "",
) -> dict[str, Any]:
    """``{% plot title src=url n=20000 columns=… rows=… %}``: a picture with title, n and the same as a table.

    ``svg`` puts a picture that our own code made inside the page; anything else must come by ``src``.
    """
    return {
        "title": title,
        "src": src,
        "svg": mark_safe(svg),
        "n": n,
        "columns": columns,
        "rows": rows,
        "note": note,
    }


@register.inclusion_tag("web/components/stepper.html")
def stepper(steps: Sequence[Mapping[str, Any] | Any], label: str = "") -> dict[str, Any]:
    """``{% stepper steps %}``: named stages; each has ``title``, ``state`` and perhaps ``note``.

    States: ``done``, ``current``, ``waiting``, ``failed``.
    """
    return {"steps": steps, "label": label or _("Progress")}


@register.inclusion_tag("web/components/drop_zone.html", takes_context=True)
def drop_zone(
    context: Context, url: str, id: str, title: str, formats: str = "", hint: str = "", refresh: str = ""
) -> dict[str, Any]:
    """``{% drop_zone url=… id="stained" title="Stained sample" formats=".fcs" %}``: raw PUT bodies.

    Each file has its own progress, error and cure; the others go on. ``refresh`` names an element (CSS
    selector) that gets the event ``files:stored`` after each file, so that htmx can load it anew.
    """
    return {
        "url": url,
        "id": id,
        "title": title,
        "formats": formats,
        "hint": hint,
        "refresh": refresh,
        "csrf_token": context.get("csrf_token", ""),
    }


@register.simple_block_tag(end_name="end_empty_state")
def empty_state(content: str, title: str, text: str = "") -> SafeString:
    """``{% empty_state "Nothing waits." "Next parcel 15:30." %}actions{% end_empty_state %}``."""
    under = format_html("<p>{}</p>", text) if text else ""
    actions = format_html('<div class="actions">{}</div>', content) if content.strip() else ""
    return format_html('<div class="empty"><p class="lead">{}</p>{}{}</div>', title, under, actions)


@register.inclusion_tag("web/components/manifest.html")
def manifest(
    values: Iterable[Mapping[str, Any] | Any] = (),
    documents: Iterable[Mapping[str, Any] | Any] = (),
    files: Iterable[Mapping[str, Any] | Any] = (),
    head: str = "",
    meaning: str = "",
) -> dict[str, Any]:
    """``{% manifest values=… documents=… files=… head=… meaning=… %}``: what a signature binds, in words.

    Values have ``title``, ``value``, ``unit``, ``limit``, ``verdict``; documents ``title``, ``code``,
    ``version``, ``sha256``; files ``name``, ``size``, ``sha256``. ``head`` is the ledger head that was seen.
    """
    return {
        "values": list(values),
        "documents": list(documents),
        "files": list(files),
        "head": head,
        "meaning": meaning,
    }


@register.simple_block_tag(end_name="end_dialog")
def dialog(content: str, id: str, title: str, open: bool = False) -> SafeString:
    """``{% dialog id="sign" title="Sign as reviewed" %}…{% end_dialog %}``: signing, scanning.

    Opened by ``<button data-opens="sign">``.
    """
    return format_html(
        '<dialog id="{0}" aria-labelledby="{0}-title"{1}><header><h2 id="{0}-title" tabindex="-1">{2}</h2>'
        '<button type="button" class="quiet" data-closes="{0}" aria-label="{3}">{4}</button></header>'
        "{5}</dialog>",
        id,
        mark_safe(" data-open-now") if open else "",
        title,
        _("Close"),
        icons.icon("close"),
        content,
    )


@register.inclusion_tag("web/components/pagination.html", takes_context=True)
def pagination(context: Context, page: Page[Any], parameter: str = "page") -> dict[str, Any]:
    """``{% pagination page %}``: links that keep the filters of the address."""
    request = context.get("request")
    query = request.GET.copy() if request is not None else None

    def link(number: int) -> str:
        if query is None:
            return f"?{parameter}={number}"
        query[parameter] = str(number)
        return f"?{query.urlencode()}"

    numbers = [
        (item, link(item)) if isinstance(item, int) else (None, "")
        for item in page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    ]
    return {
        "page": page,
        "numbers": numbers,
        "before": link(page.previous_page_number()) if page.has_previous() else "",
        "after": link(page.next_page_number()) if page.has_next() else "",
    }


@register.inclusion_tag("web/components/filter_chips.html")
def filter_chips(chips: Iterable[Mapping[str, Any] | Any], label: str = "", clear_url: str = "") -> dict[str, Any]:
    """``{% filter_chips chips %}``: filters in sight, with ``title``, ``url``, ``active``, ``count``."""
    return {"chips": list(chips), "label": label or _("Filters"), "clear_url": clear_url}


@register.simple_tag
def facts(pairs: Iterable[tuple[str, Any]]) -> SafeString:
    """``{% facts pairs %}``: a definition list of (term, value)."""
    rows = format_html_join(
        "",
        "<div><dt>{}</dt><dd>{}</dd></div>",
        ((k, formats.ABSENT if v in (None, "") else v) for k, v in pairs),
    )
    return format_html('<dl class="facts">{}</dl>', rows)


@register.simple_tag
def due(at: datetime | None, zone: str | None = None, now: datetime | None = None, tight: int = 60) -> SafeString | str:
    """``{% due at zone %}``: end time with its zone, and the time left by the server's clock.

    Less than ``tight`` minutes left shows as attention, past as late; both in form and word.
    """
    if at is None:
        return formats.ABSENT
    now = now or timezone.now()
    end = formats.moment(at, zone, get_language() or "en")
    minutes = (at - now).total_seconds() / 60
    state = "late" if minutes <= 0 else "tight" if minutes < tight else "calm"
    form = icons.verdict_form(ATTENTION, 14)
    return format_html(
        '<span class="due {}">{}<span data-due="{}" data-tight="{}">{}</span> <time datetime="{}">{}</time></span>',
        state,
        form,
        end.machine,
        tight,
        formats.due_text(at, now),
        end.machine,
        end.words,
    )


@register.simple_block_tag(end_name="end_poll")
def poll(content: str, url: str, id: str, running: bool = True) -> SafeString:
    """``{% poll url=… id="job-7" running=job.running %}…{% end_poll %}``: asks each second while it runs.

    The answer must be the same element with the same id; without ``running`` it asks no more.
    """
    asks = format_html(' hx-get="{}" hx-trigger="every 1s" hx-swap="outerHTML"', url) if running else SafeString("")
    return format_html(
        '<div id="{}" class="poll" aria-busy="{}"{}>{}</div>',
        id,
        "true" if running else "false",
        asks,
        content,
    )


@register.simple_tag
def idempotency_key() -> SafeString:
    """A hidden field that lets the server know a repeated post of the same form."""
    return format_html('<input type="hidden" name="idempotency_key" value="{}">', uuid4())


@register.simple_tag
def meaning_word(code: str) -> str:
    """The meaning of a signature as its button says it, e.g. ``Sign as reviewed``."""
    words = {
        "performed": pgettext("signature", "Sign as performed"),
        "checked": pgettext("signature", "Sign as checked"),
        "reviewed": pgettext("signature", "Sign as reviewed"),
        "invalidated": pgettext("signature", "Sign and invalidate"),
        "approved": pgettext("signature", "Sign as approved"),
        "authorised": pgettext("signature", "Sign and renew keys"),
    }
    if code not in words:
        raise ValueError(f"{code!r} is not a meaning of a signature; meanings are {', '.join(words)}")
    return words[code]
