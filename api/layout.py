"""The parameters by which a client chooses how JSON tells values."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Query

from api import pages, values
from api.formats.kinds import Format
from api.formats.table import Table
from api.negotiation import PlacedFormat, Wanted
from api.parameters import Cursor
from api.problems import invalid
from api.queries.indicators import FIELDS
from api.suggest import nearest
from api.tables.indicators import VALUES

Limit = Annotated[
    int | None,
    Query(
        ge=1,
        le=pages.MAX_LIMIT,
        description="Rows in a page of JSON, 100 by default (of the newest values 1,000; of `shape=compact` "
        f"{pages.MAX_LIMIT:,}); files give the whole period.",
    ),
]


class Shape(StrEnum):
    """How JSON tells values."""

    ROWS = "rows"
    COMPACT = "compact"


@dataclass(frozen=True)
class Layout:
    """How an answer is laid out; `columns` are those of small rows, None for rows that explain themselves."""

    wanted: Wanted
    columns: tuple[str, ...] | None
    limit: int | None
    cursor: str | None

    def page(self, default: int) -> int:
        """Return how many rows a page has."""
        return self.limit or (default if self.columns is None else pages.MAX_LIMIT)

    @property
    def table(self) -> Table:
        """What a file has: all columns, or those that were chosen, and for a map the place."""
        if self.columns is None:
            return VALUES
        place = (VALUES.place or ()) if self.wanted.format is Format.GEOJSON else ()
        return VALUES.only((*self.columns, *place))

    @property
    def fields(self) -> tuple[str, ...]:
        """What has to be read of a value: its class for the class's names, too."""
        if self.columns is None:
            return FIELDS
        return tuple(name for name in FIELDS if any(each.startswith(name) for each in self.columns))


async def layout(
    wanted: PlacedFormat,
    shape: Annotated[
        Shape | None,
        Query(
            description="`compact`: rows are lists; declarations, areas and classes stand once in the head."
        ),
    ] = None,
    fields: Annotated[
        str | None,
        Query(
            description="With `shape=compact`, which it implies: the columns, separated by commas, of "
            f"{', '.join(values.CHOICES)}."
        ),
    ] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Layout:
    """Read the parameters that lay an answer out."""
    if fields is None:
        is_small = shape is Shape.COMPACT and not wanted.is_file
        return Layout(wanted, values.COMPACT if is_small else None, limit, cursor)
    if shape is Shape.ROWS:
        raise invalid("fields", fields, "shape=rows has all fields", "shape=compact, or no fields")
    choices = VALUES.names if wanted.is_file else values.CHOICES
    columns = tuple(dict.fromkeys(name.strip() for name in fields.split(",")))
    for name in columns:
        if name not in choices:
            near = nearest(name, dict.fromkeys(choices, ()))
            expected = f"some of {', '.join(choices)}"
            raise invalid("fields", name, f"there is no field {name[:100]!r}", expected, *near)
    return Layout(wanted, columns, limit, cursor)


LaidOut = Annotated[Layout, Depends(layout)]
