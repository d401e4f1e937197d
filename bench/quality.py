"""How well quality control finds the simulators' labelled faults: `make bench-quality`.

A month of a simulated city is spoilt, one kind of fault after the other, once in every datastream; the hours
are judged as the service judges them. What a fault altered are its labels: readings that a fault left as they
were (a dry gauge that reads zero) can't be told from good ones and do not count. Rules were tuned on
seeds 1 and 2.
The last line printed is one JSON object, {name: {"ours", "limit", "ratio"}}: of recall_FAULT the labelled
readings that were found and all labelled ones, of precision_FAULT the flagged readings that are labelled and
all flagged ones, of faults_seen_FAULT the faults of which a reading was found and all faults.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from rich.box import SIMPLE
from rich.table import Table

from analytics.quality_rules import rule_set
from analytics.quality_tests import Stream, judge
from analytics.series import Window
from bench.figure import Figure, out, steps
from devices.profiles import load
from simulators import faults, sampling
from simulators.city import populate
from simulators.signals import Signals
from storage.observations import OBSERVATION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from devices.model import Profile, Thing

    Rows = NDArray[np.void]

FAULTS = tuple(faults.MONTHLY_RATES)
#: January (dry and hazy) and July (rain)
MONTHS = (1, 7)
#: Of one property: each district has one of the stations whose neighbours are looked at.
_STREAMS = 14
_DAYS = 30


@dataclass(frozen=True, eq=False)
class Recorded:
    """A month of one datastream without faults."""

    stream: Stream
    limits: tuple[float, float]
    times: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass
class Score:
    """Readings labelled, flagged and both; faults injected and those of which a reading was flagged."""

    labelled: int = 0
    flagged: int = 0
    both: int = 0
    faults: int = 0
    found: int = 0

    def __add__(self, other: Score) -> Score:
        """Return the sums."""
        return Score(*(mine + theirs for mine, theirs in zip(self.all, other.all, strict=True)))

    @property
    def all(self) -> tuple[int, ...]:
        """Return the five counts."""
        return self.labelled, self.flagged, self.both, self.faults, self.found


def measure(seeds: Sequence[int], days: int = _DAYS, streams: int = _STREAMS) -> dict[tuple[str, str], Score]:
    """Return the score by (observed property, fault); the fault `none` is the month as it is."""
    scores: dict[tuple[str, str], Score] = defaultdict(Score)
    city = load("quang_ninh")
    own = city.properties.get("quality_rules", {})
    for seed, month in steps([(s, m) for s in seeds for m in MONTHS], "months"):
        start = datetime(2026, month, 1, tzinfo=UTC)
        window = Window.of(start, start + timedelta(days=days))
        recorded = list(_record(populate(city, seed=seed), seed, window, streams))
        for fault in ("none", *FAULTS):
            for code, score in _score(recorded, fault, seed, own):
                scores[code, fault] += score
    return dict(scores)


def _record(city: Profile, seed: int, window: Window, streams: int) -> Iterator[Recorded]:
    signals = Signals(city, seed)
    limits = {p.code: (p.minimum, p.maximum) for p in city.observed_properties}
    taken: dict[str, int] = defaultdict(int)
    for thing in (t for g in city.gateways for t in g.things if sampling.is_simulated(t)):
        for code, interval in thing.datastreams.items():
            if code in rule_set().by_property and taken[code] < streams:
                taken[code] += 1
                stream = Stream(sum(taken.values()), code, interval, thing.latitude, thing.longitude)
                yield _series(signals, thing, stream, limits[code], window)


def _series(
    signals: Signals, thing: Thing, stream: Stream, limits: tuple[float, float], window: Window
) -> Recorded:
    times = sampling.grid(thing, stream.interval_s, window.start, window.end)
    values = signals.values(thing, times)[stream.observed_property]
    there = np.isfinite(values)
    return Recorded(stream, limits, times[there], values[there])


def _score(
    recorded: Sequence[Recorded], fault: str, seed: int, own: dict[str, dict[str, object]]
) -> Iterator[tuple[str, Score]]:
    """Spoil every series, judge all hours at once, and yield each datastream's score."""
    spoilt = [_spoil(each, fault, seed) for each in recorded]
    rows = np.concatenate([_rows(r, values) for r, values in zip(recorded, spoilt, strict=True)])
    first = int(rows["time"].min()) // 3_600_000_000 * 3_600_000_000
    last = -(-int(rows["time"].max() + 1) // 3_600_000_000) * 3_600_000_000
    found = judge(rows, [r.stream for r in recorded], rule_set(own).by_property, Window(first, last))
    for r, values in zip(recorded, spoilt, strict=True):
        mine = found[found["datastream_id"] == r.stream.id]
        flagged = np.isin(r.times, mine["time"]) | _is_unphysical(r, values)
        yield r.stream.observed_property, _compared(values != r.values, flagged)


def _spoil(recorded: Recorded, fault: str, seed: int) -> NDArray[np.float64]:
    if fault == "none":
        return recorded.values
    name = f"{recorded.stream.id}/{recorded.stream.observed_property}"
    return faults.at_random(recorded.values, seed=seed, name=name, rates={fault: 1.0}).values


def _is_unphysical(recorded: Recorded, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which values ingest stores as suspect."""
    return np.asarray((values < recorded.limits[0]) | (values > recorded.limits[1]))


def _rows(recorded: Recorded, values: NDArray[np.float64]) -> Rows:
    rows = np.zeros(len(values), OBSERVATION)
    rows["datastream_id"], rows["time"], rows["value"] = recorded.stream.id, recorded.times, values
    rows["quality"] = _is_unphysical(recorded, values)
    return rows


def _compared(labelled: NDArray[np.bool_], flagged: NDArray[np.bool_]) -> Score:
    both = int((labelled & flagged).sum())
    return Score(int(labelled.sum()), int(flagged.sum()), both, int(labelled.any()), int(both > 0))


def table(scores: dict[tuple[str, str], Score]) -> Table:
    """Return recall, precision and faults found, for each property and fault."""
    found = Table(box=SIMPLE)
    for heading in ("property", "fault", "labelled", "found", "recall", "precision", "faults", "seen"):
        found.add_column(heading, justify="left" if heading in {"property", "fault"} else "right")
    for (code, fault), s in sorted(scores.items()):
        if fault == "none":
            found.add_row(code, "(none)", "", f"{s.flagged:,}", "", "", "", "")
        elif s.labelled:
            found.add_row(code, fault, f"{s.labelled:,}", f"{s.both:,}", _share(s.both, s.labelled),
                          _share(s.both, s.flagged), str(s.faults), str(s.found))  # fmt: skip
    return found


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "-"


def figures(scores: dict[tuple[str, str], Score]) -> dict[str, Figure]:
    """Return recall, faults seen and precision over all properties, by fault."""
    found: dict[str, Figure] = {}
    for fault in FAULTS:
        total = sum((s for (_, each), s in scores.items() if each == fault), Score())
        found[f"recall_{fault}"] = Figure([total.both], [total.labelled])
        found[f"faults_seen_{fault}"] = Figure([total.found], [total.faults])
        found[f"precision_{fault}"] = Figure([total.both], [total.flagged])
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the bench."""
    options = _parser().parse_args(arguments)
    scores = measure(options.seeds, options.days)
    out.print(table(scores))
    print(json.dumps({name: figure.summary for name, figure in figures(scores).items()}))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench-quality", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[3], help="of city and faults (default 3)")
    parser.add_argument("--days", type=int, default=_DAYS, help="of each of the months (default 30)")
    return parser


if __name__ == "__main__":
    main()
