"""What the gallery of components shows: illustrative values, no batch of anyone."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from atmpxb.web import icons, navigation
from atmpxb.web.shell import Choice, Shell

_NOW = datetime(2026, 11, 22, 13, 2, tzinfo=UTC)
_ZONE = "Europe/Brussels"

SHELL = Shell(
    organisation="anabiotec",
    organisation_title="Anabiotec",
    role="analyst",
    person="analyst@anabiotec.example",
    zone=_ZONE,
    choices=(
        Choice("Anabiotec · Analyst", "#anabiotec", current=True),
        Choice("KdG · Trainee", "#kdg"),
    ),
    rail=tuple(
        navigation.Entry(item.icon, item.title, f"#{item.icon}", item.icon == "runs")
        for item in navigation.RAILS["analyst"]
    ),
    find_url="/components",
)


class ArrivalForm(forms.Form):
    """Fields of a parcel's arrival, filled in wrongly on purpose."""

    temperature = forms.DecimalField(
        label=gettext_lazy("Temperature on arrival"),
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        help_text=gettext_lazy("Comma or point; the logger's last reading."),
    )
    remark = forms.CharField(label=gettext_lazy("Remark"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    seal = forms.BooleanField(label=gettext_lazy("Seal unbroken"), required=False)


def context(request: HttpRequest) -> dict[str, Any]:
    """Everything that ``web/gallery.html`` shows."""
    form = ArrivalForm({"temperature": "koud", "remark": "Gel packs soft"})
    values = [
        {"title": _("Viability"), "value": "92.10", "unit": "%", "limit": "≥ 70 %", "verdict": "complies"},
        {
            "title": _("CD3+ identity"),
            "value": "68.4",
            "unit": "%",
            "limit": "≥ 80 %",
            "verdict": "does_not_comply",
        },
        {
            "title": _("Vector copy number"),
            "value": None,
            "unit": _("copies per cell"),
            "limit": "≤ 5",
            "verdict": "undetermined",
        },
        {
            "title": _("Viable cells"),
            "value": "1234567.5",
            "unit": "/mL",
            "limit": "≥ 1 000 000 /mL",
            "verdict": "attention",
        },
    ]
    return {
        "now": _NOW,
        "zone": _ZONE,
        "form": form,
        "values": values,
        "verdicts": ("complies", "does_not_comply", "attention", "undetermined", "reported"),
        "dues": [
            _NOW + timedelta(hours=26, minutes=10),
            _NOW + timedelta(minutes=42),
            _NOW - timedelta(minutes=20),
        ],
        "changed": [
            {"title": _("Viability"), "before": "92.10 %", "after": "91.80 %"},
            {"title": "day0.fcs", "before": "", "after": "5c1e90a2f7b1…"},
        ],
        "refusals": [
            {
                "what": _("Channel CD34-PE is not in this file."),
                "cure": _("Nearest: PE-A. Choose it or attach another file."),
                "who": _("Analyst"),
                "url": "#channel",
            },
            {
                "what": _("You ran this test."),
                "cure": _("Another person must sign."),
                "who": _("Reviewer"),
            },
        ],
        "entries": _entries(),
        "steps": [
            {"title": _("Stored"), "state": "done", "note": "4 / 4"},
            {"title": _("Read"), "state": "done", "note": "4 / 4"},
            {"title": _("Analysed"), "state": "current", "note": "2 / 4"},
            {"title": _("Checked"), "state": "waiting", "note": ""},
        ],
        "plot_svg": _PLOT,
        "plot_columns": (_("Population"), _("Events"), "%"),
        "plot_rows": ((_("Singlets"), "18204", "91.02"), (_("Live"), "16766", "92.10")),
        "pages": Paginator(range(230), 20).page(4),
        "chips": [
            {"title": _("Blocked"), "url": "?state=blocked", "active": True, "count": 3},
            {"title": _("Now"), "url": "?state=now", "active": False, "count": 6},
            {"title": _("Later"), "url": "?state=later", "active": False, "count": 12},
        ],
        "documents": [{"title": _("Method"), "code": "FC-010", "version": "1.0", "sha256": "3f9a41c7d0b2" + "e" * 52}],
        "files": [{"name": "tube-01.fcs", "sha256": "9bd1c47ae502" + "7" * 52}],
        "facts": [
            (_("Batch"), "CT-2026-014"),
            (_("Sample"), "S-00412"),
            (_("Material"), _("Leukapheresis, 12 mL")),
            (_("Storage"), None),
        ],
        "icon_names": sorted(icons.ICONS),
    }


def _entries() -> list[dict[str, Any]]:
    return [
        {
            "at": _NOW,
            "title": _("Gate moved"),
            "before": "v3",
            "after": "v4",
            "reason": _("debris above the threshold"),
            "who": "analyst@anabiotec.example",
            "sequence": 18204,
        },
        {
            "at": _NOW - timedelta(hours=3),
            "title": _("Sample received"),
            "who": "analyst@anabiotec.example",
            "sequence": 18190,
        },
    ]


_PLOT = (
    '<svg viewBox="0 0 300 200" role="img" aria-label="CD45 / SSC" font-size="11" fill="#14181F">'
    '<path d="M40 170V12M40 170h248" stroke="#14181F" fill="none"/>'
    '<path d="M60 168c30-2 34-130 60-130s28 122 60 126 40-38 58-38 22 40 46 42z" fill="#0072B2" '
    'fill-opacity="0.25" stroke="#0072B2" stroke-width="1.5"/>'
    '<path d="M84 24h74v144H84z" fill="none" stroke="#D55E00" stroke-width="1.5" stroke-dasharray="5 3"/>'
    '<text x="160" y="192">CD45-APC</text></svg>'
)
