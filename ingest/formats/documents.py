"""JSON and CBOR documents as Python values, and words about them for refusals."""

from __future__ import annotations

import json
import math
import re
import sys
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

import cbor2
import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_FLOAT = sys.float_info.max
#: longer integers are beyond binary64, and int() would refuse more than 4300 digits
_MAX_DIGITS = 310
#: bytes of the greatest integer that binary64 has room for
_MAX_INTEGER_BYTES = 128
_MAX_DEPTH = 16
_DECODER = msgspec.json.Decoder()
# printf("%f") of a C library writes these; JSON has no word for them.
_BARE_NOT_FINITE = re.compile(rb"(?<=[:,\[\s])([+-]?)(?:nan|inf(?:inity)?)(?=[\s,}\]])", re.IGNORECASE)
#: CBOR data that describes itself (RFC 8949, 3.4.6)
SELF_DESCRIBED = b"\xd9\xd9\xf7"


def parse_json(payload: bytes) -> Any:
    """Return the document of a JSON text. NaN, infinity and numbers beyond binary64 become such floats.

    Raises:
        ValueError, RecursionError: no JSON document.
    """
    try:
        return _DECODER.decode(payload)
    except msgspec.DecodeError:
        # The slow path saves the neighbours of a NaN or of a number beyond binary64.
        return json.loads(_BARE_NOT_FINITE.sub(rb"NaN", payload), parse_int=_integer)


def parse_cbor(payload: bytes) -> Any:
    """Return the document of a CBOR item.

    Integers and decimal fractions (tag 4) become int and float, infinite where they are beyond binary64; all
    other tags stay a CBORTag.

    Raises:
        ValueError: no CBOR item, bytes after it, or nested too deep.
    """
    stream = BytesIO(payload.removeprefix(SELF_DESCRIBED))
    try:
        document = cbor2.CBORDecoder(stream, semantic_decoders=_TAGS, max_depth=_MAX_DEPTH).decode()
    except (cbor2.CBORDecodeError, RuntimeError, TypeError) as error:
        # A map's key that cannot be hashed is a RuntimeError or a TypeError; so is what is nested too deep.
        raise ValueError(str(error)) from None
    if rest := len(stream.getbuffer()) - stream.tell():
        raise ValueError(f"{rest} bytes follow the item")
    return document


def _integer(digits: str) -> float:
    return int(digits) if len(digits) <= _MAX_DIGITS else float(digits)


def _bignum(sign: int, value: Any, _: bool) -> Any:
    if not isinstance(value, bytes):
        return cbor2.CBORTag(2, value)
    if len(value.lstrip(b"\0")) > _MAX_INTEGER_BYTES:
        return sign * math.inf
    number = int.from_bytes(value, "big")
    return number if sign > 0 else -1 - number


def _decimal_fraction(value: Any, _: bool) -> Any:
    # A Decimal of an integer as long as a payload would take minutes.
    match value:
        case [int(exponent), int(mantissa)] if abs(exponent) <= 1000 and abs(mantissa) < 1 << 64:
            return float(f"{mantissa}e{exponent}")
    return cbor2.CBORTag(4, value)


def _keep(tag: int, value: Any, _: bool) -> Any:
    return cbor2.CBORTag(tag, value)


# What cbor2 would make of other tags may cost more than the payload is long: shared references, regular
# expressions, bigfloats.
_KNOWN_TAGS = (*range(64), 100, 256, 258, 260, 261, 1004, 43000, 55799)
_TAGS: dict[int, Callable[[Any, bool], Any]] = {tag: partial(_keep, tag) for tag in _KNOWN_TAGS} | {
    2: partial(_bignum, 1),
    3: partial(_bignum, -1),
    4: _decimal_fraction,
}


def finite_column(column: Sequence[Any], numbers: set[type]) -> Sequence[float] | None:
    """Return finite numbers as floats, column for column; None if it is empty or needs a closer look.

    Args:
        column: values of any type.
        numbers: the types that count as numbers.
    """
    types = {*map(type, column)}
    try:
        values = column if types == {float} else [*map(float, column)] if types <= numbers else None
    except OverflowError:
        return None
    # A NaN or an infinity shows in the sum; a sum that overflows costs only the closer look.
    return values if values and math.isfinite(sum(values)) else None


def show(value: Any) -> str:
    """Return a value as words of a refusal, shortened."""
    if isinstance(value, int) and abs(value) > MAX_FLOAT:
        return "a number beyond binary64"  # str() refuses more than 4300 digits
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()  # as JSON has it
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def kind(value: Any) -> str:
    """Return what a value is in JSON's words."""
    return _KINDS.get(type(value), "a tagged item")


_KINDS = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bytes: "a byte string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}
