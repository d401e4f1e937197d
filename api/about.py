"""What a file of indicator values says of itself, to be understood and cited alone. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from analytics.citation import citation, subject
from analytics.steps import offset
from analytics.texts import Text, both

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from api.known import Known, Unit
    from api.periods import Period
    from api.queries import Row
    from api.stand_ins import Series

#: a citation names so many areas, and of more their number
_NAMED: Final = 10


@dataclass(frozen=True)
class File:
    """What a file is of, besides its rows; `period` is None where it is the newest values."""

    as_of: datetime
    zone: ZoneInfo
    period: Period | None = None
    #: the address that was asked; empty where there is none
    request: str = ""

    @property
    def told(self) -> dict[str, str]:
        """What is said of the file as a whole."""
        span = self.period
        period = {} if span is None else {"from": span.start.isoformat(), "to": span.end.isoformat()}
        request = {"request": self.request} if self.request else {}
        return {"as_of": self.as_of.isoformat(), **period, "time_zone": self.zone.key, **request}

    @property
    def when(self) -> str:
        """The period by the city's clock."""
        at = [self.as_of] if self.period is None else [self.period.start, self.period.end]
        local = [each.astimezone(self.zone) for each in at]
        return f"{' – '.join(f'{each:%Y-%m-%d %H:%M}' for each in local)} ({offset(local[0])})"


def about_series(known: Known, codes: Sequence[str], series: Sequence[Series], file: File) -> dict[str, str]:
    """Return what a file of these series says of itself; of all that was asked for where there are none."""
    found = list(dict.fromkeys(each.indicator for each in series)) or codes
    units = {each.unit.id: each.unit for each in series}
    return about([known.indicators[code] for code in found], units.values(), file)


def about(indicators: Iterable[Row], units: Iterable[Unit], file: File) -> dict[str, str]:
    """Return what a file says of itself, its indicators and how they are cited, by name."""
    where = _where(list(units))
    lines = file.told
    for each in indicators:
        lines |= {f"{each['code']} {name}": text for name, text in _of_indicator(each, where, file).items()}
    return lines


def _of_indicator(row: Row, where: Text | None, file: File) -> dict[str, str]:
    name, source = Text(row["name_en"], row["name_vi"]), row["source"]
    if source is None:  # a catalogue that was written without declarations
        return both("name", name)
    rule = Text(*(f"{source[f'document{vi}']}, {source[f'clause{vi}']}" for vi in ("", "_vi")))
    area_rule = Text(*(row["declaration"][f"area_rule{vi}"] for vi in ("", "_vi")))
    told = both("name", name) | both("rule", rule) | {"trust": source["trust"]} | both("area_rule", area_rule)
    if where is None:
        return told
    what = subject(row["code"], row["version"], name, rule)
    return told | both("cite_as", citation(what, where, file.when, file.as_of))


def _where(units: Sequence[Unit]) -> Text | None:
    if not units:
        return None
    if len(units) > _NAMED:
        return Text(f"{len(units)} areas", f"{len(units)} khu vực")
    en, vi = (
        ", ".join(f"{getattr(each, name)} ({each.code}, {words} {each.valid_from})" for each in units)
        for name, words in (("name_en", "in force from"), ("name_vi", "có hiệu lực từ"))
    )
    return Text(en, vi)
