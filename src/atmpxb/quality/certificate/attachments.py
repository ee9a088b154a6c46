"""The files inside a certificate: what they are called, and how they are read back from a document nobody
vouches for.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from atmpxb.notes import Noted
from atmpxb.quality.assays.seam import Plot
from atmpxb.quality.certificate.record import Certificate, Figure

RECORD, PROOF, SPECIFICATION = "record.json", "proof.json", "specification.toml"
MOST_FILES, MOST_BYTES = 2000, 128 << 20


class AttachmentError(Noted, ValueError):
    """What is attached is not what a certificate carries."""


def method_name(method_sha256: str) -> str:
    """The name under which a method document is attached."""
    return f"methods/{method_sha256}.toml"


def manifest_name(manifest_sha256: str) -> str:
    """The name under which the manifest of a signature is attached."""
    return f"signatures/{manifest_sha256}.json"


def figure_name(figure_sha256: str) -> str:
    """The name under which a picture of the annex is attached."""
    return f"figures/{figure_sha256}.svg"


def expected(certificate: Certificate) -> dict[str, str]:
    """Every file that a certificate carries, and no other: name → its SHA-256, empty where the record names none."""
    return {
        RECORD: "",
        PROOF: "",
        SPECIFICATION: certificate.specification.sha256,
        **{method_name(digest): digest for digest, _ in _methods(certificate)},
        **{manifest_name(signature.manifest_sha256): "" for signature in certificate.signatures},
        **{figure_name(digest): digest for digest, _ in _figures(certificate)},
    }


def _methods(certificate: Certificate) -> list[tuple[str, str]]:
    """Digest and code of the methods of every analysis, and of every test that has none yet."""
    followed = {(analysis.method.sha256, analysis.method.code) for analysis in certificate.analyses}
    return sorted(followed | {(line.method_sha256, line.method) for line in certificate.tests})


def _figures(certificate: Certificate) -> list[tuple[str, str]]:
    """Digest of every picture and the analysis that it belongs to first, each picture once."""
    found: dict[str, str] = {}
    for analysis in certificate.analyses:
        for figure in analysis.figures:
            found.setdefault(figure.sha256, analysis.id)
    return sorted(found.items())


def attachments(
    certificate: Certificate,
    record: bytes,
    proof: bytes,
    methods: Mapping[str, bytes],
    specification: bytes,
    manifests: Mapping[str, bytes],
    plots: Mapping[str, Sequence[Plot]],
) -> list[dict[str, str]]:
    """What is attached, in order: name, MIME type, description, text.

    Raises:
        AttachmentError: a document is missing or is not the one that the record names.
    """
    if sha256(specification).hexdigest() != certificate.specification.sha256:
        raise AttachmentError("attachment.specification", "the specification is not the one that the record names")
    found = [
        _file(RECORD, "application/json", "Machine-readable record of this certificate", record),
        _file(PROOF, "application/json", "Ledger entry, inclusion proof and signed checkpoint", proof),
        _file(
            SPECIFICATION,
            "application/toml",
            f"Specification {certificate.specification.code}",
            specification,
        ),
    ]
    for digest, code in _methods(certificate):
        source = methods.get(digest)
        if source is None or sha256(source).hexdigest() != digest:
            raise AttachmentError(
                "attachment.method",
                "the method document {code} with SHA-256 {digest} is missing or another one",
                code=code,
                digest=digest,
            )
        found.append(_file(method_name(digest), "application/toml", f"Method {code}", source))
    for signature in certificate.signatures:
        digest = signature.manifest_sha256
        if digest not in manifests:
            raise AttachmentError(
                "attachment.manifest",
                "the manifest {digest} that {name} signed is missing",
                digest=digest,
                name=signature.name,
            )
        what = f"What {signature.name} signed at {signature.at}"
        if manifest_name(digest) not in {file["name"] for file in found}:
            found.append(_file(manifest_name(digest), "application/json", what, manifests[digest]))
    return [*found, *_pictures(certificate, plots)]


def _pictures(certificate: Certificate, plots: Mapping[str, Sequence[Plot]]) -> Iterator[dict[str, str]]:
    drawn = {sha256(plot.svg.encode()).hexdigest(): plot.svg for group in plots.values() for plot in group}
    for analysis in certificate.analyses:
        if tuple(map(Figure.of, plots.get(analysis.id, ()))) != analysis.figures:
            raise AttachmentError(
                "attachment.pictures", "the pictures of {run} are not those that the record names", run=analysis.id
            )
    for digest, analysis_id in _figures(certificate):
        yield _file(figure_name(digest), "image/svg+xml", f"Picture of {analysis_id}", drawn[digest].encode())


def _file(name: str, mime: str, description: str, content: bytes) -> dict[str, str]:
    try:
        return {"name": name, "mime": mime, "description": description, "text": content.decode()}
    except UnicodeDecodeError:
        raise AttachmentError("attachment.not_text", "{name} is not UTF-8 text", name=name) from None


def extract(pdf: bytes) -> dict[str, bytes]:
    """The attached files by name, bounded in number and size.

    Raises:
        AttachmentError: can't be read, too many or too large, or two have one name.
    """
    files: dict[str, bytes] = {}
    total = 0
    try:
        for number, attached in enumerate(PdfReader(io.BytesIO(pdf), strict=False).attachment_list):
            if number >= MOST_FILES:
                raise AttachmentError("attachment.too_many", "more than {limit} files are attached", limit=MOST_FILES)
            name, content = attached.name, attached.content
            total += len(content)
            if total > MOST_BYTES:
                raise AttachmentError(
                    "attachment.too_large",
                    "the attached files are larger than {limit} bytes",
                    limit=MOST_BYTES,
                )
            if name in files:
                raise AttachmentError("attachment.same_name", "two attached files are called {name}", name=name)
            files[name] = content
    except AttachmentError:
        raise
    except (
        PyPdfError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        ArithmeticError,
        RecursionError,
    ) as error:
        raise AttachmentError(
            "attachment.unreadable",
            "the attached files can't be read: {kind} {error}",
            kind=type(error).__name__,
            error=error,
        ) from None
    return files
