"""What the settings of ingest do: one run each of batch100, single and freshness (`python -m bench.tuning`).

Each setting is changed alone; the first line has them all at their defaults.
"""

from __future__ import annotations

import argparse
import json

import psutil
from rich.box import SIMPLE
from rich.table import Table

from bench import freshness, throughput
from bench.city import DEVICES, Bench, services
from bench.figure import err, out, steps

#: setting, and the values beside its default
SETTINGS = {
    "batch_rows": (5_000, 50_000),
    "batch_age_ms": (5, 50),
    "receive_maximum": (500, 10_000),
}


def measure(bench: Bench, scale: float, **settings: str) -> dict[str, float]:
    """Measure messages of 100 readings and of one: how many a second, and how fresh at half of the rates."""
    age_ms = int(settings.get("HALONG_INGEST_BATCH_AGE_MS", freshness.AGE_MS))
    batch = throughput.batch100(bench, scale, **settings).messages_per_s
    single = throughput.single(bench, scale, **settings).messages_per_s
    settings.pop("HALONG_INGEST_BATCH_AGE_MS", None)
    seconds = freshness.WARM_UP_S + max(1.0, freshness.SECONDS * scale)
    hundreds = freshness.freshness(
        bench,
        throughput.rate(bench, "batch100", scale) / 2,
        DEVICES,
        seconds=seconds,
        age_ms=age_ms,
        **settings,
    )
    ones = freshness.freshness(
        bench, throughput.rate(bench, "single", scale) / 2, 1, seconds=seconds, age_ms=age_ms, **settings
    )
    return {
        "batch100_rows_per_s": round(batch * DEVICES),
        "single_msgs_per_s": round(single),
        "p50_ms": round(hundreds.p50),
        "p99_ms": round(hundreds.p99),
        "single_p50_ms": round(ones.p50),
        "single_p99_ms": round(ones.p99),
    }


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=float, default=1.0, help="share of the usual number of messages")
    parser.add_argument("--only", choices=SETTINGS, nargs="*", default=list(SETTINGS), help="these settings")
    options = parser.parse_args()
    changes = [(name, value) for name in options.only for value in SETTINGS[name]]
    found: dict[str, dict[str, float]] = {}
    err.print(f"load average before: {psutil.getloadavg()[0]:.1f}")
    with services() as bench:
        found["defaults"] = measure(bench, options.scale)
        for name, value in steps(changes, "tuning"):
            setting = {f"HALONG_INGEST_{name.upper()}": str(value)}
            found[f"{name}={value}"] = measure(bench, options.scale, **setting)
    table = Table("setting", *found["defaults"], box=SIMPLE)
    for name, figures in found.items():
        table.add_row(name, *(f"{each:,}" for each in figures.values()))
    out.print(table)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
