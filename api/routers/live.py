"""/v1/live: what is new, as it happens (Server-sent events)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response
from psycopg import AsyncConnection

from api import reach, suggest
from api.live.event import CHOICES, Kind, Selection
from api.live.hub import Hub
from api.live.stream import MEDIA_TYPE, EventStream, Stream
from api.openapi import example
from api.parameters import Areas, Indicators, require_known, split_codes
from api.problems import RETRY_LATER, Fault, Problem, invalid, sentence
from api.queries import live as queries
from api.reach import Caller
from api.rights import Right
from api.schemas.live import STREAM
from api.security import Asking, may, refused

#: datastreams that one client may follow
_MOST_DATASTREAMS = 100
_DIGITS = 18


@asynccontextmanager
async def following(app: FastAPI) -> AsyncIterator[None]:
    """Follow the database for as long as the application runs."""
    settings = app.state.settings
    hub = Hub(
        settings.require_database_url(), settings.zone, app.state.metrics.live, settings.api_live_clients
    )
    app.state.live = hub
    async with hub.following():
        yield


router = APIRouter(prefix="/v1", tags=["live"])

_CODES = "repeat the parameter, or separate them by commas."
_NUMBER = "Id of the last event that was seen: those after it follow."


@dataclass(frozen=True)
class Chosen:
    """What a client asked for, unchecked."""

    events: list[str] | None
    indicators: list[str] | None
    areas: list[str] | None
    within: list[str] | None
    datastreams: list[str] | None


async def chosen(
    event: Annotated[
        list[str] | None,
        Query(
            description="Only these of `value`, `alert`, `gateway`, `observation`; default: all, "
            f"`observation` where a datastream is named. Several: {_CODES}"
        ),
    ] = None,
    indicator: Indicators = None,
    area: Areas = None,
    within: Annotated[
        list[str] | None,
        Query(
            description=f"Only these areas and their parts; with `area`: of either. Several: {_CODES}",
            openapi_examples={"area": {"value": "193"}},
        ),
    ] = None,
    datastream: Annotated[
        list[str] | None,
        Query(
            description=f"Observations of these datastreams, {_MOST_DATASTREAMS} at most, by number. "
            f"Several: {_CODES}"
        ),
    ] = None,
) -> Chosen:
    """Read the parameters that choose events."""
    return Chosen(*(split_codes(each) for each in (event, indicator, area, within, datastream)))


@router.get(
    "/live",
    operation_id="streamEvents",
    summary="What is new, as it happens",
    response_class=Response,
    responses=example(STREAM, MEDIA_TYPE),
)
async def stream_events(
    *,
    request: Request,
    caller: Asking,
    asked: Annotated[Chosen, Depends(chosen)],
    after: Annotated[str | None, Query(description=f"{_NUMBER} The header goes before it.")] = None,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", description=_NUMBER)] = None,
    follow: Annotated[
        bool,
        Query(
            description="`false`: end with what is there instead of waiting for what comes.",
            openapi_examples={"what is there": {"value": "false"}},
        ),
    ] = True,
) -> Response:
    """New values, changed alerts, states of gateways and observations, each in the shape of its list.

    A stream of Server-sent events (WHATWG HTML, 9.2). The first one, `subscribed`, says what was understood.
    """
    hub: Hub = request.app.state.live
    _require_room(hub)
    seen = _position("after", "query", after)
    seen = _position("Last-Event-ID", "header", last_event_id) or seen
    selection = Selection(kinds=_kinds(asked, request, caller), areas=await _reached(request))
    # After a restart everybody comes back at once: who names nothing needs no connection.
    if any((asked.indicators, asked.areas, asked.within, asked.datastreams)):
        async with request.app.state.pool.connection() as conn:
            selection = await _narrowed(conn, selection, asked)
    return EventStream(hub, Stream(hub, selection, after=seen, caller=caller, follow=follow))


def _require_room(hub: Hub) -> None:
    if hub.ring is None or hub.is_closed:
        raise Problem(
            "not-ready", "the database has told nothing yet, or the server stops", headers=RETRY_LATER
        )
    if hub.is_full:
        text = f"{len(hub.streams)} streams are open: try again later, or ask with follow=false"
        raise Problem("too-many-streams", text, headers=RETRY_LATER)


def _position(name: str, place: str, text: str | None) -> int | None:
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) <= _DIGITS:
        return int(text)
    fault = Fault(
        parameter=name,
        place=place,
        value=text[:200],
        problem="it is no id of an event",
        expected="the id of the last event that you have seen, such as 4711, or nothing",
    )
    raise Problem("invalid-parameter", sentence([fault]), faults=[fault])


async def _narrowed(conn: AsyncConnection[Any], selection: Selection, asked: Chosen) -> Selection:
    """Check what is named against the registry, and have chosen datastreams looked at.

    Raises:
        Problem: 422 with what would be right.
    """
    await require_known(conn, "indicator", "indicator", *asked.indicators or ())
    await require_known(conn, "area", "area", *asked.areas or ())
    await require_known(conn, "area", "within", *asked.within or ())
    datastreams = await _datastreams(conn, asked.datastreams or [])
    if datastreams:
        await queries.watch(conn, sorted(datastreams))
    areas = [*(asked.areas or ()), *(await queries.within(conn, asked.within) if asked.within else ())]
    return replace(
        selection,
        indicators=frozenset(asked.indicators) if asked.indicators else None,
        areas=frozenset(areas) if areas else selection.areas,
        datastreams=frozenset(datastreams),
    )


async def _reached(request: Request) -> frozenset[str] | None:
    """Return the codes of the areas that the caller is confined to."""
    if reach.present() is reach.EVERYTHING:
        return None
    known, _ = await request.app.state.registry.known()
    return frozenset(known.by_code)


def _kinds(asked: Chosen, request: Request, caller: Caller) -> frozenset[Kind]:
    """Return the kinds that are asked for, or without any those that the caller may have.

    Raises:
        Problem: 422, 403; there is no such kind, or it tells what the caller's role may not read.
    """
    names, has_datastreams = asked.events or (), bool(asked.datastreams)
    is_raw = may(request, caller, Right.RAW)
    for name in names:
        if name not in CHOICES:
            near = suggest.nearest(name, dict.fromkeys(CHOICES, ()))
            raise invalid("event", name, "there is no such event", f"one of {', '.join(CHOICES)}", *near)
    if Kind.OBSERVATION in names and not has_datastreams:
        text = "numbers of datastreams, as /v1/datastreams lists them"
        raise invalid("datastream", "", "observations come of chosen datastreams only", text)
    kinds = {Kind(name) for name in names or (CHOICES if is_raw else (Kind.VALUE,))}
    if not is_raw and (has_datastreams or kinds != {Kind.VALUE}):
        raise refused(caller, Right.RAW)
    if not has_datastreams:
        kinds.discard(Kind.OBSERVATION)
    return frozenset(kinds | ({Kind.RECOMPUTED} if Kind.VALUE in kinds else set()))


async def _datastreams(conn: AsyncConnection[Any], texts: list[str]) -> list[int]:
    expected = f"up to {_MOST_DATASTREAMS} numbers of datastreams, as /v1/datastreams lists them"
    if len(texts) > _MOST_DATASTREAMS:
        raise invalid("datastream", len(texts), "there are too many", expected)
    for text in texts:
        if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
            raise invalid("datastream", text, f"{text[:100]!r} is no number", expected)
    ids = [int(text) for text in texts]
    if unknown := await queries.unknown_datastreams(conn, ids):
        raise invalid("datastream", unknown[0], f"there is no datastream {unknown[0]}", expected)
    return ids
