"""What reading a message costs in each format, beside its bare parser: `make bench-formats`.

Pure functions on one core: no broker, no database. The cost is of decoding and resolving against a registry
of 100 datastreams. Figures are medians of the runs. The last line printed is one JSON object,
{name: {"ours", "limit", "ratio"}}.
"""

from __future__ import annotations

import argparse
import gc
import time
from typing import TYPE_CHECKING

import psutil

from bench.figure import Figure, show, steps
from bench.format_samples import CATALOG, GATEWAY, LIMITS, Sample, samples
from ingest.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: values a message
SIZES = (1, 10, 100)
#: of one measurement
_SECONDS = 0.1


def measure(names: Sequence[str], runs: int, seconds: float = _SECONDS) -> dict[str, Figure]:
    """Measure the named formats: nanoseconds a value, and for the largest messages million values a second.

    Raises:
        RuntimeError: a format does not store all that was written.
    """
    chosen = {name: sample for name, sample in samples().items() if name in names}
    sizes = [(name, count) for name, each in chosen.items() for count in _sizes(each)]
    found = {f"{name}_{count}": _figure(name, count) for name, count in sizes}
    found |= {f"{name}_million_per_s": _rate(name, _sizes(each)[-1]) for name, each in chosen.items()}
    gc.disable()
    for _ in steps(range(runs), "formats"):
        for name, count in sizes:
            ours, limit = _costs(chosen[name], count, seconds)
            found[f"{name}_{count}"].add(ours, limit)
            if count == _sizes(chosen[name])[-1]:
                found[f"{name}_million_per_s"].add(1e3 / ours, 1e3 / limit)
    gc.enable()
    return found


def _sizes(sample: Sample) -> list[int]:
    return sorted({min(count, sample.most) for count in SIZES})


def _figure(name: str, count: int) -> Figure:
    return Figure(what=f"ns a value, {name}, {count} a message, decoded and resolved; limit: parsed alone")


def _rate(name: str, count: int) -> Figure:
    words = (
        f"million values/s on one core, {name}, {count} a message, decoded and resolved; limit: parsed alone"
    )
    return Figure(what=words, aim="ours ≥ 1")


def _costs(sample: Sample, count: int, seconds: float) -> tuple[float, float]:
    """Return nanoseconds a value: ours and the bare parser's, in turn so that a drift hits both."""
    payload = sample.payload(count)
    stored = len(resolve(sample.read(payload), GATEWAY, CATALOG, LIMITS).observations)
    if stored != count:
        raise RuntimeError(f"{stored} of {count} values are stored: mend bench/format_samples.py")
    limit = _time(lambda: sample.bare(payload), seconds)
    ours = _time(lambda: resolve(sample.read(payload), GATEWAY, CATALOG, LIMITS), seconds)
    return ours / count, limit / count


def _time(call: Callable[[], object], seconds: float) -> float:
    """Return nanoseconds a call."""
    calls, end = 0, time.perf_counter() + seconds
    began = time.process_time_ns()
    while time.perf_counter() < end:
        for _ in range(16):
            call()
        calls += 16
    return (time.process_time_ns() - began) / calls


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the bench."""
    known = samples()
    options = _parser(known).parse_args(arguments)
    if unknown := set(options.only) - known.keys():
        raise SystemExit(f"--only {','.join(unknown)}: no such format; there are {', '.join(known)}")
    began = psutil.getloadavg()
    show(measure(options.only, options.runs), began)


def _parser(known: dict[str, Sample]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench-formats", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of each figure (default 5)")
    parser.add_argument(
        "--only",
        type=lambda text: text.split(","),
        default=[*known],
        metavar="FORMAT,…",
        help=f"measure these formats only; there are {', '.join(known)}",
    )
    return parser


if __name__ == "__main__":
    main()
