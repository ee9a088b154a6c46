"""Forms of more than one page: a reason, a signature, a document from disk."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

LARGEST_DOCUMENT = 512 * 1024  # bytes


class ReasonForm(forms.Form):
    """Why something is done."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}), min_length=3
    )


class ProvenForm(ReasonForm):
    """Why something is done, and who one is, once more."""

    password = forms.CharField(label=gettext_lazy("Password"), strip=False, max_length=500)
    code = forms.CharField(label=gettext_lazy("Code"), required=False, max_length=20)


class SignForm(forms.Form):
    """Who one is, once more, the code where one is set up, and what was seen."""

    password = forms.CharField(label=gettext_lazy("Password"), strip=False, max_length=500)
    code = forms.CharField(label=gettext_lazy("Code"), required=False, max_length=20)
    seen = forms.RegexField(r"\A[0-9a-f]{64}\Z", label=gettext_lazy("What you saw"))


class DocumentForm(forms.Form):
    """A document (a method, a specification) chosen from disk; read whole before anything is recorded."""

    document = forms.FileField(
        label=gettext_lazy("Document"), max_length=255,
        help_text=gettext_lazy("A TOML file; its bytes are kept as they are."),
        widget=forms.FileInput(attrs={"accept": ".toml,application/toml"}),
    )  # fmt: skip

    def clean_document(self) -> bytes:
        """The bytes, when they are text of a reasonable size."""
        chosen = self.cleaned_data["document"]
        if chosen.size > LARGEST_DOCUMENT:
            raise forms.ValidationError(_("No document of this kind is larger than 512 KiB: choose another file"))
        content: bytes = chosen.read()
        try:
            content.decode()
        except UnicodeDecodeError as error:
            raise forms.ValidationError(_("The document is not UTF-8 text")) from error
        return content
