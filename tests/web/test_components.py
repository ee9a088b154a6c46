"""Components say what they mean in form and word, in both languages."""

from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from django import forms
from django.template import Context, Template
from django.utils.translation import override

from atmpxb.web import gallery, icons, navigation
from atmpxb.web.templatetags import components

NOW = datetime(2026, 11, 22, 13, 2, tzinfo=UTC)


def show(source: str, language: str = "en", **context: object) -> str:
    with override(language):
        return Template("{% load components formats %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("code", "english", "dutch", "form"),
    [
        ("complies", "Complies", "Voldoet", "<circle"),
        ("does_not_comply", "Does not comply", "Voldoet niet", "evenodd"),
        ("attention", "Attention", "Let op", "evenodd"),
        ("undetermined", "Undetermined", "Niet te bepalen", "<path"),
    ],
)
def test_a_verdict_is_a_form_and_a_word(code: str, english: str, dutch: str, form: str) -> None:
    assert english in show("{% verdict code %}", code=code)
    chip = show("{% verdict code %}", "nl", code=code)
    assert dutch in chip
    assert form in chip


def test_an_informative_result_has_a_word_and_no_form() -> None:
    chip = show("{% verdict 'reported' %}", "nl")
    assert "Gerapporteerd" in chip
    assert "<svg" not in chip


def test_the_four_forms_differ_without_colour() -> None:
    drawings = {icons.verdict_form(code) for code in ("complies", "does_not_comply", "attention", "undetermined")}
    assert len(drawings) == 4
    assert all("#" not in drawing for drawing in drawings), "forms take the colour of their text"


def test_an_unknown_verdict_is_an_error_and_not_a_neutral_chip() -> None:
    with pytest.raises(ValueError, match="passed"):
        show('{% verdict "passed" %}')


def test_a_receipt_names_the_ledger_entry_and_the_clock() -> None:
    text = show('{% receipt 18204 at "Europe/Brussels" %}', at=NOW)
    assert "Recorded · #18204 · " in text
    assert ">14:02 CET<" in text
    assert "Vastgelegd" in show("{% receipt 1 at %}", "nl", at=NOW)


def test_an_undetermined_number_is_a_dash_and_has_no_unit() -> None:
    shown = show('{% number None "%" href="/p" verdict="undetermined" %}')
    assert "–" in shown
    assert "%" not in shown.replace("</a>", "").split("verdict")[0]


def test_text_of_a_user_can_not_become_markup() -> None:
    evil = '<script>alert("x")</script>'
    for source in (
        "{% status evil %}",
        "{% verdict 'complies' evil %}",
        "{% number evil evil limit=evil %}",
        "{% page_header evil evil %}{% end_page_header %}",
        "{% facts pairs %}",
        "{% refusals rows title=evil %}",
        "{% timeline rows %}",
        "{% plot evil src='/x' columns=cells rows=table note=evil %}",
        "{% drop_zone url=evil id='x' title=evil hint=evil %}",
        "{% empty_state evil evil %}{% end_empty_state %}",
        "{% dialog id='d' title=evil %}{% end_dialog %}",
        "{% error_summary errors=pairs %}",
    ):
        text = show(
            source,
            evil=evil,
            pairs=[("a", evil)],
            cells=[evil],
            table=[[evil, evil]],
            rows=[
                {
                    "what": evil,
                    "cure": evil,
                    "who": evil,
                    "title": evil,
                    "before": evil,
                    "reason": evil,
                    "at": NOW,
                }
            ],
        )
        assert "<script" not in text, source
        assert "&lt;script&gt;" in text, source


def test_errors_are_listed_above_the_form_and_lead_to_their_fields() -> None:
    form = gallery.ArrivalForm({"temperature": "koud"})
    summary = show("{% error_summary form %}", form=form)
    assert 'href="#id_temperature"' in summary
    assert "Enter a number" in summary
    field = show('{% field form.temperature unit="°C" %}', form=form)
    assert 'aria-invalid="true"' in field
    assert 'aria-describedby="id_temperature_hint id_temperature_error"' in field
    assert 'id="id_temperature_error"' in field
    assert 'value="koud"' in field, "what was typed is kept"
    assert show("{% error_summary form %}", form=gallery.ArrivalForm({"temperature": "4.2"})).strip() == ""


def test_a_label_never_hides_in_a_placeholder() -> None:
    class Search(forms.Form):
        lot = forms.CharField(widget=forms.TextInput(attrs={"placeholder": "Lot"}))

    assert "placeholder" not in show("{% field form.lot %}", form=Search())


def test_time_left_is_calm_tight_or_late() -> None:
    for minutes, state in ((90, "calm"), (42, "tight"), (-1, "late")):
        at = datetime.fromtimestamp(NOW.timestamp() + 60 * minutes, UTC)
        assert f'class="due {state}"' in show('{% due at "Europe/Brussels" now %}', at=at, now=NOW)


def test_a_finished_job_is_asked_about_no_more() -> None:
    running = show('{% poll url="/j" id="job" running=True %}x{% end_poll %}')
    assert 'hx-trigger="every 1s"' in running
    assert "hx-" not in show('{% poll url="/j" id="job" running=False %}x{% end_poll %}')


def test_pages_keep_the_filters_of_the_address(render: object, page_request: object) -> None:
    from django.core.paginator import Paginator
    from django.test import RequestFactory

    request = RequestFactory().get("/samples?state=late&page=2")
    text = Template("{% load components %}{% pagination page %}").render(
        Context({"page": Paginator(range(60), 20).page(2), "request": request})
    )
    assert "?state=late&amp;page=3" in text
    assert 'aria-current="page">2<' in text


def test_every_rail_item_has_an_icon_and_a_role_its_name() -> None:
    assert set(navigation.RAILS) == set(navigation.ROLES)
    for items in navigation.RAILS.values():
        for item in items:
            assert icons.icon(item.icon)


def test_the_rail_shows_only_what_is_installed() -> None:
    assert navigation.address("nowhere:at_all", "anabiotec") is None


class Outline(HTMLParser):
    """Collects ids and the order of headings."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.headings: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append(int(tag[1]))


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_gallery_shows_every_component_once_and_in_order(
    render: components.Any, page_request: components.Any, language: str
) -> None:
    with override(language):
        context = gallery.context(page_request)
    text = render("web/gallery.html", context, language)
    outline = Outline()
    outline.feed(text)
    assert len(outline.ids) == len(set(outline.ids)), "ids are unique"
    assert outline.headings.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(outline.headings, outline.headings[1:], strict=False))
    assert ("Voldoet niet" if language == "nl" else "Does not comply") in text
    assert f'lang="{language}"' in text
