"""How UCUM units are written in queries, where nothing shorter is usual."""

from __future__ import annotations

#: `analytics.written.plain_unit` in SQL, of the column `i.unit`
PRINTED_SQL = "translate(i.unit, '.{}', '·')"
