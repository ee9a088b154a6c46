"""Labels for containers, as a page that a browser prints: on sheets of A4, or on a roll of single labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import batched
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from atmpxb.quality.models import Request as TestRequest
from atmpxb.quality.models import words
from atmpxb.quality.pages.access import EVERYONE, LABORATORY, RECEPTION, role_page
from atmpxb.quality.pages.entrance import Request, looked_at
from atmpxb.quality.queries import labels as read
from atmpxb.quality.queries.labels import Label
from atmpxb.records.people.actor import Actor

MOST_COPIES = 20
#: Of one page: ten sheets of the largest labels.
MOST = 240


@dataclass(frozen=True, slots=True)
class Stock:
    """Labels as they are sold. The measures of the sheet itself stand in ``static/quality/labels-CODE.css``.

    Its codes measure ``code_mm``, quiet zone included; the finest that a label can need, 60 letters of each sort, has
    36 modules, which stay above 0.25 mm.
    """

    code: str
    columns: int
    rows: int
    code_mm: float

    @property
    def places(self) -> int:
        return self.columns * self.rows

    @property
    def style(self) -> str:
        """The style sheet with its measures: a file each, since a page has one size of paper."""
        return f"quality/labels-{self.code}.css"


STOCKS = {
    one.code: one for one in (Stock("a4-70x37", 3, 8, 18), Stock("a4-48x25", 4, 10, 12), Stock("50x25", 1, 1, 12))
}


class LabelForm(forms.Form):
    """What is printed, on which stock."""

    stock = forms.ChoiceField(
        label=gettext_lazy("Label stock"),
        choices=[
            ("a4-70x37", gettext_lazy("A4 sheet, 24 labels of 70 × 37 mm")),
            ("a4-48x25", gettext_lazy("A4 sheet, 40 labels of 48.5 × 25.4 mm")),
            ("50x25", gettext_lazy("Roll, single cryo labels of 50 × 25 mm")),
        ],
    )
    copies = forms.IntegerField(label=gettext_lazy("Copies of each"), min_value=1, max_value=MOST_COPIES)
    first = forms.IntegerField(
        label=gettext_lazy("Begin at label"), min_value=1,
        help_text=gettext_lazy("On a sheet of which some are used: counted from the left, row by row."),
    )  # fmt: skip
    label = forms.MultipleChoiceField(
        label=gettext_lazy("Containers"), widget=forms.CheckboxSelectMultiple, required=True,
        error_messages={"required": gettext_lazy("Choose at least one container.")},
    )  # fmt: skip

    def __init__(self, data: object, found: Sequence[Label]) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        containers: forms.MultipleChoiceField = self.fields["label"]  # type: ignore[assignment]
        containers.choices = [(one.key, f"{one.text} · {words(one.material, get_language() or 'en')}") for one in found]

    def clean(self) -> dict[str, object]:
        """The place to begin at lies on the sheet, and a page holds no more than a printer takes at once."""
        given: dict[str, object] = super().clean() or {}
        stock, first = STOCKS.get(str(given.get("stock"))), given.get("first")
        if stock and isinstance(first, int) and first > stock.places:
            self.add_error("first", _("A sheet of this stock ends at label %(places)d") % {"places": stock.places})
        chosen, copies = given.get("label"), given.get("copies")
        if isinstance(chosen, list) and isinstance(copies, int) and len(chosen) * copies > MOST:
            self.add_error("copies", _("Print at most %(most)d labels at once") % {"most": MOST})
        return given


@role_page(*LABORATORY, *RECEPTION)
def labels(request: Request, actor: Actor) -> HttpResponse:
    """Labels of what is expected or has just arrived, or of the samples that the address names."""
    wanted = [UUID(one) for one in request.GET.getlist("sample") if _is_id(one)]
    found = read.of_samples(actor, wanted) if wanted else read.of_arrivals(actor, timezone.now())
    return _page(request, found, wanted=[str(one) for one in wanted])


@role_page(*EVERYONE, *RECEPTION)
def request_labels(request: Request, actor: Actor, request_id: UUID) -> HttpResponse:
    """Labels of the containers that a request asks for: for the laboratory, and for the client that sends them."""
    looked_at(request, get_object_or_404(TestRequest, pk=request_id))
    return _page(request, read.of_request(actor, request_id))


def _page(request: Request, found: Sequence[Label], wanted: Sequence[str] = ()) -> HttpResponse:
    data = request.GET.copy()
    data.setdefault("stock", next(iter(STOCKS)))
    data.setdefault("copies", "1")
    data.setdefault("first", "1")
    if "label" not in data and "chosen" not in data:
        data.setlist("label", [one.key for one in found[: STOCKS["a4-70x37"].places]])
    form = LabelForm(data, found)
    context: dict[str, object] = {"found": found, "form": form, "wanted": wanted}
    if found and form.is_valid():
        given, stock = form.cleaned_data, STOCKS[form.cleaned_data["stock"]]
        chosen = [one for one in found if one.key in given["label"] for _copy in range(given["copies"])]
        places = [None] * (given["first"] - 1) + chosen
        context |= {"stock": stock, "sheets": list(batched(places, stock.places)), "count": len(chosen)}
        context["module"] = f"{min(one.symbol.module_mm(stock.code_mm) for one in chosen):.2f}"
    return render(request, "quality/bench/labels.html", context)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
