"""What people type at the bench. Decimals are text with comma or point; nothing is silently rounded."""

import csv
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from atmpxb.quality.assays import registry
from atmpxb.quality.pages.times import WallClock
from atmpxb.quality.saying import writes_commas
from atmpxb.quality.typed_numbers import TwoReadings, with_point
from atmpxb.records.people.models import Organisation

_WELL = re.compile(r"[A-H](1[0-2]|[1-9])")
_WELL_COLUMNS = ("well", "sample", "type", "quantity")


class DecimalText(forms.CharField):
    """A decimal number typed with comma or point; cleaned to a Decimal with the digits that were typed.

    >>> DecimalText(label="Volume").clean(" 1 250,50 ")
    Decimal('1250.50')
    """

    def __init__(self, *, lowest: Decimal | None = None, highest: Decimal | None = None, **options: Any) -> None:
        self.lowest, self.highest = lowest, highest
        options.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "size": 12}))
        super().__init__(**options)

    def clean(self, value: Any) -> Any:
        """Read the number. Raises ValidationError with what to write instead."""
        text = super().clean(value)
        if not text:
            return None
        try:
            number = Decimal(with_point(text, comma=writes_commas()))
        except TwoReadings as error:
            raise forms.ValidationError(
                _("%(text)s can be read in two ways: write it without a mark between thousands") % {"text": text}
            ) from error
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite():
            raise forms.ValidationError(_("%(text)s is not a number: write it as 4.5 or 4,5") % {"text": text})
        if (self.lowest is not None and number < self.lowest) or (self.highest is not None and number > self.highest):
            raise forms.ValidationError(
                _("%(text)s lies outside %(lowest)s to %(highest)s")
                % {"text": text, "lowest": self.lowest, "highest": self.highest}
            )
        return number


class ReceiveForm(forms.Form):
    """A container at the reception."""

    sample = forms.UUIDField(label=gettext_lazy("Container"))
    label = forms.CharField(label=gettext_lazy("Label"), max_length=60)
    volume_ul = DecimalText(
        label=gettext_lazy("Volume"), lowest=Decimal(0), highest=Decimal("999999999.999"),
        help_text=gettext_lazy("Comma or point."),
    )  # fmt: skip
    temperature_c = DecimalText(
        label=gettext_lazy("Temperature on arrival"), lowest=Decimal("-273.15"), highest=Decimal(200),
        help_text=gettext_lazy("The logger's last reading."),
    )  # fmt: skip
    collected_at = WallClock(
        label=gettext_lazy("Collected"), required=False,
        help_text=gettext_lazy("As the label or the papers say, in the time zone of the batch; else leave it empty."),
    )  # fmt: skip
    condition = forms.CharField(label=gettext_lazy("Condition"), max_length=500, required=False)
    hold_reason = forms.CharField(
        label=gettext_lazy("Put on hold because"), max_length=500, required=False,
        help_text=gettext_lazy("Leave empty when nothing is wrong with it."),
    )  # fmt: skip


class OpenRunForm(forms.Form):
    """A run for some waiting tests."""

    performed_by = forms.UUIDField(
        label=gettext_lazy("Performed by another laboratory"), required=False,
        help_text=gettext_lazy("The partner that does the work. Needed for tests that are taken over from a report."),
    )  # fmt: skip
    performed_by_name = forms.CharField(
        label=gettext_lazy("Laboratory outside the network"), max_length=200, required=False,
        help_text=gettext_lazy("Its name, when it is not in the list."),
    )  # fmt: skip
    performed_by_address = forms.CharField(
        label=gettext_lazy("Its address"), max_length=500, required=False,
        help_text=gettext_lazy("As it stands on the certificate."),
    )  # fmt: skip

    def __init__(self, *args: Any, partners: Iterable[Organisation] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [("", gettext_lazy("Nobody else")), *((one.pk, f"{one.name} · {one.country}") for one in partners)]
        self.fields["performed_by"].widget = forms.Select(choices=choices)


class AssignForm(forms.Form):
    """What a file is."""

    role = forms.CharField(label=gettext_lazy("Role"), max_length=60)
    sample = forms.UUIDField(label=gettext_lazy("Sample"), required=False)
    equipment = forms.UUIDField(label=gettext_lazy("Instrument"), required=False)


class EntryForm(forms.Form):
    """A value on the worksheet; the method says what form it has."""

    code = forms.CharField(max_length=60)
    sample = forms.UUIDField(required=False)
    value = forms.CharField(label=gettext_lazy("Value"), max_length=500)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500, required=False)


class PlateForm(forms.Form):
    """A plate map as text: one well a line, ``well,sample,type,quantity``; semicolons and tabs will do."""

    wells = forms.CharField(
        label=gettext_lazy("Wells"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 8, "class": "mono"}),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500, required=False)

    def clean_wells(self) -> dict[str, dict[str, str]]:
        """Read the lines. Raises ValidationError with the number of each line that can't be read."""
        text = self.cleaned_data["wells"]
        mark = max(",;\t", key=text.count)
        found: dict[str, dict[str, str]] = {}
        problems = []
        for number, row in enumerate(csv.reader(text.splitlines(), delimiter=mark), 1):
            cells = [cell.strip() for cell in row]
            if not any(cells) or (number == 1 and cells[0].casefold() == "well"):
                continue
            name = re.sub(r"^([A-Z])0+", r"\1", cells[0].upper())
            if not _WELL.fullmatch(name):
                problems.append(_("Line %(line)d: %(well)s is no well of a 96-well plate (A1 to H12)")
                                % {"line": number, "well": cells[0] or "–"})  # fmt: skip
            elif len(cells) > len(_WELL_COLUMNS):
                problems.append(
                    _("Line %(line)d has more than four columns: well, sample, type, quantity") % {"line": number}
                )
            elif name in found:
                problems.append(_("Line %(line)d: well %(well)s stands here twice") % {"line": number, "well": name})
            else:
                pairs = zip(_WELL_COLUMNS[1:], cells[1:], strict=False)
                found[name] = {key: cell for key, cell in pairs if cell}
        if problems:
            raise forms.ValidationError(problems)
        return found


class InstrumentForm(forms.Form):
    """An instrument to register."""

    code = forms.CharField(
        label=gettext_lazy("Code"), max_length=60, help_text=gettext_lazy("As on its label, e.g. FC-02.")
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    kind = forms.ChoiceField(label=gettext_lazy("Kind of test"))
    serial = forms.CharField(
        label=gettext_lazy("Serial number"), max_length=120,
        help_text=gettext_lazy("Exactly as the instrument writes it into its files."),
    )  # fmt: skip
    qualified_until = forms.DateField(
        label=gettext_lazy("Qualified until"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        input_formats=["%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y"],
        help_text=gettext_lazy("The last day. Files made later are set apart."),
    )  # fmt: skip

    def __init__(self, *args: Any, language: str = "en", **options: Any) -> None:
        super().__init__(*args, **options)
        kind: Any = self.fields["kind"]
        kind.choices = [
            (one.code, one.title.get(language, one.title["en"]))
            for one in registry.kinds()
            if one.source == "instrument"
        ]


def end_of(day: date | None, zone: str) -> datetime | None:
    """The moment at which a day ends in a zone.

    >>> end_of(date(2026, 11, 22), "Europe/Brussels")
    datetime.datetime(2026, 11, 22, 23, 0, tzinfo=datetime.timezone.utc)
    """
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)
