"""Columns as text, and rows of text as bytes: whole columns at a time, no Python loop over rows. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Sequence

_SECOND_US: Final = 1_000_000
#: 2026-11-22T01:00:00
_TO_SECONDS: Final = 19


def text(column: pa.Array) -> pa.Array:
    """Return a column as text: times in RFC 3339, numbers in their shortest form, nulls as they are."""
    if pa.types.is_timestamp(column.type):
        return _instants(column)
    return pc.cast(column, pa.string())


def _instants(column: pa.Array) -> pa.Array:
    """Return instants in UTC; a fraction is written, with six digits, only where there is one."""
    plain = pc.cast(pc.cast(column, pa.timestamp("us")), pa.string())
    micros = pc.cast(column, pa.int64())
    whole = pc.equal(pc.multiply(pc.divide(micros, _SECOND_US), _SECOND_US), micros)
    short = pc.if_else(whole, pc.utf8_slice_codeunits(plain, 0, _TO_SECONDS), plain)
    return pc.binary_join_element_wise(pc.utf8_replace_slice(short, 10, 11, "T"), "Z", "")


def lines(cells: Sequence[pa.Array], *, separator: str, end: str) -> bytes:
    """Return rows of text cells, shape (n,) each, as bytes; a null is an empty cell."""
    joined = pc.binary_join_element_wise(*cells, separator, null_handling="replace", null_replacement="")
    rows = pc.binary_join_element_wise(joined, end, "")
    # The values of a string array lie one after the other in its third buffer: that is the text.
    _, offsets, data = rows.cast(pa.large_string()).buffers()
    if data is None:
        return b""
    size = int.from_bytes(offsets[len(rows) * 8 : (len(rows) + 1) * 8], "little")
    return bytes(memoryview(data)[:size])
