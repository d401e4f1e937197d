"""How fast indicators are computed, each figure beside its limit of the same run: `make bench-analytics`.

The city is the profile's with its simulated devices, repeated until there are as many datastreams as asked
for; each measures every 10 s. Every computation is a process of its own, so that its peak memory is its own.
The last line printed is one JSON object, {name: {"ours", "limit", "ratio"}}.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil

from analytics.indicator import INDICATORS
from bench.analytics_city import END, HOUR, INTERVAL_S, STREAMS, Stored, Wanted, stored
from bench.analytics_runs import alone, bare_rate, computed, flagged, history, late, read_rate
from bench.city import Bench, services
from bench.figure import Figure, err, out, show, steps

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PEAK_MB = 500
_YEAR = Wanted(copies=1, hours=365 * 24, interval_s=300, observed_property="sound_laeq")
_YEARS_INDICATOR = "laeq_1h"


@dataclass(frozen=True)
class Task:
    """What parts measure: running services, the size of the city, and how often."""

    bench: Bench
    copies: int
    runs: int

    @property
    def whole(self) -> Wanted:
        """The city with a day of observations, and what its first hours read."""
        return Wanted(self.copies, 26)


def store_figures(task: Task) -> dict[str, Figure]:
    """Store what the other parts measure: for --keep."""
    for wanted in (task.whole, Wanted(task.copies // 2, 26), Wanted(task.copies, 2), _YEAR):
        with stored(task.bench, wanted):
            pass
    return {}


def read_figures(task: Task) -> dict[str, Figure]:
    figure = Figure(what="an hour of all datastreams; limit: bare COPY by libpq", aim="≥ 0.8")
    with stored(task.bench, task.whole) as city:
        for _ in steps(range(task.runs), "reading"):
            bare = alone(bare_rate, city.url, city.ids, END - HOUR, END)
            figure.add(alone(read_rate, city.url, city.ids, END - HOUR, END), bare)
    return {"read_rows_per_s": figure}


def hour_figures(task: Task) -> dict[str, Figure]:
    """One hour after the other, as analytics computes them."""
    rows = task.copies * STREAMS * 3600 / INTERVAL_S
    hour = Figure(what=f"an hour of all indicators, {rows:,.0f} observations; limit: bare COPY", aim="10 s")
    peak = Figure(what="peak memory of that process; limit: aim", aim="< 500 MB")
    flags = Figure(what="flags of that hour; limit: bare COPY of it")
    with stored(task.bench, task.whole) as city:
        _before(city)
        for _ in steps(range(task.runs), "hours"):
            bare_s = rows / alone(bare_rate, city.url, city.ids, END - HOUR, END)
            flags.add(alone(flagged, city.url, END - HOUR, END).seconds, bare_s)
            took = alone(computed, city.url, END - HOUR, END, "HOUR")
            hour.add(took.seconds, bare_s)
            peak.add(took.peak_mb, _PEAK_MB)
    out.print(f"one hour: {took.counts.computed:,} values of {len(INDICATORS)} indicators")
    return {"hour_s": hour, "hour_peak_mb": peak, "hour_flags_s": flags}


def _before(city: Stored) -> None:
    """Compute the hour before END's, so that what an hour keeps for the next one is there."""
    alone(computed, city.url, END - 2 * HOUR, END - HOUR, "HOUR")


def growth_figures(task: Task) -> dict[str, Figure]:
    half = task.copies // 2
    what = f"an hour of all indicators; limit: that of {half * STREAMS:,} datastreams, in proportion"
    figure = Figure(what=what, aim="≤ 1.05")
    with stored(task.bench, Wanted(half, 26)) as small, stored(task.bench, task.whole) as city:
        for each in (small, city):
            _before(each)
        for _ in steps(range(task.runs), "growth"):
            ours, other = (alone(computed, c.url, END - HOUR, END, "HOUR").seconds for c in (city, small))
            figure.add(ours, other * task.copies / half)
    return {"growth_s": figure}


def late_figures(task: Task) -> dict[str, Figure]:
    figure = Figure(what="a late hour beside a day of history; limit: beside two hours", aim="≤ 1.3")
    peak = Figure(what="peak memory of that process; limit: aim", aim="< 500 MB")
    with stored(task.bench, task.whole) as city, stored(task.bench, Wanted(task.copies, 2)) as small:
        for each in (city, small):
            # As analytics has it: all that reads the hour was computed, and what is made of it is kept.
            alone(computed, each.url, END - 2 * HOUR, END, "HOUR")
            alone(computed, each.url, END - 24 * HOUR, END, "DAY", "DAY")
            alone(late, each.url, END - 2 * HOUR, 0.5)
        for n in steps(range(task.runs), "late hours"):
            ours, limit = (alone(late, each.url, END - 2 * HOUR, 1.0 + n) for each in (city, small))
            figure.add(ours.seconds, limit.seconds)
            peak.add(ours.peak_mb, _PEAK_MB)
    return {"late_hour_s": figure, "late_hour_peak_mb": peak}


def day_figures(task: Task) -> dict[str, Figure]:
    rows = task.copies * STREAMS * 86_400 / INTERVAL_S
    seconds = Figure(what="one day of all indicators; limit: bare COPY of its observations", aim="240 s")
    peak = Figure(what="peak memory of that process; limit: aim", aim="< 500 MB")
    with stored(task.bench, task.whole) as city:
        bare = alone(bare_rate, city.url, city.ids, END - HOUR, END)
        took = alone(computed, city.url, END - 24 * HOUR, END, "DAY")
    seconds.add(took.seconds, rows / bare)
    peak.add(took.peak_mb, _PEAK_MB)
    out.print(f"one day: {took.counts.computed:,} values")
    return {"day_s": seconds, "day_peak_mb": peak}


def year_figures(task: Task) -> dict[str, Figure]:
    with stored(task.bench, _YEAR) as city:
        start = END - _YEAR.hours * HOUR
        rows = len(city.ids) * _YEAR.hours * 3600 / _YEAR.interval_s
        bare_s = rows / alone(bare_rate, city.url, city.ids, start, END)
        took = alone(history, city.url, _YEARS_INDICATOR, start, END)
    what = f"a year of {_YEARS_INDICATOR}, {rows:,.0f} observations, day by day; limit: bare COPY of them"
    seconds, peak = Figure(what=what), Figure(what="peak memory of that process; limit: aim", aim="< 500 MB")
    seconds.add(took.seconds, bare_s)
    peak.add(took.peak_mb, _PEAK_MB)
    out.print(f"one year: {took.counts.computed:,} values")
    return {"year_s": seconds, "year_peak_mb": peak}


class Part(NamedTuple):
    """One part of the bench."""

    figures: Callable[[Task], dict[str, Figure]]
    words: str
    #: measured unless told otherwise
    usual: bool = True


PARTS = {
    "store": Part(store_figures, "store what the others measure, with --keep", usual=False),
    "read": Part(read_figures, "reading a window"),
    "hour": Part(hour_figures, "flags and all indicators of an hour"),
    "growth": Part(growth_figures, "an hour of half the city"),
    "late": Part(late_figures, "a late hour"),
    "day": Part(day_figures, "a day of all indicators"),
    "year": Part(year_figures, "a year of one indicator"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the bench."""
    options, began = _parser().parse_args(arguments), psutil.getloadavg()
    if unknown := set(options.only) - PARTS.keys():
        raise SystemExit(f"--only {','.join(unknown)}: no such part; there are {', '.join(PARTS)}")
    if began[0] > 0.5:
        err.print(f"the machine is busy (load average {began[0]:.1f}): the figures will be lower and wider")
    found: dict[str, Figure] = {}
    with services(options.keep) as bench:
        task = Task(bench, max(2, round(options.datastreams / STREAMS)), options.runs)
        for name in options.only:
            figures = PARTS[name].figures(task)
            # Told at once: whoever ends a long bench keeps what it has measured.
            out.print({each: figure.summary for each, figure in figures.items()})
            found |= figures
    show(found, began)


def _parser() -> argparse.ArgumentParser:
    parts = "\n".join(f"  {name:8}{' ' if p.usual else '*'} {p.words}" for name, p in PARTS.items())
    parser = argparse.ArgumentParser(
        prog="make bench-analytics", description=__doc__, epilog=f"parts:\n{parts}\n\n{_EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--datastreams", type=int, default=5000, help="of the city (default 5000)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each figure (default 3)")
    parser.add_argument(
        "--only",
        type=lambda text: text.split(","),
        default=[name for name, part in PARTS.items() if part.usual],
        metavar="PART,…",
        help="measure these parts; default: those without a *",
    )
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="keep the databases there for the next call: 9 GB"
    )
    return parser


_EXAMPLES = """\
examples:
  make bench-analytics                                          9 GB of disk, about half an hour
  make bench-analytics ARGS="--datastreams 1450 --runs 1 --only read,hour,late"     quickly: does it work?
  make bench-analytics ARGS="--keep /tmp/bench --only store"    store once, then measure part by part:
  make bench-analytics ARGS="--keep /tmp/bench --only day"
Each needs an otherwise idle machine.
"""

if __name__ == "__main__":
    main()
