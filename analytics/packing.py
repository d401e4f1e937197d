"""Months of values that nothing has changed for a while, packed for those who read years of them."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from storage.packed_values import pack

if TYPE_CHECKING:
    from psycopg import AsyncConnection

#: A month is packed when nothing in it has changed for so long: of hourly values, when it is over.
CALM: Final = timedelta(minutes=90)
#: how long one call goes on, s
_AT_ONCE_S: Final = 1.0


async def pack_calm(conn: AsyncConnection[Any], calm: timedelta = CALM, at_once_s: float = _AT_ONCE_S) -> int:
    """Pack months that are calm, the newest first, and return how many; what is left is for the next call.

    Args:
        conn: without an open transaction.
        calm: for how long nothing has changed in a month.
        at_once_s: after which no other month is begun, s.
    """
    until, count = time.monotonic() + at_once_s, 0
    while time.monotonic() < until and await pack(conn, calm):
        count += 1
    return count
