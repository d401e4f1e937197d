"""Answers with values of indicators: pages of JSON in two shapes, and whole files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from api import pages, questions, value_batches, values
from api.answers import CHUNK, request_pool, table_answer
from api.fresh import Freshness, json_answer
from api.parameters import now
from api.periods import Period
from api.queries import indicators as queries
from api.stand_ins import Extent, choose
from api.tables.indicators import value_row

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from fastapi import Request, Response
    from psycopg import AsyncConnection

    from api.answers import Batches
    from api.known import Known, State
    from api.layout import Layout
    from api.periods import Asked
    from api.queries import Row
    from api.queries.indicators import Stored
    from api.questions import Ground, Place, When
    from api.stand_ins import Choice, Series

_PAGE, _PAGE_OF_LATEST = 100, 1_000
#: more than any city has indicators times areas
_MOST_NEWEST = 1_000_000
_Key = tuple[str, int, datetime]
_KEY: Any = tuple[str, int, Annotated[datetime, msgspec.Meta(tz=True)]]


@dataclass(frozen=True)
class Question:
    """Which values a client asks for, and in which form."""

    indicators: Sequence[str]
    place: Place
    asked: Asked
    as_of: datetime | None
    layout: Layout
    is_of_one: bool = False


async def answer(request: Request, state: State, question: Question) -> Response:
    """Return the values of a period.

    Raises:
        Problem: 422; an area, a period or a cursor cannot be used, or too much is asked for at once.
    """
    known, counts = state
    zone: ZoneInfo = request.app.state.settings.zone
    layout, as_of = question.layout, question.as_of
    steps = [known.indicators[code]["step_s"] for code in question.indicators]
    when, where = questions.when(question.asked, steps, zone), questions.ground(known, question.place)
    key: _Key | None = pages.decode_cursor(layout.cursor, _KEY)
    async with request_pool(request).connection() as conn:
        stored = await queries.extents(conn, question.indicators, questions.ids_needed(known, where))
        choice = questions.series_of(known, question.indicators, where, when.period, stored)
        series, limit = questions.after(choice, key).series, layout.page(_PAGE)
        count = 0 if layout.wanted.is_file else limit + 1
        rows = await queries.values(conn, series, layout.fields, as_of=as_of, limit=count)
    if layout.wanted.is_file:
        return await _file(request, known, choice, question, when)
    link = _next(request, rows, limit, series)
    told = _told(known, rows[:limit], series, layout, zone)
    body = _head(known, choice, question, when, zone) | told | {"next": link}
    fresh = Freshness(counts, question.indicators, when.kind(as_of), when.until_of(as_of))
    return json_answer(request, body, fresh, computed_at=values.computed_at(rows[:limit]), link=link)


def _head(known: Known, choice: Choice, question: Question, when: When, zone: ZoneInfo) -> Row:
    declared = [values.named(known.indicators[code]) for code in question.indicators]
    alone = question.is_of_one and question.layout.columns is None
    head: Row = {"indicator": declared[0]} if alone else {"indicators": declared}
    if question.layout.columns is not None:
        head["areas"] = values.areas(each.unit for each in choice.series)
    return head | {
        "from": when.period.start,
        "to": when.period.end,
        "time_zone": zone.key,
        "as_of": question.as_of,
        "derived_from": values.stand_ins(choice.stand_ins, known),
    }


def _told(known: Known, rows: list[Stored], series: Sequence[Series], layout: Layout, zone: ZoneInfo) -> Row:
    if layout.columns is not None and layout.columns == layout.fields:
        return {"columns": layout.columns, "rows": values.small(rows)}
    items = [value_batches.explained(known, row, series, zone) for row in rows]
    if layout.columns is None:
        return {"items": items}
    return {"columns": layout.columns, "rows": [values.picked(item, layout.columns) for item in items]}


def _next(request: Request, rows: list[Stored], limit: int, series: Sequence[Series]) -> str | None:
    if len(rows) <= limit:
        return None
    time, _, number = rows[limit - 1][-3:]
    cursor = pages.encode_cursor([*series[number - 1].key, time])
    return pages.next_address(request.url, request.query_params, cursor)


async def _file(request: Request, known: Known, choice: Choice, question: Question, when: When) -> Response:
    # One instant for all pages: a revision written meanwhile must not mix two states.
    async with request_pool(request).connection() as conn:
        settled = await queries.settled(conn, question.indicators)
    as_of, zone = min(question.as_of or settled, settled), request.app.state.settings.zone
    about = {"as_of": str(as_of), "from": str(when.period.start), "to": str(when.period.end)}
    about |= {"time_zone": zone.key}
    table = question.layout.table
    batches = value_batches.batches(request_pool(request), known, choice, table, as_of=as_of, zone=zone)
    name = "-".join(question.indicators)[:100]
    return await table_answer(table, question.layout.wanted, batches, name=name, about=about)


async def latest_answer(
    request: Request, state: State, codes: Sequence[str] | None, place: Place, layout: Layout
) -> Response:
    """Return the newest value of each indicator and area, by indicator and area.

    Raises:
        Problem: 422; an area or a cursor cannot be used.
    """
    known, counts = state
    where, limit = questions.ground(known, place), layout.page(_PAGE_OF_LATEST)
    key = pages.decode_cursor(layout.cursor, tuple[str, int])
    async with request_pool(request).connection() as conn:
        choice = await _choice_of_latest(conn, known, codes, where) if where.derive else None
    newest = Newest(known, codes, _ids(where, choice), choice, request.app.state.settings.zone)
    if layout.wanted.is_file:
        return await _latest_file(request, newest, layout)
    async with request_pool(request).connection() as conn:
        rows = await newest.read(conn, layout.fields, key, limit + 1)
    body = _latest_body(newest, rows[:limit], layout)
    link = _next_latest(request, rows, limit)
    fresh = Freshness(counts, tuple(known.indicators) if codes is None else codes)
    return json_answer(
        request, body | {"next": link}, fresh, computed_at=values.computed_at(rows[:limit]), link=link
    )


async def _choice_of_latest(
    conn: AsyncConnection[Any], known: Known, codes: Sequence[str] | None, where: Ground
) -> Choice:
    """Return the series that answer: whoever has a value at all answers for itself."""
    wanted = tuple(known.indicators) if codes is None else codes
    stored = await queries.extents(conn, wanted, questions.ids_needed(known, where))
    ever = Period(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    extents = {(row["indicator"], row["area_id"]): Extent(ever.start, ever.end) for row in stored}
    return choose(known, wanted, where.units, ever, extents, derive=True)


def _ids(where: Ground, choice: Choice | None) -> list[int]:
    units = where.units if choice is None else (each.unit for each in choice.series)
    return sorted({unit.id for unit in units})


@dataclass(frozen=True)
class Newest:
    """Which newest values answer a question."""

    known: Known
    codes: Sequence[str] | None
    ids: Sequence[int]
    choice: Choice | None
    zone: ZoneInfo

    async def read(
        self,
        conn: AsyncConnection[Any],
        fields: Sequence[str],
        after: tuple[str, int] | None,
        limit: int,
    ) -> list[Stored]:
        """Return those after a key: indicator, area's id."""
        return await queries.latest(
            conn, self.codes, self.ids, fields, among=self.choice, after=after, limit=limit
        )

    def explained(self, rows: Sequence[Stored]) -> list[Row]:
        """Return what was read with all fields as rows that explain themselves."""
        stands_for = {each.key: each.stands_for for each in self.choice.series} if self.choice else {}
        units = self.known.everywhere
        return [
            values.value(row, units[row[-1]], self.known, self.zone, stands_for.get((row[-4], row[-1]), ()))
            for row in rows
        ]


def _latest_body(newest: Newest, rows: list[Stored], layout: Layout) -> Row:
    known = newest.known
    derived = values.stand_ins(newest.choice.stand_ins, known) if newest.choice else []
    head: Row = {"derived_from": [each | {"from": None, "to": None} for each in derived]}
    if layout.columns is None:
        return head | {"items": newest.explained(rows)}
    head["indicators"] = [values.named(known.indicators[code]) for code in sorted({row[-4] for row in rows})]
    head["areas"] = values.areas(known.everywhere[row[-1]] for row in rows)
    small = (
        values.small(rows)
        if layout.columns == layout.fields
        else [values.picked(each, layout.columns) for each in newest.explained(rows)]
    )
    return head | {"columns": layout.columns, "rows": small}


async def _latest_file(request: Request, newest: Newest, layout: Layout) -> Response:
    # By one query, which sees one state: there are no more than indicators times areas.
    async with request_pool(request).connection() as conn:
        about = {"as_of": str(now()), "time_zone": newest.zone.key}
        rows = await newest.read(conn, tuple(queries.FIELDS), None, _MOST_NEWEST)

    async def batches() -> Batches:
        for start in range(0, len(rows), CHUNK):
            told = newest.explained(rows[start : start + CHUNK])
            yield layout.table.batch(map(value_row, told))

    return await table_answer(layout.table, layout.wanted, batches(), name="latest-values", about=about)


def _next_latest(request: Request, rows: list[Stored], limit: int) -> str | None:
    if len(rows) <= limit:
        return None
    cursor = pages.encode_cursor([rows[limit - 1][-4], rows[limit - 1][-1]])
    return pages.next_address(request.url, request.query_params, cursor)
