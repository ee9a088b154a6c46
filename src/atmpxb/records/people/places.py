"""Countries and clocks of the world, as the pinned time zone data names them."""

import functools
from importlib.resources import files
from zoneinfo import available_timezones


@functools.cache
def countries() -> frozenset[str]:
    """Codes of ISO 3166-1 alpha-2.

    >>> {"BE", "NL"} <= countries(), "XX" in countries()
    (True, False)
    """
    table = files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text(encoding="utf-8")
    return frozenset(line.split("\t")[0] for line in table.splitlines() if not line.startswith("#"))


@functools.cache
def zones() -> frozenset[str]:
    """Names of IANA time zones that stand for a place, and UTC.

    >>> "Europe/Brussels" in zones(), "Etc/GMT+3" in zones()
    (True, False)
    """
    return frozenset(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")) | {"UTC"}
