"""How fast ingest is, each figure beside its limit measured in the same run: `make bench-ingest`.

Broker, ingest, database and generator share the machine, as in life; limits run alone. Figures are medians
of the runs, with the least and the greatest beside them: a difference within that spread means nothing. The
last line printed is one JSON object, {name: {"ours", "limit", "ratio"}}.
"""

from __future__ import annotations

import argparse
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

import psutil

from bench.city import Bench, services
from bench.figure import Figure, err, show

if TYPE_CHECKING:
    from collections.abc import Sequence


class Part(NamedTuple):
    """One part of the bench: where `function(bench, runs, scale) -> {name: Figure}` stands."""

    module: str
    function: str
    words: str
    #: measured unless told otherwise
    usual: bool = True


PARTS = {
    "batch100": Part("rates", "batch100", "messages of 100 readings"),
    "single": Part("rates", "single", "messages of one reading"),
    "duplicates20": Part("rates", "duplicates20", "20 %% of the messages sent twice"),
    "two_processes": Part("two_processes", "figures", "two ingest processes on the shared subscription"),
    "cpu": Part("cpu", "figures", "processor time by part, beside the bare parts"),
    "freshness": Part("freshness", "figures", "publish to commit at half of the rates, open loop"),
    "live_first": Part("live_first", "figures", "publish to commit beside a flood and a replay", usual=False),
    "growth": Part("growth", "figures", "a full table, and few and many datastreams"),
    "costs": Part("costs", "figures", "what refusals, late hours and feedback cost", usual=False),
}


def available() -> dict[str, Part]:
    """The parts whose modules are installed."""
    return {name: part for name, part in PARTS.items() if find_spec(f"bench.{part.module}")}


def measure(bench: Bench, names: Sequence[str], runs: int, scale: float) -> dict[str, Figure]:
    """Measure the named parts, one after the other.

    Args:
        bench: running services.
        names: of PARTS.
        runs: of each figure.
        scale: share of the usual number of messages.
    """
    found: dict[str, Figure] = {}
    for name in names:
        part = PARTS[name]
        found |= getattr(import_module(f"bench.{part.module}"), part.function)(bench, runs, scale)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the bench."""
    options = _parser().parse_args(arguments)
    unknown = set(options.only) - available().keys()
    if unknown:
        raise SystemExit(f"--only {','.join(unknown)}: no such part; there are {', '.join(available())}")
    began = psutil.getloadavg()
    if began[0] > 0.5:
        err.print(f"the machine is busy (load average {began[0]:.1f}): the figures will be lower and wider")
    with services() as bench:
        found = measure(bench, options.only, options.runs, options.scale)
    show(found, began)


def _parser() -> argparse.ArgumentParser:
    parts = "\n".join(
        f"  {name:14}{' ' if part.usual else '*'} {part.words}" for name, part in available().items()
    )
    parser = argparse.ArgumentParser(
        prog="make bench-ingest",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"parts:\n{parts}\n\n".replace("%%", "%") + _EXAMPLES,
    )
    parser.add_argument("--runs", type=int, default=5, help="runs of each figure (default 5)")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the usual number of messages")
    parser.add_argument(
        "--only",
        type=lambda text: text.split(","),
        default=[name for name, part in available().items() if part.usual],
        metavar="PART,…",
        help="measure these parts; default: those without a *",
    )
    return parser


_EXAMPLES = """\
examples:
  make bench-ingest                                            the usual parts, about a quarter of an hour
  make bench-ingest ARGS="--runs 1 --scale 0.2"                quickly: does it work?
  make bench-ingest ARGS="--only costs,live_first"             those that are left out
  python -m bench.growth --rows 0 10 100                       with 100 million rows (11 GB of disk)
  python -m bench.soak --minutes 10                            memory over ten minutes (11 GB of disk)
  python -m bench.tuning                                       batch rows, batch age, Receive Maximum
Each needs an otherwise idle machine.
"""

if __name__ == "__main__":
    main()
