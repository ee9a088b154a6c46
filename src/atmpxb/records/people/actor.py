"""The one kind of actor: a person acting for an organisation, with the roles held there now."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a write is recorded: its place in the organisation's chain."""

    organisation: UUID
    seq: int
    hash: str
    at: datetime
    event: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. ``receipts`` fills as actions are recorded, so that a page can show what was written."""

    person_id: UUID
    name: str
    organisation_id: UUID
    roles: frozenset[str]
    function: str = ""
    receipts: list[Receipt] = field(default_factory=list, compare=False)

    def holds(self, *roles: str) -> bool:
        """Whether the actor holds at least one of the roles."""
        return not self.roles.isdisjoint(roles)
