"""The parameters by which a client chooses the form of a table."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Query, Request

from api.formats.accept import negotiate
from api.formats.kinds import KINDS, Format
from api.formats.table import Decimal, Headers, Style
from api.problems import Problem

_WITHOUT_PLACE = tuple(each for each in Format if each is not Format.GEOJSON)
_FORMAT_TEXT = "Form of the answer; else the Accept header decides. JSON comes in pages, the others give all."
Plain = Literal[Format.JSON, Format.CSV, Format.PARQUET, Format.ARROW, Format.XLSX]


@dataclass(frozen=True)
class Wanted:
    """The format that a client wants, and how it is to be written."""

    format: Format
    style: Style

    @property
    def is_file(self) -> bool:
        """Tell whether the answer is a whole table, and not a page of JSON."""
        return self.format is not Format.JSON


async def _style(
    request: Request,
    bom: Annotated[
        bool, Query(description="CSV begins with a byte order mark, by which spreadsheets know UTF-8.")
    ] = False,
    headers: Annotated[
        Headers,
        Query(description="First line of CSV and XLSX: `names`, or titles in `en` or `vi`."),
    ] = Headers.NAMES,
    decimal: Annotated[
        Decimal, Query(description="`comma`: CSV with decimal commas, and semicolons between cells.")
    ] = Decimal.POINT,
) -> Style:
    return Style(headers, bom, decimal, request.app.state.settings.zone)


_Style = Annotated[Style, Depends(_style)]


async def _placed(
    request: Request,
    style: _Style,
    form: Annotated[Format | None, Query(alias="format", description=_FORMAT_TEXT)] = None,
) -> Wanted:
    return Wanted(form or _accepted(request, tuple(Format)), style)


async def _plain(
    request: Request,
    style: _Style,
    form: Annotated[Plain | None, Query(alias="format", description=_FORMAT_TEXT)] = None,
) -> Wanted:
    return Wanted(form or _accepted(request, _WITHOUT_PLACE), style)


#: for tables whose rows have a place, and for the others
PlacedFormat = Annotated[Wanted, Depends(_placed)]
PlainFormat = Annotated[Wanted, Depends(_plain)]


def _accepted(request: Request, offered: tuple[Format, ...]) -> Format:
    accept = request.headers.get("accept", "")
    found = negotiate(accept, offered)
    if found is None:
        there_is = ", ".join(f"{KINDS[each].media_type} (format={each})" for each in offered)
        raise Problem("not-acceptable", f"there is nothing of {accept[:200]!r} here; there is {there_is}")
    return found
