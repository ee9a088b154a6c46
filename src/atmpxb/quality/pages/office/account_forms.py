"""What an administrator fills in: people, sites, the renewal of keys."""

from collections.abc import Collection
from typing import Any

from babel import Locale
from django import forms
from django.conf import settings
from django.utils.translation import get_language, gettext_lazy

from atmpxb.records.people.actions.founding import LONGEST_NAME
from atmpxb.records.people.models import Role
from atmpxb.records.people.places import countries, zones


class AdmitForm(forms.Form):
    """A person and what the person may do here."""

    email = forms.EmailField(
        label=gettext_lazy("Email address"), help_text=gettext_lazy("The person signs in with it."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=200, help_text=gettext_lazy("As it is printed beside a signature."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    function = forms.CharField(
        label=gettext_lazy("Function"), max_length=120,
        help_text=gettext_lazy("As it is printed beside a signature, such as Head of quality control."),
    )  # fmt: skip
    roles = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Roles"), choices=Role.choices, coerce=Role, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("An administrator holds no role that touches GMP records."),
    )  # fmt: skip
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), required=False,
        choices=[("", gettext_lazy("As the browser asks")), ("en", "English"), ("nl", "Nederlands")],
    )  # fmt: skip
    identity_verified = forms.BooleanField(
        label=gettext_lazy("I have seen who this is; without that the person can't sign"), required=False
    )

    def clean_email(self) -> str:
        """Addresses are kept in small letters."""
        return str(self.cleaned_data["email"]).lower()


class GrantForm(forms.Form):
    """One role more."""

    role = forms.TypedChoiceField(label=gettext_lazy("Role"), choices=Role.choices, coerce=Role)
    function = forms.CharField(
        label=gettext_lazy("Function"), max_length=120,
        help_text=gettext_lazy("As it is printed beside a signature, such as Head of quality control."),
    )  # fmt: skip

    def __init__(self, *args: Any, without: Collection[Role] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["role"].choices = [(role.value, role.label) for role in Role if role not in without]  # type: ignore[attr-defined]


class SiteForm(forms.Form):
    """A place where the organisation works."""

    code = forms.SlugField(
        label=gettext_lazy("Code"), max_length=40,
        help_text=gettext_lazy("Small letters and digits, with hyphens between."),
    )  # fmt: skip
    name = forms.CharField(label=gettext_lazy("Name"), max_length=LONGEST_NAME)
    address = forms.CharField(label=gettext_lazy("Address"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
    country = forms.ChoiceField(label=gettext_lazy("Country"))
    zone = forms.ChoiceField(label=gettext_lazy("Time zone"))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        names = Locale.parse(get_language() or settings.LANGUAGE_CODE, sep="-").territories
        known = sorted(((code, names.get(code, code)) for code in countries()), key=lambda one: one[1])
        self.fields["country"].choices = known  # type: ignore[attr-defined]
        self.fields["zone"].choices = [(zone, zone) for zone in sorted(zones())]  # type: ignore[attr-defined]

    def clean_code(self) -> str:
        """Codes are written small."""
        return str(self.cleaned_data["code"]).lower()


class RotateForm(forms.Form):
    """Why keys are renewed, which ones end, and who says so."""

    reason = forms.CharField(label=gettext_lazy("Reason"), min_length=3, max_length=1000)
    seen = forms.CharField(label=gettext_lazy("What you saw"), max_length=80)
    password = forms.CharField(label=gettext_lazy("Password"), strip=False, max_length=500)
    code = forms.CharField(label=gettext_lazy("Code"), required=False, max_length=20)


def country_name(code: str) -> str:
    """The name of a country in the language of the page; its code where there is none."""
    names = Locale.parse(get_language() or settings.LANGUAGE_CODE, sep="-").territories
    return str(names.get(code, code))
