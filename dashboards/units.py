"""How UCUM units are printed where nothing shorter is usual."""

from __future__ import annotations

_PRINTED = str.maketrans({"{": None, "}": None, ".": "·"})
#: the same in SQL, of the column `i.unit`
PRINTED_SQL = "translate(i.unit, '.{}', '·')"


def printed(ucum: str) -> str:
    """Return a UCUM unit without the braces of annotations, a dot between factors: `vehicle·km/d`."""
    return ucum.translate(_PRINTED)
