"""The methods of a laboratory: what is in effect, what waits for a signature, what a version says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from atmpxb.quality.assays.seam import Method
from atmpxb.quality.queries.documents import method_of
from atmpxb.quality.queries.history import Event, events_of
from atmpxb.quality.queries.instruments import kind_titles
from atmpxb.records.documents.actions import approval_content, withdrawal_content
from atmpxb.records.documents.models import DocumentKind, DocumentVersion, VersionState
from atmpxb.records.people.actor import Actor
from atmpxb.records.signatures.actions import digest_of
from atmpxb.records.signatures.models import Signature


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a method in the list."""

    id: UUID
    code: str
    version: str
    title: dict[str, str]
    kind: dict[str, str]
    state: str
    state_words: str
    drafted_by: str
    drafted_at: datetime
    effective_from: datetime | None
    withdrawal_reason: str


@dataclass(frozen=True, slots=True)
class MethodPage:
    """A version of a method, to be read and perhaps approved."""

    row: Version
    method: Method
    source: str
    sha256: str
    parameters: tuple[tuple[str, str], ...]
    others: tuple[Version, ...]
    signatures: tuple[Signature, ...]
    events: tuple[Event, ...]
    draft: bool
    own_draft: bool
    seen: str
    seen_withdrawal: str


def methods(actor: Actor) -> tuple[Version, ...]:
    """Every version on file, by code, newest first."""
    return tuple(_version(row, kind_titles()) for row in _rows(actor).order_by("document__code", "-drafted_at"))


def method_page(actor: Actor, version: UUID) -> MethodPage:
    """One version. Raises DocumentVersion.DoesNotExist for another organisation's."""
    row = _rows(actor).get(pk=version)
    titles = kind_titles()
    method = method_of(row)
    others = _rows(actor).filter(document=row.document_id).exclude(pk=row.pk).order_by("-drafted_at")
    return MethodPage(
        row=_version(row, titles),
        method=method,
        source=row.source,
        sha256=row.sha256,
        parameters=tuple(_flat(method.parameters)),
        others=tuple(_version(other, titles) for other in others),
        signatures=tuple(Signature.objects.filter(organisation_id=actor.organisation_id, subject_id=row.pk)),
        events=events_of(actor, [row.pk]),
        draft=row.state == VersionState.DRAFT,
        own_draft=row.drafted_by_id == actor.person_id,
        seen=digest_of(approval_content(row)),
        seen_withdrawal=digest_of(withdrawal_content(row)),
    )


def _rows(actor: Actor) -> Any:
    return DocumentVersion.objects.filter(
        organisation_id=actor.organisation_id, document__kind=DocumentKind.METHOD
    ).select_related("document", "drafted_by")


def _version(row: DocumentVersion, kinds: Mapping[str, dict[str, str]]) -> Version:
    kind = method_of(row).kind
    return Version(
        id=row.pk,
        code=row.document.code,
        version=row.version,
        title=row.title,
        kind=kinds.get(kind, {"en": kind}),
        state=row.state,
        state_words=str(VersionState(row.state).label),
        drafted_by=row.drafted_by.name,
        drafted_at=row.drafted_at,
        effective_from=row.effective_from,
        withdrawal_reason=row.withdrawal_reason,
    )


def _flat(value: Any, place: str = "") -> list[tuple[str, str]]:
    """Parameters as rows: where they stand in the document, and their value.

    >>> _flat({"gate": {"bounds": ["1", "5"]}, "cq": "computed"})
    [('gate.bounds', '1, 5'), ('cq', 'computed')]
    """
    if isinstance(value, Mapping):
        return [row for key, item in value.items() for row in _flat(item, f"{place}.{key}".lstrip("."))]
    if isinstance(value, list | tuple):
        if not any(isinstance(item, Mapping | list | tuple) for item in value):
            return [(place, ", ".join(str(item) for item in value))]
        return [row for number, item in enumerate(value, 1) for row in _flat(item, f"{place} {number}")]
    return [(place, str(value))]
