"""What Grafana makes of a panel's SQL before the database sees it: variables first, then macros.

It follows the documentation of Grafana 11.6, "PostgreSQL data source: macros" and "Variable syntax: advanced
variable format options", for a data source with `timescaledb` switched on. The tests run every panel with it.
Pure: text in, text out.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Value = str | int | float | tuple[str, ...]

#: The value of a variable whose option "All" is chosen, as it stands in a dashboard's JSON.
ALL: Final = "$__all"

_MACRO: Final = re.compile(r"\$(\w+)\(([^)]*)\)")
_VARIABLE: Final = re.compile(
    r"\$\{(?P<braced>\w+)(?::(?P<format>\w+))?\}|\[\[(?P<square>\w+)(?::(?P<old>\w+))?\]\]|\$(?P<plain>\w+)"
)
_SECONDS: Final = {
    "ms": 0.001,
    "s": 1,
    "m": 60,
    "h": 3600,
    "d": 86400,
    "w": 604800,
    "M": 2592000,
    "y": 31536000,
}

# Below so many seconds between two points -> the interval; shorter ones than 10 s need no dashboard of ours.
_ROUNDED: Final = (
    (12.5, 10), (17.5, 15), (25, 20), (45, 30), (90, 60), (210, 120), (450, 300), (750, 600), (1050, 900),
    (1500, 1200), (2700, 1800), (5400, 3600), (9000, 7200), (16200, 10800), (32400, 21600), (86400, 43200),
    (604800, 86400), (1814400, 604800), (3628800, 2592000),
)  # fmt: skip


class MacroError(ValueError):
    """Grafana would refuse the query, or send it with a macro or variable left in it."""


@dataclass(frozen=True)
class Variable:
    """A template variable as it stands: its value, several as a tuple, or `ALL`."""

    value: Value
    #: may several be chosen, or All: then a value is quoted even where it is alone
    multi: bool = False
    #: what `ALL` stands for
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Context:
    """The dashboard's time range, a panel's interval and the variables."""

    start: datetime
    end: datetime
    interval: timedelta = timedelta(minutes=1)
    variables: Mapping[str, Variable] = field(default_factory=dict)


def expand(sql: str, context: Context) -> str:
    """Return the SQL that Grafana's PostgreSQL data source would run.

    Raises:
        MacroError: a macro or variable is unknown, or lacks arguments.
    """
    return _macros(_interval(_variables(sql, context), context), context)


def seconds(interval: str) -> float:
    """Return the seconds of an interval such as '5m', '1h' or '500ms'.

    Raises:
        MacroError: it is none.
    """
    found = re.fullmatch(r"'?(\d+(?:\.\d+)?)(ms|[smhdwMy])'?", interval.strip())
    if found is None:
        raise MacroError(f"{interval} is no interval: write a number and one of {', '.join(_SECONDS)}")
    return float(found[1]) * _SECONDS[found[2]]


def interval(length: timedelta, points: int, least: timedelta = timedelta(milliseconds=1)) -> timedelta:
    """Return a panel's interval as Grafana rounds it (documentation of `$__interval`; its source: rangeUtil).

    Args:
        length: of the time range.
        points: how many the panel has room for, a pixel each.
        least: the panel's least interval.
    """
    exact = length.total_seconds() / points
    rounded = next((seconds for below, seconds in _ROUNDED if exact < below), _SECONDS["y"])
    return max(timedelta(seconds=rounded), least)


def _variables(sql: str, context: Context) -> str:
    def replace(found: re.Match[str]) -> str:
        name = found["braced"] or found["square"] or found["plain"]
        if name.startswith("__"):
            return _builtin(found, name, context)
        if name not in context.variables:
            raise MacroError(f"${name} is no variable of the dashboard: define it, or choose another name")
        return interpolate(context.variables[name], found["format"] or found["old"])

    return _VARIABLE.sub(replace, sql)


def _builtin(found: re.Match[str], name: str, context: Context) -> str:
    instants = {"__from": context.start, "__to": context.end}
    if name in instants:
        if found["format"] not in (None, "date"):
            raise MacroError(f"{found[0]} has a format that is not known here: leave it out")
        return str(_milliseconds(instants[name]))
    return found[0]


def interpolate(variable: Variable, form: str | None = None) -> str:
    """Return a variable's text in a query, by the format after its colon, or the data source's own way."""
    value = variable.value
    if value in (ALL, (ALL,)):
        value = variable.options
    if form is None:
        return _default(variable, value)
    if form not in _FORMATS:
        raise MacroError(f"format {form} is not known here: choose from {', '.join(_FORMATS)}")
    return _FORMATS[form](tuple(map(str, value)) if isinstance(value, tuple) else (str(value),))


def _default(variable: Variable, value: Value) -> str:
    if isinstance(value, tuple):
        return ",".join(map(quote, value))
    if isinstance(value, int | float):
        return str(value)
    return quote(value) if variable.multi else value.replace("'", "''")


def quote(text: str) -> str:
    """Return an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


_FORMATS: Final[dict[str, Callable[[tuple[str, ...]], str]]] = {
    "csv": ",".join,
    "raw": ",".join,
    "sqlstring": lambda values: ",".join(map(quote, values)),
    "singlequote": lambda values: ",".join("'" + v.replace("'", "\\'") + "'" for v in values),
    "doublequote": lambda values: ",".join('"' + v.replace('"', '\\"') + '"' for v in values),
    "pipe": "|".join,
    "text": " + ".join,
    "json": lambda values: json.dumps(values if len(values) > 1 else values[0], ensure_ascii=False),
}


def _interval(sql: str, context: Context) -> str:
    interval = context.interval.total_seconds()
    for name, text in (
        ("$__interval_ms", f"{interval * 1000:.0f}"),
        ("$__interval", _short(interval)),
        ("$__unixEpochFrom()", str(int(context.start.timestamp()))),
        ("$__unixEpochTo()", str(int(context.end.timestamp()))),
    ):
        sql = sql.replace(name, text)
    return sql


def _short(interval: float) -> str:
    for unit in ("d", "h", "m", "s"):
        if interval >= _SECONDS[unit] and interval % _SECONDS[unit] == 0:
            return f"{interval / _SECONDS[unit]:.0f}{unit}"
    return f"{interval * 1000:.0f}ms"


def _macros(sql: str, context: Context) -> str:
    def replace(found: re.Match[str]) -> str:
        name, arguments = found[1], [argument.strip() for argument in found[2].split(",")]
        # Without an alias, a group that a comma follows is named by Grafana, as it was before it had aliases.
        if name == "__timeGroup" and sql[found.end() : found.end() + 1] == ",":
            name = "__timeGroupAlias"
        if name not in _BY_NAME:
            raise MacroError(f"{found[0]} is no macro of the PostgreSQL data source")
        least, macro = _BY_NAME[name]
        if len([a for a in arguments if a]) < least:
            raise MacroError(f"{found[0]} lacks arguments: it needs {least}")
        return macro(arguments, context)

    expanded = _MACRO.sub(replace, sql)
    if left := re.search(r"\$_\w+|\$\{", expanded):
        raise MacroError(f"{left[0]} is left in the query: is it spelled right?")
    return expanded


def _instant(time: datetime) -> str:
    text = time.astimezone(UTC).isoformat().replace("+00:00", "")
    return f"'{text.rstrip('0') if '.' in text else text}Z'"


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)


def _nanoseconds(time: datetime) -> int:
    return int((time - datetime.fromtimestamp(0, UTC)) / timedelta(microseconds=1)) * 1000


def _time_group(arguments: list[str], _: Context) -> str:
    return f"time_bucket('{seconds(arguments[1]):.3f}s',{arguments[0]})"


def _epoch_group(arguments: list[str], _: Context) -> str:
    width = f"{seconds(arguments[1]):g}"
    return f"floor(({arguments[0]})/{width})*{width}"


def _named(macro: Callable[[list[str], Context], str]) -> Callable[[list[str], Context], str]:
    return lambda arguments, context: f'{macro(arguments, context)} AS "time"'


def _between(bound: Callable[[datetime], object]) -> Callable[[list[str], Context], str]:
    return lambda a, c: f"{a[0]} >= {bound(c.start)} AND {a[0]} <= {bound(c.end)}"


# name -> (arguments at least, expansion); a third argument of a group fills gaps, which Grafana does itself
_BY_NAME: Final[dict[str, tuple[int, Callable[[list[str], Context], str]]]] = {
    "__time": (1, _named(lambda a, _: a[0])),
    "__timeEpoch": (1, lambda a, _: f'extract(epoch from {a[0]}) as "time"'),
    "__timeFilter": (1, lambda a, c: f"{a[0]} BETWEEN {_instant(c.start)} AND {_instant(c.end)}"),
    "__timeFrom": (0, lambda _, c: _instant(c.start)),
    "__timeTo": (0, lambda _, c: _instant(c.end)),
    "__timeGroup": (2, _time_group),
    "__timeGroupAlias": (2, _named(_time_group)),
    "__unixEpochFilter": (1, _between(lambda t: int(t.timestamp()))),
    "__unixEpochNanoFilter": (1, _between(_nanoseconds)),
    "__unixEpochNanoFrom": (0, lambda _, c: str(_nanoseconds(c.start))),
    "__unixEpochNanoTo": (0, lambda _, c: str(_nanoseconds(c.end))),
    "__unixEpochGroup": (2, _epoch_group),
    "__unixEpochGroupAlias": (2, _named(_epoch_group)),
}
