"""The time of a measurement as instruments write it, and the texts that must not be taken for one."""

from datetime import UTC, datetime

import pytest

from atmpxb.science.instruments.acquisition import stated_time


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T09:15:00", "2026-11-20T09:15:00"),
        ("2026-11-20 09:15", "2026-11-20T09:15:00"),
        ("2026-11-20T09:15:00.250Z", "2026-11-20T09:15:00+00:00"),
        ("2026-11-20T09:15:00+01:00", "2026-11-20T09:15:00+01:00"),
        ("20-NOV-2026 09:15:00", "2026-11-20T09:15:00"),
        ("20-Nov-2026 09:15:00:59", "2026-11-20T09:15:00"),
        ("20-NOV-2026 09:15:00.25", "2026-11-20T09:15:00"),
        ("3/21/2026 10:15", "2026-03-21T10:15:00"),
        ("21/3/2026 10:15", "2026-03-21T10:15:00"),
        ("4/4/2026 12:05 AM", "2026-04-04T00:05:00"),
        ("20260321 163016 UTC+2", "2026-03-21T16:30:16+02:00"),
        ("20260321 163016 UTC-5", "2026-03-21T16:30:16-05:00"),
    ],
)
def test_a_time_that_can_be_read_in_one_way_is_read(text: str, expected: str) -> None:
    found = stated_time(text)
    assert found is not None
    assert found.at == datetime.fromisoformat(expected)
    assert found.zoneless is (datetime.fromisoformat(expected).tzinfo is None)


@pytest.mark.parametrize(
    "text",
    ["", "20-NOV-2026", "3/4/2026 10:15", "20-FOO-2026 09:15:00", "2026-02-30 10:00", "09:15:00",
     "2026-11-20T25:00:00", "2026-11-20T09:15:00 somewhere", "2026-11-20T09:15+99:00", "13/13/2026 10:00"],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_or_in_none_is_no_time(text: str) -> None:
    assert stated_time(text) is None


def test_a_time_to_the_minute_says_so() -> None:
    minute, second = stated_time("2026-11-20 09:15"), stated_time("2026-11-20T09:15:07Z")
    assert minute is not None
    assert second is not None
    assert (minute.precision.seconds, second.precision.seconds) == (60, 1)
    assert second.at.astimezone(UTC).second == 7
