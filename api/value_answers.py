"""Answers with values of indicators: pages of JSON in two shapes, and whole files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np

from analytics.steps import Step
from api import pages, questions, stored_values, value_batches, value_columns, values
from api.about import File, about, about_series
from api.answers import request_pool, table_answer
from api.fresh import Freshness, json_answer
from api.newest import after
from api.parameters import now
from api.periods import EVER
from api.queries import indicators as queries
from api.stand_ins import Extent, choose
from storage.columns import instants

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from fastapi import Request, Response

    from api.answers import Batches
    from api.known import Known, State
    from api.layout import Layout
    from api.newest import Extents, Newest
    from api.periods import Asked
    from api.queries import Row
    from api.queries.indicators import Stored
    from api.questions import Ground, Place, When
    from api.stand_ins import Choice, Series
    from api.value_columns import Values

_PAGE, _PAGE_OF_LATEST = 100, 1_000
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
    newest = await request.app.state.registry.newest(state)
    steps = [known.indicators[code]["step_s"] for code in question.indicators]
    when, where = questions.when(question.asked, steps, zone), questions.ground(known, question.place)
    key: _Key | None = pages.decode_cursor(layout.cursor, _KEY)
    extents = newest.extents(question.indicators)
    choice = questions.series_of(known, question.indicators, where, when.period, extents)
    if layout.wanted.is_file:
        return await _file(request, known, choice, question, when)
    series, limit = questions.after(choice, key).series, layout.page(_PAGE)
    async with request_pool(request).connection() as conn:
        rows = await stored_values.values(conn, series, layout.fields, as_of=as_of, limit=limit + 1)
    shown, link = rows[:limit], _next(request, rows, limit, series)
    told = _told(value_columns.of_series(known, series, shown, zone), layout)
    body = _head(known, choice, question, when, zone) | told | {"next": link}
    if not len(rows) and key is None and as_of is None:
        body["available"] = _available(known, question, where, extents, zone)
    fresh = Freshness(counts, question.indicators, when.kind(as_of), when.until_of(as_of))
    return json_answer(request, body, fresh, computed_at=values.computed_at(shown), link=link)


def _head(known: Known, choice: Choice, question: Question, when: When, zone: ZoneInfo) -> Row:
    declared = [known.heads[code] for code in question.indicators]
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


def _available(
    known: Known, question: Question, where: Ground, extents: Extents, zone: ZoneInfo
) -> Row | None:
    """Return from when to when something is stored that would answer at all; None: nothing is."""
    choice = questions.series_of(known, question.indicators, where, EVER, extents)
    found = [(each.indicator, extents[each.key]) for each in choice.series if each.key in extents]
    if not found:
        return None
    ends = (Step.lasting(known.indicators[code]["step_s"]).after(one.last, zone) for code, one in found)
    return {"from": min(one.first for _, one in found), "to": max(ends)}


def _told(found: Values, layout: Layout) -> Row:
    if layout.columns is None:
        return {"items": found.items()}
    return {"columns": layout.columns, "rows": found.small(layout.columns)}


def _next(request: Request, rows: Stored, limit: int, series: Sequence[Series]) -> str | None:
    if len(rows) <= limit:
        return None
    (time,) = instants(rows["time"][limit - 1 : limit])
    cursor = pages.encode_cursor([*series[rows["series"][limit - 1]].key, time])
    return pages.next_address(request.url, request.query_params, cursor)


async def _file(request: Request, known: Known, choice: Choice, question: Question, when: When) -> Response:
    # One instant for all pages: a revision written meanwhile must not mix two states.
    async with request_pool(request).connection() as conn:
        settled = await queries.settled(conn, question.indicators)
    as_of, zone = min(question.as_of or settled, settled), request.app.state.settings.zone
    file, table = File(as_of, zone, when.period, str(request.url)), question.layout.table
    told = about_series(known, question.indicators, choice.series, file)
    batches = value_batches.batches(request_pool(request), known, choice, table, as_of=as_of, zone=zone)
    name = "-".join(question.indicators)[:100]
    return await table_answer(table, question.layout.wanted, batches, name=name, about=told)


@dataclass(frozen=True)
class _Latest:
    """Newest values that answer a question, whose they stand for, and what the head says of that."""

    rows: Stored
    stands_for: Mapping[tuple[str, int], tuple[str, ...]]
    derived_from: list[Row]


async def latest_answer(
    request: Request, state: State, codes: Sequence[str] | None, place: Place, layout: Layout
) -> Response:
    """Return the newest value of each indicator and area, by indicator and area.

    Raises:
        Problem: 422; an area or a cursor cannot be used.
    """
    known, counts = state
    codes = tuple(known.indicators) if codes is None else codes
    where, limit = questions.ground(known, place), layout.page(_PAGE_OF_LATEST)
    key, zone = pages.decode_cursor(layout.cursor, tuple[str, int]), request.app.state.settings.zone
    found = _latest(known, await request.app.state.registry.newest(state), codes, where)
    if layout.wanted.is_file:
        newest = value_columns.of_newest(known, found.rows, found.stands_for, zone)
        return await _latest_file(newest, layout, File(now(), zone, request=str(request.url)))
    rows = after(found.rows, key)
    shown, link = rows[:limit], _next_latest(request, rows, limit)
    told = _latest_told(known, value_columns.of_newest(known, shown, found.stands_for, zone), layout)
    body = {"derived_from": found.derived_from} | told | {"next": link}
    fresh = Freshness(counts, codes)
    return json_answer(request, body, fresh, computed_at=values.computed_at(shown), link=link)


def _latest(known: Known, newest: Newest, codes: Sequence[str], where: Ground) -> _Latest:
    """Return the newest values of areas; whoever has a value at all answers for itself."""
    if not where.derive:
        return _Latest(newest.of(codes, [unit.id for unit in where.units]), {}, [])
    extents = dict.fromkeys(newest.extents(codes), Extent(EVER.start, EVER.end))
    choice = choose(known, codes, where.units, EVER, extents, derive=True)
    stands_for = {each.key: each.stands_for for each in choice.series}
    rows = newest.of(codes, [each.unit.id for each in choice.series])
    keys = zip(rows["indicator"], rows["area_id"].tolist(), strict=True)
    chosen = np.fromiter((each in stands_for for each in keys), bool, len(rows))
    derived = values.stand_ins(choice.stand_ins, known)
    return _Latest(rows[chosen], stands_for, [each | {"from": None, "to": None} for each in derived])


def _latest_told(known: Known, found: Values, layout: Layout) -> Row:
    if layout.columns is None:
        return {"items": found.items()}
    return {
        "indicators": [known.heads[code] for code in sorted(each["code"] for each in found.indicators)],
        "areas": values.areas(found.areas),
        "columns": layout.columns,
        "rows": found.small(layout.columns),
    }


async def _latest_file(found: Values, layout: Layout, file: File) -> Response:
    async def batches() -> Batches:
        if len(found.rows):
            yield found.batch(layout.table)

    told = about(found.indicators, found.areas, file)
    return await table_answer(layout.table, layout.wanted, batches(), name="latest-values", about=told)


def _next_latest(request: Request, rows: Stored, limit: int) -> str | None:
    if len(rows) <= limit:
        return None
    cursor = pages.encode_cursor([rows["indicator"][limit - 1], int(rows["area_id"][limit - 1])])
    return pages.next_address(request.url, request.query_params, cursor)
