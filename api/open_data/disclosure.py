"""Small cells: which counts of people may not be published, by themselves or for what they give away.

The rule is that of minimum frequency with secondary suppression, as statistical offices use it for tables
of counts (Eurostat's Handbook on Statistical Disclosure Control, on tabular data; general knowledge, to be
checked against it). The threshold of 10 is halong's choice, and a setting. Pure.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence

CellKey = TypeVar("CellKey", bound="Hashable")

#: The square of a projection's length is 1 up to this where a value follows from what is published.
_EXACT = 1e-6


@dataclass(frozen=True)
class Relation(Generic[CellKey]):
    """A count that is the sum of others: a province of its districts, a day of its hours."""

    total: CellKey
    parts: tuple[CellKey, ...]


def suppressed(
    counts: Mapping[CellKey, float],
    relations: Iterable[Relation[CellKey]],
    threshold: float,
    held: Iterable[CellKey] = (),
) -> frozenset[CellKey]:
    """Return the cells that may not be published.

    Those below the threshold, and as many others, the smallest first, as it takes so that

    - no sum with a published total hides fewer than two parts, or parts of fewer people than the threshold;
    - no total below the threshold can be added up;
    - no cell below the threshold follows from all that is published, as the solution of the equations.

    Bounds that can be put on a suppressed cell are not looked at.

    Args:
        counts: people by cell; cells without a value are left out.
        relations: which counts add up to which; cells that `counts` does not have add nothing.
        threshold: the smallest count that may be published.
        held: cells that an earlier publication of the same table did not show. They stay hidden: whoever has
            both would take from one what the other hides.
    """
    table = _Table(counts, relations, threshold)
    small = frozenset(cell for cell, people in counts.items() if people < threshold)
    for cell in small.union(each for each in held if each in counts):
        table.hide(cell)
    table.settle()
    exposed = determined(table.hidden, table.relations)
    while table.cover(small & exposed):
        table.settle()
        exposed = determined(table.hidden, table.relations)
    return frozenset(table.hidden)


class _Table(Generic[CellKey]):
    """Counts with what is hidden of them; hiding one has its sums looked at again."""

    def __init__(
        self, counts: Mapping[CellKey, float], relations: Iterable[Relation[CellKey]], threshold: float
    ) -> None:
        self._counts, self._threshold = counts, threshold
        self.hidden: set[CellKey] = set()
        self.relations = [known for each in relations if (known := _known(each, counts)) is not None]
        self._of: dict[CellKey, list[Relation[CellKey]]] = defaultdict(list)
        for each in self.relations:
            for cell in (each.total, *each.parts):
                self._of[cell].append(each)
        self._waiting: deque[Relation[CellKey]] = deque()

    def hide(self, cell: CellKey) -> None:
        self.hidden.add(cell)
        self._waiting.extend(self._of[cell])

    def settle(self) -> None:
        """Hide more until no sum gives a hidden part or total away."""
        while self._waiting:
            each = self._waiting.popleft()
            while (further := self._further(each)) is not None:
                self.hide(further)

    def cover(self, exposed: Collection[CellKey]) -> bool:
        """Hide one more cell beside each that follows from several sums; False where all are hidden."""
        before = len(self.hidden)
        for cell in sorted(exposed, key=str):
            if beside := self._beside(self._of[cell]) or self._beside(self._touched()):
                self.hide(self._smallest(beside))
        return len(self.hidden) > before

    def _beside(self, relations: Iterable[Relation[CellKey]]) -> set[CellKey]:
        return {cell for each in relations for cell in (each.total, *each.parts)} - self.hidden

    def _touched(self) -> list[Relation[CellKey]]:
        return [r for r in self.relations if not self.hidden.isdisjoint((r.total, *r.parts))]

    def _further(self, each: Relation[CellKey]) -> CellKey | None:
        """Return the cell to hide next for one sum; None where it gives nothing away."""
        hidden = [cell for cell in each.parts if cell in self.hidden]
        visible = [cell for cell in each.parts if cell not in self.hidden]
        if each.total in self.hidden:
            return None if hidden else self._smallest(visible)
        enough = len(hidden) >= 2 and sum(self._counts[cell] for cell in hidden) >= self._threshold
        if not hidden or enough:
            return None
        return self._smallest(visible) if visible else each.total

    def _smallest(self, cells: Iterable[CellKey]) -> CellKey:
        return min(cells, key=lambda cell: (self._counts[cell], str(cell)))


def _known(each: Relation[CellKey], counts: Mapping[CellKey, float]) -> Relation[CellKey] | None:
    parts = tuple(cell for cell in each.parts if cell in counts)
    return Relation(each.total, parts) if parts and each.total in counts else None


def determined(hidden: Collection[CellKey], relations: Sequence[Relation[CellKey]]) -> frozenset[CellKey]:
    """Return the hidden cells whose value follows exactly from the published ones and the sums.

    A cell is determined where its unit vector lies in the row space of the equations of the hidden cells.
    """
    found: set[CellKey] = set()
    for rows in _connected([_coefficients(each, hidden) for each in relations]):
        found |= _solved(rows)
    return frozenset(found)


def _coefficients(each: Relation[CellKey], hidden: Collection[CellKey]) -> dict[CellKey, float]:
    row = {cell: 1.0 for cell in each.parts if cell in hidden}
    return row | ({each.total: -1.0} if each.total in hidden else {})


def _solved(rows: Sequence[Mapping[CellKey, float]]) -> set[CellKey]:
    cells = sorted({cell for row in rows for cell in row}, key=str)
    place = {cell: number for number, cell in enumerate(cells)}
    matrix = np.zeros((len(rows), len(cells)))
    for number, row in enumerate(rows):
        for cell, coefficient in row.items():
            matrix[number, place[cell]] = coefficient
    # The eigenvectors of A Aᵀ, small where there are few sums, give an orthonormal base of the row space.
    sizes, vectors = np.linalg.eigh(matrix @ matrix.T)
    used = sizes > 1e-9 * sizes.max()
    base = (vectors[:, used].T @ matrix) / np.sqrt(sizes[used])[:, None]
    lengths = (base**2).sum(axis=0)
    return {cell for cell, length in zip(cells, lengths, strict=True) if length > 1 - _EXACT}


def _connected(rows: Iterable[dict[CellKey, float]]) -> list[list[dict[CellKey, float]]]:
    """Return the equations in groups that share no cell."""
    groups: dict[int, tuple[list[dict[CellKey, float]], set[CellKey]]] = {}
    group_of: dict[CellKey, int] = {}
    for number, row in enumerate(row for row in rows if row):
        joined: tuple[list[dict[CellKey, float]], set[CellKey]] = ([row], set(row))
        for other in sorted({group_of[cell] for cell in row if cell in group_of}):
            old_rows, old_cells = groups.pop(other)
            joined = (old_rows + joined[0], old_cells | joined[1])
        groups[number] = joined
        group_of |= dict.fromkeys(joined[1], number)
    return [found for found, _ in groups.values()]
