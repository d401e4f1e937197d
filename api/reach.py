"""Who asks, and which areas that reaches: every query that names what stands in areas is cut to them.

The reach of a request travels in a context variable from where the caller is identified (api.security) to
where SQL is run (api.queries.fetch). Who runs such a query without having said for whom gets an error.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from api.rights import RIGHTS, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from api.known import Known, Unit
    from api.rights import Right

#: ids of areas; None: all, and what stands in none
Reach = frozenset[int] | None
EVERYTHING: Final[Reach] = None

_reach: ContextVar[Reach] = ContextVar("halong.reach")


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who sent a request.

    kind: how that is known. id: unique among callers of a kind: a key's prefix, the subject of a person's
    token. further: roles beside the one, which tokens alone give. areas: codes that it is confined to; None:
    the whole city. rate: requests a minute; None: as many as any key or person.
    """

    kind: Literal["anyone", "key", "person"]
    id: str
    name: str
    role: Role
    further: tuple[Role, ...] = ()
    areas: tuple[str, ...] | None = None
    expires: datetime | None = None
    rate: int | None = None
    #: counts up when role or areas change
    version: int = 1

    @property
    def who(self) -> str:
        """What the caller is called in errors, and owns things as."""
        return f"{self.kind} {self.id}".rstrip()

    @property
    def actor(self) -> str:
        """What the log of changes calls the caller: `key 1a2b3c4d (duty desk)`."""
        return self.who if self.name == self.who else f"{self.who} ({self.name})"

    @property
    def told_roles(self) -> str:
        """What it is to the city, in words."""
        roles = " and ".join((self.role, *self.further))
        return f"{'roles' if self.further else 'role'} {roles}"

    def may(self, right: Right) -> bool:
        """Tell whether one of its roles has a right."""
        return any(right in RIGHTS[role] for role in (self.role, *self.further))


ANYONE: Final = Caller(kind="anyone", id="", name="anyone", role=Role.PUBLIC)


def enter(reach: Reach) -> None:
    """Cut whatever this task reads from here on."""
    _reach.set(reach)


@contextmanager
def within(reach: Reach) -> Iterator[None]:
    """Cut what is read in the block."""
    token = _reach.set(reach)
    try:
        yield
    finally:
        _reach.reset(token)


def present() -> Reach:
    """Return what may be read here.

    Raises:
        LookupError: nobody has said for whom this is read.
    """
    return _reach.get()


def units(known: Known, codes: Iterable[str]) -> frozenset[int]:
    """Return the ids of the areas that some codes reach, of every generation of each code.

    These are the units themselves and everything below them; units that most of whose land came from one of
    these; and units of before that went into these alone.
    """
    found: set[int] = set()
    begun = {unit for code in codes for unit in known.by_code.get(code, ())}
    while begun:
        found |= {unit.id for unit in known.below(begun)}
        begun = {
            unit for unit in known.units.values() if unit.id not in found and _follows(known, unit, found)
        }
    return frozenset(found)


def _follows(known: Known, unit: Unit, found: set[int]) -> bool:
    came_from = {each.unit.id for each in known.predecessors(unit) if each.is_main}
    went_into = {each.unit.id for each in known.successors(unit)}
    return bool(came_from and came_from <= found) or bool(went_into and went_into <= found)
