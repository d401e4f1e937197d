"""Query parameters that several resources share, each checked in one place.

Dependencies are coroutines here and everywhere, also where they wait for nothing: FastAPI would run a plain
function in a thread, which takes longer than what they do.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request
from fastapi.dependencies.models import Dependant
from psycopg import AsyncConnection

from api import suggest
from api.pages import MAX_LIMIT
from api.periods import EXPECTED_PERIOD, Asked, Period, PeriodError, read
from api.problems import MOST_FAULTS, Fault, Problem, invalid, or_, sentence
from api.queries import names
from api.times import EXPECTED, EXPECTED_FROM, Duration, TimeError, parse_day, parse_time

T = TypeVar("T")
_LIMIT_TEXT = f"Rows in a page, {MAX_LIMIT:,} at most; more come through `next`."


async def connection(request: Request) -> AsyncIterator[AsyncConnection[Any]]:
    """Lend a connection for as long as the answer is being made, not while it is being sent."""
    async with request.app.state.pool.connection() as conn:
        yield conn


Connection = Annotated[AsyncConnection[Any], Depends(connection, scope="function")]

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description=_LIMIT_TEXT)]
Cursor = Annotated[
    str | None, Query(max_length=500, description="Where the page before ended; take it from `next`.")
]
AreaFilter = Annotated[
    str | None,
    Query(description="Only of this area, its parts included.", openapi_examples={"area": {"value": "193"}}),
]
ThingFilter = Annotated[str | None, Query(description="Only of this thing.")]
GatewayFilter = Annotated[str | None, Query(description="Only of this gateway.")]
PropertyFilter = Annotated[
    str | None, Query(alias="property", description="Only of this observed property, for example `pm2_5`.")
]
NameFilter = Annotated[
    str | None,
    Query(
        alias="q",
        max_length=100,
        description="Only what has this in its code or a name; accents, case and blanks do not count: "
        "`ha long` finds Hạ Long.",
    ),
]
Level = Annotated[
    Literal["province", "district", "commune"] | None, Query(description="Only areas of this level.")
]
Areas = Annotated[
    list[str] | None,
    Query(alias="area", description="Only these areas: repeat the parameter, or separate codes by commas."),
]
Indicators = Annotated[
    list[str] | None,
    Query(
        alias="indicator",
        description="Only these indicators: repeat the parameter, or separate codes by commas.",
    ),
]


async def only_known_parameters(request: Request) -> None:
    """Refuse a query parameter that the operation does not have: a misspelt filter must not pass unseen.

    Raises:
        Problem: 422 with the names that it has.
    """
    if not request.query_params:
        return
    allowed = _parameters(request.scope["route"].dependant)
    unknown = [name for name in request.query_params if name not in allowed]
    faults = [_unknown(name, allowed) for name in unknown[:MOST_FAULTS]]
    if faults:
        raise Problem("invalid-parameter", sentence(faults), faults=faults)


def _parameters(dependant: Dependant) -> frozenset[str]:
    """Return the names of an operation's query parameters."""
    below = (_parameters(each) for each in dependant.dependencies)
    return frozenset(each.alias for each in dependant.query_params).union(*below)


def _unknown(name: str, allowed: frozenset[str]) -> Fault:
    expected = f"one of {', '.join(sorted(allowed))}" if allowed else "no parameters here"
    near = tuple(suggest.nearest(name, dict.fromkeys(allowed, ())))
    return Fault(
        parameter=name[:100],
        place="query",
        value=None,
        problem="there is no such parameter",
        expected=expected,
        did_you_mean=near,
    )


def now() -> datetime:
    """Return the present instant in UTC."""
    return datetime.now(UTC)


FromParameter = Annotated[
    str | None,
    Query(
        alias="from",
        description=f"Start, included: {EXPECTED_FROM}. Default: a day before the end (alerts and refusals: "
        "seven).",
    ),
]
ToParameter = Annotated[
    str | None,
    Query(alias="to", description=f"End, excluded: {EXPECTED} (a date: the end of that day). Default: now."),
]
PeriodParameter = Annotated[
    str | None,
    Query(
        alias="period",
        description=f"Instead of `from` and `to`: {EXPECTED_PERIOD}; local dates.",
        openapi_examples={"week": {"value": "P7D"}},
    ),
]


async def asked_period(
    start: FromParameter = None, end: ToParameter = None, period: PeriodParameter = None
) -> Asked:
    """Read `from`, `to` and `period` as they were written."""
    return Asked(start, end, period)


AskedPeriod = Annotated[Asked, Depends(asked_period)]


def period(default: timedelta) -> Callable[..., Awaitable[Period]]:
    """Return a dependency that reads a period; where none is asked for it is `default` long, up to now."""
    length = Duration(days=default.days, seconds=default.seconds)

    async def read(request: Request, asked: AskedPeriod) -> Period:
        return resolved(asked, length, zone=request.app.state.settings.zone, now=now())

    return read


def resolved(asked: Asked, default: Duration, *, zone: ZoneInfo, now: datetime) -> Period:
    """Return the period that a client asked for.

    Raises:
        Problem: 422; it cannot be used.
    """
    try:
        return read(asked, default, zone=zone, now=now)
    except PeriodError as error:
        raise invalid(error.parameter, error.value, str(error), error.expected) from None


async def as_of(
    request: Request,
    text: Annotated[
        str | None,
        Query(
            alias="as_of", description="Values as they were known at this instant: the revision of that time."
        ),
    ] = None,
) -> datetime | None:
    """Read `as_of`."""
    return read_as_of(text, request.app.state.settings.zone)


def read_as_of(text: str | None, zone: ZoneInfo) -> datetime | None:
    """Return the instant that `as_of` means.

    Raises:
        Problem: 422; it cannot be used.
    """
    if text is None:
        return None
    return checked("as_of", text, EXPECTED, lambda: parse_time(text, zone=zone, now=now(), end=True))


async def at(
    request: Request,
    text: Annotated[
        str | None,
        Query(alias="at", description="Only units in force on this date, such as 2025-06-30, or `now`."),
    ] = None,
) -> date | None:
    """Read `at`, a local date."""
    return read_at(text, request.app.state.settings.zone)


def read_at(text: str | None, zone: ZoneInfo) -> date | None:
    """Return the local date that `at` means.

    Raises:
        Problem: 422; it cannot be used.
    """
    if text is None:
        return None
    today = datetime.now(zone).date()
    return checked("at", text, "a date such as 2025-06-30, or now", lambda: parse_day(text, today=today))


async def stood_at(
    request: Request,
    text: Annotated[
        str | None,
        Query(
            alias="at",
            description="As all stood at this instant (a date: at its start), in the unit that the area's "
            "code meant then. Default: now.",
        ),
    ] = None,
) -> datetime:
    """Read `at`, an instant."""
    if text is None:
        return now()
    zone = request.app.state.settings.zone
    return checked("at", text, EXPECTED, lambda: parse_time(text, zone=zone, now=now()))


AsOf = Annotated[datetime | None, Depends(as_of)]
StoodAt = Annotated[datetime, Depends(stood_at)]
At = Annotated[date | None, Depends(at)]


def checked(name: str, text: str, expected: str, parse: Callable[[], T]) -> T:
    """Return what a text means by `parse`.

    Raises:
        Problem: 422; `parse` raised a TimeError.
    """
    try:
        return parse()
    except TimeError as error:
        raise invalid(name, text, str(error), expected) from None


async def require_known(
    conn: AsyncConnection[Any], kind: names.Kind, parameter: str, *codes: str | None
) -> None:
    """Refuse codes in a filter that do not exist, and name those that look like them.

    Raises:
        Problem: 422 with suggestions.
    """
    asked = [code for code in codes if code is not None]
    if not asked:
        return
    known = await names.known(conn, kind, [code for code in asked if "\0" not in code])
    missing = [code for code in asked if code not in known]
    if missing:
        called = await names.names(conn, kind)
        near = suggest.nearest(missing[0], called)
        article = "an" if kind[0] in "aio" else "a"
        raise invalid(
            parameter,
            missing[0],
            f"there is no {kind} {missing[0][:100]!r}",
            f"{article} {kind}'s code",
            *near,
            told=suggest.told(near, called),
        )


async def not_found(conn: AsyncConnection[Any], kind: names.Kind, code: str) -> Problem:
    """Return the problem of a path that names what does not exist, with what looks like it."""
    called = await names.names(conn, kind)
    near = suggest.nearest(code, called)
    meant = f": did you mean {or_(suggest.told(near, called))}?" if near else ""
    return Problem("not-found", f"there is no {kind} {code[:100]!r}{meant}", did_you_mean=near)


async def searched(text: NameFilter = None) -> str | None:
    """Read `q` as it is looked for.

    Raises:
        Problem: 422; nothing could be told by it.
    """
    if text is None:
        return None
    if not (plain := suggest.plain(text)):
        raise invalid("q", text, "there is no letter or digit in it", "a part of a name, such as ha long")
    return plain


Searched = Annotated[str | None, Depends(searched)]


def split_codes(codes: list[str] | None) -> list[str] | None:
    """Return codes given as repeated or comma-separated parameters, or None where there are none."""
    found = [code.strip() for each in codes or [] for code in each.split(",") if code.strip()]
    return list(dict.fromkeys(found)) or None
