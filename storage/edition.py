"""TimescaleDB comes in two editions; this file alone knows the difference.

The Apache edition has hypertables, `time_bucket` and `drop_chunks`. The Community edition adds continuous
aggregates and columnstore. A migration is written once, for both:

- `CREATE ROLLUP name AS SELECT …;` becomes a real-time continuous aggregate (Community) or a view (Apache);
- lines between `--: community` and `--: end` are left out with the Apache edition, those between `--: apache`
  and `--: end` with the Community edition.
"""

from __future__ import annotations

import re
from enum import StrEnum

_ROLLUP = re.compile(r"CREATE ROLLUP (\w+) AS\s(.*?);", re.DOTALL)
_ONLY = re.compile(r"^--: (community|apache)\n(.*?)^--: end\n", re.DOTALL | re.MULTILINE)


class Edition(StrEnum):
    """The licence under which TimescaleDB runs, as `SHOW timescaledb.license` tells it."""

    APACHE = "apache"
    COMMUNITY = "timescale"


def render(sql: str, edition: Edition) -> str:
    """Return a migration's SQL for one edition."""
    chosen = _ONLY.sub(lambda only: only[2] if only[1] == edition.name.lower() else "", sql)
    if edition is Edition.COMMUNITY:
        return _ROLLUP.sub(_continuous_aggregate, chosen)
    return _ROLLUP.sub(r"CREATE VIEW \1 AS \2;", chosen)


def _continuous_aggregate(rollup: re.Match[str]) -> str:
    # WITH DATA cannot run inside a transaction; the refresh policy fills it, and
    # materialized_only = false adds what is not filled yet.
    return (
        f"CREATE MATERIALIZED VIEW {rollup[1]} "
        f"WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS\n{rollup[2]}\nWITH NO DATA;"
    )
