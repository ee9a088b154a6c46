"""The pages again: drawn from the attached record, they must be the sealed file's pages, byte for byte.

Drawing is deterministic, and a seal is appended to the drawn document without touching it. So a sealed file begins with
the very bytes that its record draws, and what follows may hold the seal's invisible field and nothing that is seen.
"""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from pyhanko.pdf_utils.reader import PdfFileReader
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from atmpxb.notes import Fact, Note, note
from atmpxb.quality.assays.seam import Plot
from atmpxb.quality.certificate import attachments
from atmpxb.quality.certificate.record import Certificate, RecordError
from atmpxb.quality.certificate.render import RenderError, Voices, render
from atmpxb.quality.proof.line import Line
from atmpxb.records.signatures.printed import Unreadable, page_texts

#: What a seal adds to or replaces in the document's catalogue; nothing of it is shown.
_SEALS = {"/AcroForm", "/Perms"}


def judge(pdf: bytes, certificate: Certificate, files: Mapping[str, bytes], voices: Voices) -> Line:
    """Whether the pages are what the record prints, and whose page is not."""
    try:
        made = _again(certificate, files, voices)
        sealed, drawn = page_texts(pdf), page_texts(made)
        problem = _other_words(sealed, drawn)
        if not problem and not pdf.startswith(made):
            problem = note(
                "printed.drawn",
                "every word is the record's, but something is drawn otherwise than this program draws it ({here};"
                " the file says {there}): check it with the release that made it",
                here=_by(made),
                there=_by(pdf),
            )
        if not problem:
            problem = next(_shown_beside(pdf, made), None)
    except (attachments.AttachmentError, RecordError, RenderError, Unreadable) as error:
        said = note("printed.unreadable", "the pages can't be drawn again from the record: {error}", error=error.note)
        return Line("printed text", False, said)
    same = note("printed.same", "{count} page(s), byte for byte what the record prints", count=len(drawn))
    return Line("printed text", not problem, problem or same)


def _again(certificate: Certificate, files: Mapping[str, bytes], voices: Voices) -> bytes:
    """The document without its seal, from what is attached to it."""
    return render(
        certificate,
        proof=files.get(attachments.PROOF, b""),
        methods=_by_digest(files, "methods/", ".toml"),
        specification=files.get(attachments.SPECIFICATION, b""),
        manifests=_by_digest(files, "signatures/", ".json"),
        plots=plots(certificate, files),
        voices=voices,
    )


def _by_digest(files: Mapping[str, bytes], folder: str, ending: str) -> dict[str, bytes]:
    return {
        name.removeprefix(folder).removesuffix(ending): content
        for name, content in files.items()
        if name.startswith(folder) and name.endswith(ending)
    }


def plots(certificate: Certificate, files: Mapping[str, bytes]) -> dict[str, tuple[Plot, ...]]:
    """The pictures of every analysis as they are attached.

    Raises:
        AttachmentError: one is missing or is no text.
    """
    found: dict[str, tuple[Plot, ...]] = {}
    for analysis in certificate.analyses:
        pictures = []
        for figure in analysis.figures:
            name = attachments.figure_name(figure.sha256)
            try:
                pictures.append(figure.plot(files[name].decode()))
            except KeyError:
                raise attachments.AttachmentError("attachment.absent", "{name} is not attached", name=name) from None
            except UnicodeDecodeError:
                raise attachments.AttachmentError(
                    "attachment.not_text", "{name} is not UTF-8 text", name=name
                ) from None
        found[analysis.id] = tuple(pictures)
    return found


def _other_words(sealed: Sequence[str], drawn: Sequence[str]) -> Note | None:
    """The first page that says something else, and where it begins to."""
    for number, said in enumerate(sealed, 1):
        due = drawn[number - 1] if number <= len(drawn) else ""
        if said != due:
            first = next((n for n, pair in enumerate(zip(said, due, strict=False)) if pair[0] != pair[1]), None)
            place = max(0, (min(len(said), len(due)) if first is None else first) - 8)
            here, there = said[place : place + 40], due[place : place + 40]
            what = note("printed.no_page", "is none that the record prints")
            if due:
                what = note(
                    "printed.says", "says {here} where the record prints {there}", here=repr(here), there=repr(there)
                )
            return note(
                "printed.page_differs",
                "page {number} of {count} (the record prints {due}) {what}",
                number=number,
                count=len(sealed),
                due=len(drawn),
                what=what,
            )
    if len(sealed) == len(drawn):
        return None
    return note(
        "printed.fewer",
        "{count} page(s) of the {due} that the record prints",
        count=len(sealed),
        due=len(drawn),
    )


def _by(pdf: bytes) -> Fact:
    named = _about(PdfReader(io.BytesIO(pdf))).get("/Creator")
    return note("printed.unnamed", "an unnamed program") if named is None else str(named)


def _about(reader: PdfReader) -> Mapping[str, Any]:
    return dict(reader.metadata or {})


def _shown_beside(pdf: bytes, made: bytes) -> Iterator[Note]:
    """What the bytes behind the drawn document change of what a reader sees: nothing, if it is a seal alone."""
    sealed, drawn = PdfReader(io.BytesIO(pdf)), PdfReader(io.BytesIO(made))
    history, before = PdfFileReader(io.BytesIO(pdf)).xrefs, PdfFileReader(io.BytesIO(made)).xrefs
    if history.total_revisions != before.total_revisions + 1:
        yield note("printed.added", "more than a seal was added to the pages")
    trailer: Any = drawn.trailer
    replaceable = set(_numbers([trailer.raw_get("/Root"), drawn.pages[0].indirect_reference]))
    for reference in history.explicit_refs_in_revision(history.total_revisions - 1):
        if reference.idnum < int(trailer["/Size"]) and reference.idnum not in replaceable:
            yield note(
                "printed.replaced",
                "object {number} of the pages was replaced when it was sealed",
                number=reference.idnum,
            )
    if _direct(sealed.root_object, _SEALS) != _direct(drawn.root_object, _SEALS):
        yield note("printed.catalogue", "the document's catalogue was changed when it was sealed")
    if any(
        _direct(page, {"/Annots"}) != _direct(due, {"/Annots"})
        for page, due in zip(sealed.pages, drawn.pages, strict=True)
    ):
        yield note("printed.page", "a page was changed when it was sealed")
    yield from _field(sealed, drawn)
    if _direct(sealed.trailer.raw_get("/Info")) != _direct(trailer.raw_get("/Info")):
        yield note("printed.title", "title, author or subject of the document were changed when it was sealed")


def _numbers(values: Iterable[Any]) -> Iterator[int]:
    return (value.idnum for value in values if isinstance(value, IndirectObject))


def _field(sealed: PdfReader, drawn: PdfReader) -> Iterator[Note]:
    """A seal is one field without an area; an annotation with one could cover the page."""
    added = [one for page in sealed.pages for one in page.get("/Annots", ())]
    if any(page.get("/Annots") for page in drawn.pages) or len(added) != 1:
        yield note("printed.beside", "something else than the seal lies on the pages")
        return
    area = [float(edge) for edge in added[0].get_object()["/Rect"]]
    if area[0] != area[2] or area[1] != area[3]:
        yield note("printed.covers", "the seal's field covers a part of a page")
    form = sealed.root_object["/AcroForm"].get_object()
    if not isinstance(form, DictionaryObject) or len(form.get("/Fields", ())) != 1 or "/XFA" in form:
        yield note("printed.fields", "the document has other fields than the seal")


def _direct(value: Any, without: Set[str] = frozenset()) -> Any:
    """An object as it is written, with references as references: equal for two readers of the same bytes."""
    if isinstance(value, IndirectObject):
        return ("reference", value.idnum, value.generation)
    if isinstance(value, DictionaryObject):
        return {key: _direct(value.raw_get(key)) for key in value if key not in without}
    if isinstance(value, ArrayObject):
        return [_direct(one) for one in list.__iter__(value)]
    return value
