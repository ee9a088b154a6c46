"""What people fill in at the office. Times are wall-clock times in a zone that is said; none is guessed."""

from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from atmpxb.quality.models import Batch, Cause, Certificate, Product, Run, words
from atmpxb.quality.pages.forms import ReasonForm
from atmpxb.quality.pages.times import WallClock, moment
from atmpxb.records.documents.models import DocumentVersion
from atmpxb.records.people.models import Organisation
from atmpxb.science.personal import Holds, looks_personal


def _zones() -> list[str]:
    return ["UTC", *sorted(zone for zone in available_timezones() if zone.startswith("Europe/"))]


class InvalidationForm(forms.Form):
    """To what an invalid run is assigned, and what happened."""

    cause = forms.ChoiceField(label=gettext_lazy("Assignable cause"), choices=[("", "–"), *Cause.choices])
    reason = forms.CharField(
        label=gettext_lazy("What happened"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}), min_length=3,
        help_text=gettext_lazy("Stands on the certificate, beside the result that is invalidated."),
    )  # fmt: skip


class ReopenForm(ReasonForm):
    """Which reviewed run goes back to the bench, and why."""

    run = forms.ChoiceField(label=gettext_lazy("Run"))
    field_order = ("run", "reason")

    def __init__(self, *args: Any, runs: Sequence[Run], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["run"].choices = [(str(run.pk), str(run)) for run in runs]  # type: ignore[attr-defined]


class DispositionForm(forms.Form):
    """What an exception means for the results."""

    exception = forms.CharField(max_length=120)
    text = forms.CharField(label=gettext_lazy("What it means for the results"), max_length=2000, min_length=3)


class ProductForm(forms.Form):
    """A product."""

    code = forms.CharField(label=gettext_lazy("Code"), max_length=60)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    dosage_form = forms.CharField(label=gettext_lazy("Dosage form"), max_length=200)
    origin = forms.ChoiceField(label=gettext_lazy("Origin of the cells"), choices=Product.Origin.choices)
    manufacturer = forms.CharField(label=gettext_lazy("Manufacturer"), max_length=200)


class BatchForm(forms.Form):
    """A batch. Its patient is known by a pseudonym only."""

    product = forms.UUIDField(label=gettext_lazy("Product"))
    number = forms.CharField(label=gettext_lazy("Batch number"), max_length=60)
    pseudonym = forms.CharField(
        label=gettext_lazy("Pseudonym of the patient"), max_length=60, required=False,
        help_text=gettext_lazy("Autologous batches only. Never a name, initials or a birth date."),
    )  # fmt: skip
    manufactured_at = WallClock(label=gettext_lazy("Manufactured"))
    expires_at = WallClock(label=gettext_lazy("Expires"))
    zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"), help_text=gettext_lazy("Of both times, as on the site's clock.")
    )

    def __init__(self, *args: Any, products: Iterable[Product] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        zones = self.fields["zone"]
        assert isinstance(zones, forms.ChoiceField)
        zones.choices = [(zone, zone) for zone in _zones()]
        self.fields["product"].widget = forms.Select(choices=[(one.pk, str(one)) for one in products])

    def clean(self) -> dict[str, Any]:
        """Put the zone on both times; a pseudonym is a code."""
        cleaned = super().clean() or {}
        if looks_personal(cleaned.get("pseudonym", ""), Holds.PERSON):
            self.add_error("pseudonym", _("This looks like a name, a birth date or a national number: give a code"))
        for name in ("manufactured_at", "expires_at"):
            if cleaned.get(name) and cleaned.get("zone"):
                try:
                    cleaned[name] = moment(cleaned[name], cleaned["zone"])
                except forms.ValidationError as error:
                    self.add_error(name, error)
        return cleaned


class RequestForm(forms.Form):
    """A request for testing."""

    batch = forms.UUIDField(label=gettext_lazy("Batch"))
    laboratory = forms.UUIDField(label=gettext_lazy("Laboratory"))
    specification = forms.UUIDField(label=gettext_lazy("Specification"))
    needed_by = WallClock(
        label=gettext_lazy("Results needed by"), help_text=gettext_lazy("In the time zone of the batch.")
    )
    note = forms.CharField(
        label=gettext_lazy("Note to the laboratory"), required=False, max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Transport, handling. Nothing that identifies the patient."),
    )  # fmt: skip

    def __init__(
        self,
        *args: Any,
        batches: Iterable[Batch] = (),
        laboratories: Iterable[Organisation] = (),
        specifications: Iterable[tuple[str, DocumentVersion]] = (),
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        language = get_language() or "en"
        self.fields["batch"].widget = forms.Select(
            choices=[(one.pk, f"{one.number} · {one.product.name}") for one in batches]
        )
        self.fields["laboratory"].widget = forms.Select(
            choices=[(one.pk, f"{one.name} · {one.country}") for one in laboratories]
        )
        chosen = str(self.data.get("batch") or self.initial.get("batch") or "")
        batch = next((one for one in batches if str(one.pk) == chosen), None)
        self.fields["specification"].widget = forms.Select(
            choices=[
                (one.pk, f"{product} · {one} · {words(one.title, language)}")
                for product, one in specifications
                if batch is None or batch.product.code == product
            ]
        )


class ReleaseForm(forms.Form):
    """What kind of certificate is prepared, in which language, and why once more."""

    kind = forms.ChoiceField(label=gettext_lazy("Document"), choices=Certificate.Kind.choices)
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=[("en", "English"), ("nl", "Nederlands")])
    reason = forms.CharField(
        label=gettext_lazy("Reason for a new version"), required=False, max_length=500,
        help_text=gettext_lazy("Stands on the certificate. Needed when one was issued before."),
    )  # fmt: skip


class LedgerForm(forms.Form):
    """Filters over the chain."""

    event = forms.CharField(
        label=gettext_lazy("Event"), required=False, max_length=80,
        widget=forms.TextInput(attrs={"list": "events", "autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    person = forms.UUIDField(label=gettext_lazy("Person"), required=False)
    subject = forms.UUIDField(label=gettext_lazy("Record"), required=False)
    since = forms.DateField(
        label=gettext_lazy("From (UTC)"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        label=gettext_lazy("Until (UTC)"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, people: Iterable[tuple[Any, str]] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["person"].widget = forms.Select(choices=[("", _("Anybody")), *people])
