"""Numbers and times read as the reader writes them, and no digit is ever lost."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st

from atmpxb.web.formats import ABSENT, THIN_SPACE, decimal_text, due_text, moment


@given(
    value=st.decimals(allow_nan=False, allow_infinity=False, places=4),
    language=st.sampled_from(["en", "nl"]),
)
@settings(derandomize=True, deadline=None)
def test_undressing_a_number_gives_back_the_stored_text(value: Decimal, language: str) -> None:
    stored = f"{value:f}"
    written = decimal_text(stored, language)
    bare = written.replace(THIN_SPACE, "").replace("−", "-")
    if language == "nl":
        assert "." not in written
        bare = bare.replace(",", ".")
    assert bare == stored


@pytest.mark.parametrize(
    ("stored", "dutch"),
    [
        ("92.10", "92,10"),
        ("1234567", f"1{THIN_SPACE}234{THIN_SPACE}567"),
        ("0.00012345", "0,00012345"),
        ("-3.5e-07", "−3,5 × 10⁻⁷"),
        ("<0.5", "<0,5"),
        ("Clear, colourless", "Clear, colourless"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_a_dutch_reader_sees_commas_in_numbers_and_only_there(stored: str, dutch: str) -> None:
    assert decimal_text(stored, "nl") == dutch


def test_absent_is_a_dash_and_never_zero() -> None:
    assert decimal_text(None, "nl") == decimal_text("", "en") == ABSENT
    assert decimal_text("0", "nl") == "0"


def test_a_float_is_refused_because_its_digits_are_not_the_records() -> None:
    with pytest.raises(TypeError, match="decimal text"):
        decimal_text(0.1, "en")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("utc", "language", "words"),
    [
        (datetime(2026, 11, 22, 13, 2, tzinfo=UTC), "en", "22 Nov 2026 14:02 CET"),
        (datetime(2026, 3, 4, 13, 2, tzinfo=UTC), "nl", "4 mrt 2026 14:02 CET"),
        # The night the clocks go back: the same wall clock twice, told apart by the zone.
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "nl", "25 okt 2026 02:30 CEST"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "nl", "25 okt 2026 02:30 CET"),
    ],
)
def test_a_moment_shows_the_clock_of_the_site_and_its_zone(utc: datetime, language: str, words: str) -> None:
    assert moment(utc, "Europe/Brussels", language).words == words


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no zone"):
        moment(datetime(2026, 1, 1), "Europe/Brussels", "en")  # noqa: DTZ001


def test_filters_write_machine_readable_times() -> None:
    page = Template('{% load formats %}{{ at|moment:"Europe/Amsterdam" }}|{{ at|day:"Europe/Amsterdam" }}|{{ d|day }}')
    with override("nl"):
        text = page.render(Context({"at": datetime(2026, 5, 31, 22, 30, tzinfo=UTC), "d": date(2026, 5, 31)}))
    assert '<time datetime="2026-06-01T00:30:00+02:00">1 jun 2026 00:30 CEST</time>' in text
    assert '<time datetime="2026-06-01">1 jun 2026</time>' in text
    assert '<time datetime="2026-05-31">31 mei 2026</time>' in text


@pytest.mark.parametrize(
    ("left", "english", "dutch"),
    [
        (timedelta(hours=2, minutes=10), "2 h 10 min left", "nog 2 u 10 min"),
        (timedelta(days=3, hours=4, minutes=59), "3 d 4 h left", "nog 3 d 4 u"),
        (timedelta(minutes=-20), "20 min late", "20 min te laat"),
        (timedelta(0), "0 min late", "0 min te laat"),
    ],
)
def test_time_left_is_told_in_its_two_largest_units(left: timedelta, english: str, dutch: str) -> None:
    now = datetime(2026, 11, 22, 13, 2, tzinfo=UTC)
    with override("en"):
        assert due_text(now + left, now) == english
    with override("nl"):
        assert due_text(now + left, now) == dutch
