"""The one shape of every error: RFC 9457 problem details that say what was wrong and what would be right."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import structlog
from psycopg import DataError, Error
from psycopg.errors import QueryCanceled
from starlette.responses import JSONResponse

from api import body_errors, suggest
from storage.errors import is_transient

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException
    from starlette.requests import Request

_log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
#: seconds after which a client may ask again when the database is away
RETRY_AFTER_S = 5
RETRY_LATER = {"Retry-After": str(RETRY_AFTER_S)}
#: faults that are told of one request: looking for what was meant takes time for each
MOST_FAULTS = 10

_TOO_LONG = (
    "the query was stopped after 30 s: ask for a shorter period, fewer areas or indicators (area=, level=), "
    "smaller pages (limit=), or for a file (format=csv, format=parquet), which is read bit by bit"
)

#: kind -> (status, title); `type` of the body is `urn:halong:problem:` + kind
KINDS: dict[str, tuple[int, str]] = {
    "unauthorized": (401, "An API key or a token is needed"),
    "forbidden": (403, "The role of who asks may not do this"),
    "enrolment-refused": (403, "The token opens nothing"),
    "https-needed": (403, "A credential is told over https alone"),
    "not-found": (404, "There is nothing of this name"),
    "no-such-path": (404, "There is no such path"),
    "method-not-allowed": (405, "The path does not know this method"),
    "not-acceptable": (406, "There is no such form of it"),
    "gone": (410, "It was there and is no more"),
    "too-many-tokens": (429, "Who asks has too many MQTT tokens"),
    "too-many-exports": (429, "Who asks has too many unfinished exports"),
    "too-slow": (408, "The request took too long to come"),
    "conflict": (409, "The state of things does not allow it"),
    "precondition-failed": (412, "It has been changed since it was read"),
    "too-large": (413, "The request is too large"),
    "head-too-large": (431, "Address and header fields are too large"),
    "range-not-satisfiable": (416, "The file has no such bytes"),
    "invalid-parameter": (422, "A parameter cannot be used"),
    "precondition-required": (428, "It must be said which version is changed"),
    "too-many-requests": (429, "Too many requests"),
    "internal": (500, "halong failed to answer"),
    "database-away": (503, "The database cannot be reached"),
    "too-long": (503, "The answer took too long"),
    "too-many-connections": (503, "Too many connections are open"),
    "too-many-streams": (503, "As many streams are open as one process may have"),
    "not-ready": (503, "The service is not ready"),
    "store-away": (503, "The published files cannot be reached"),
    "broker-away": (503, "The broker for browsers cannot be told"),
    "issuer-away": (503, "The identity provider cannot be asked"),
}
_KIND_OF_STATUS = {
    400: "invalid-parameter",
    401: "unauthorized",
    403: "forbidden",
    404: "no-such-path",
    405: "method-not-allowed",
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with one parameter, and what would be right."""

    parameter: str
    place: str
    value: str | None
    problem: str
    expected: str
    did_you_mean: tuple[str, ...] = ()
    #: the same with names, for the sentence
    told: tuple[str, ...] = ()


class Problem(Exception):  # noqa: N818  (RFC 9457's own word)
    """An error answer; `kind` is a key of KINDS, `detail` tells this occurrence and what to do."""

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        did_you_mean: Sequence[str] = (),
        roles: Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind, self.detail = kind, detail
        self.faults, self.did_you_mean = tuple(faults), tuple(did_you_mean)
        self.roles, self.headers = tuple(map(str, roles)), dict(headers or {})

    @property
    def status(self) -> int:
        """The HTTP status."""
        return KINDS[self.kind][0]


def invalid(
    parameter: str, value: object, problem: str, expected: str, *names: str, told: tuple[str, ...] = ()
) -> Problem:
    """Return the problem of one query parameter; `names`, in words `told`, are what may have been meant."""
    fault = Fault(
        parameter=parameter,
        place="query",
        value=str(value)[:200],
        problem=problem,
        expected=expected,
        did_you_mean=names,
        told=told,
    )
    return Problem("invalid-parameter", sentence([fault]), faults=[fault])


def sentence(faults: Sequence[Fault]) -> str:
    """Return all faults as one line of text."""
    return "; ".join(_clause(fault) for fault in faults)


def _clause(fault: Fault) -> str:
    meant = or_(fault.told or fault.did_you_mean)
    meant = f" (did you mean {meant}?)" if meant else ""
    return f"{fault.parameter}: {fault.problem}; give {fault.expected}{meant}"


def or_(words: Sequence[str]) -> str:
    """Return words with "or" between them."""
    return " or ".join(words)


def response(problem: Problem, request: Request) -> JSONResponse:
    """Return a problem as its HTTP answer."""
    body = basics(problem.kind, problem.detail) | {
        "instance": request.url.path,
        "request_id": request.scope.get("state", {}).get("request_id"),
    }
    if problem.faults:
        body["errors"] = [_fault_body(fault) for fault in problem.faults]
    if problem.did_you_mean:
        body["did_you_mean"] = list(problem.did_you_mean)
    if problem.roles:
        body["roles"] = list(problem.roles)
    return JSONResponse(body, problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def basics(kind: str, detail: str) -> dict[str, Any]:
    """Return the members that every problem has, whoever asked for what."""
    status, title = KINDS[kind]
    return {"type": f"urn:halong:problem:{kind}", "title": title, "status": status, "detail": detail}


def _fault_body(fault: Fault) -> dict[str, Any]:
    body = asdict(fault)
    body["in"] = body.pop("place")
    del body["told"]
    body["did_you_mean"] = list(fault.did_you_mean)
    return body


async def on_problem(request: Request, error: Problem) -> JSONResponse:
    """Answer a Problem that was raised."""
    return response(error, request)


async def on_http_error(request: Request, error: HTTPException) -> JSONResponse:
    """Answer what the framework raises: a path or a method that does not exist."""
    kind = _KIND_OF_STATUS.get(error.status_code, "internal")
    detail = {
        "no-such-path": f"{request.url.path} does not exist: /openapi.json lists every path",
        "method-not-allowed": f"{request.method} is not answered at {request.url.path}: Allow says what is",
    }.get(kind, str(error.detail))
    return response(Problem(kind, detail, headers=error.headers), request)


async def on_invalid_request(request: Request, error: RequestValidationError) -> JSONResponse:
    """Answer parameters that do not fit their declaration."""
    fields = _body_fields(request)
    faults = [_body_fault(each, fields) or _fault(each) for each in error.errors()[:MOST_FAULTS]]
    return response(Problem("invalid-parameter", sentence(faults), faults=faults), request)


async def on_database_error(request: Request, error: Error) -> JSONResponse:
    """Answer an error of the database: away, too slow, a value that it cannot take, or our own mistake."""
    return response(_database_problem(error, request), request)


def _database_problem(error: Error, request: Request) -> Problem:
    if isinstance(error, QueryCanceled):
        return Problem("too-long", _TOO_LONG)
    if is_transient(error):
        _log.warning("database away", action="api.database_away", path=request.url.path, error=str(error))
        return away()
    if isinstance(error, DataError):
        return Problem("invalid-parameter", "a value in the request is outside what the database can hold")
    return crashed(error, request)


def beyond(error: ValueError, size: int) -> Problem:
    """Return the problem of a range that a file of `size` bytes does not have (RFC 9110, 15.5.17)."""
    return Problem("range-not-satisfiable", str(error), headers={"Content-Range": f"bytes */{size}"})


def away() -> Problem:
    """Return the problem of a database that cannot be reached."""
    text = f"the database does not answer: ask again in {RETRY_AFTER_S} s; nothing that was stored is lost"
    return Problem("database-away", text, headers=RETRY_LATER)


def crashed(error: BaseException, request: Request) -> Problem:
    """Log an error that nobody expected and return the problem that tells nothing about the inside."""
    request_id = request.scope.get("state", {}).get("request_id")
    _log.error(
        "request failed",
        action="api.failed",
        path=request.url.path,
        request_id=request_id,
        exc_info=(type(error), error, error.__traceback__),
    )
    return Problem("internal", f"it is our fault: tell the operator the request id {request_id}")


def _body_fields(request: Request) -> list[str]:
    """Return the fields that the body of a request may have, as clients write them."""
    body = getattr(request.scope.get("route"), "body_field", None)
    model = getattr(getattr(body, "field_info", None), "annotation", None)
    declared = getattr(model, "model_fields", {})
    return [field.alias or name for name, field in declared.items()]


def _body_fault(error: Mapping[str, Any], fields: Sequence[str]) -> Fault | None:
    """Return the fault of a field of the body, or None where the words of parameters do."""
    place, *path = (str(part) for part in error["loc"])
    words = body_errors.words(error, fields) if place == "body" else None
    if words is None:
        return None
    no_json = body_errors.is_no_json(error)
    return Fault(
        parameter=place if no_json else ".".join(path) or place,
        place=place,
        value=None if no_json else body_errors.text(error.get("input")),
        problem=words.problem,
        expected=words.expected,
        did_you_mean=words.did_you_mean,
    )


def _fault(error: Mapping[str, Any]) -> Fault:
    place, *path = (str(part) for part in error["loc"])
    value = error.get("input")
    missing = error["type"] == "missing"
    return Fault(
        parameter=".".join(path) or place,
        place=place,
        value=None if missing else str(value)[:200],
        problem="it is missing" if missing else f"{str(value)[:200]!r} cannot be used",
        expected=_expected(error),
        did_you_mean=_nearest_choice(error),
    )


def _nearest_choice(error: Mapping[str, Any]) -> tuple[str, ...]:
    """Return which of a parameter's few values a client may have meant."""
    if error["type"] not in {"enum", "literal_error"}:
        return ()
    choices = re.findall(r"'([^']+)'", str(error.get("ctx", {}).get("expected")))
    return tuple(suggest.nearest(str(error.get("input")), dict.fromkeys(choices, ())))


def _expected(error: Mapping[str, Any]) -> str:
    limits = error.get("ctx", {})
    kind = str(error["type"])
    texts = {
        "less_than_equal": f"at most {_number(limits.get('le'))}",
        "greater_than_equal": f"at least {_number(limits.get('ge'))}",
        "string_too_long": f"at most {limits.get('max_length')} characters",
        "string_too_short": f"at least {limits.get('min_length')} characters",
        "enum": f"one of {limits.get('expected')}",
        "literal_error": f"one of {limits.get('expected')}",
        "missing": "a value: it is required",
    }
    if kind in texts:
        return texts[kind]
    return next((text for start, text in _TYPES.items() if kind.startswith(start)), str(error["msg"]))


_TYPES = {
    "int": "a whole number",
    "bool": "true or false",
    "float": "a number",
    "date": "a date such as 2026-11-22",
}


def _number(value: float | None) -> str:
    return "?" if value is None or not math.isfinite(value) else f"{value:,}"
