"""Malformed messages from a seed: mutated bytes for any format, broken native messages of known outcome."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

#: A payload of this size still fits into the broker's largest packet.
LARGE = 1_000_000


# --- any format: the outcome is the decoder's to tell ---


def flip_bits(rng: Random, payload: bytes) -> bytes:
    mutated = bytearray(payload)
    for _ in range(rng.randint(1, 8)):
        mutated[rng.randrange(len(mutated))] ^= 1 << rng.randrange(8)
    return bytes(mutated)


def truncate(rng: Random, payload: bytes) -> bytes:
    return payload[: rng.randrange(len(payload))]


def remove_slice(rng: Random, payload: bytes) -> bytes:
    start = rng.randrange(len(payload))
    return payload[:start] + payload[start + rng.randint(1, 12) :]


def repeat_slice(rng: Random, payload: bytes) -> bytes:
    start = rng.randrange(len(payload))
    piece = payload[start : start + rng.randint(1, 40)]
    return payload[:start] + piece * rng.randint(2, 50) + payload[start:]


def insert_bytes(rng: Random, payload: bytes) -> bytes:
    """Put in what parsers stumble over: NUL, invalid UTF-8, a lone surrogate, brackets, a long number."""
    piece = rng.choice(
        [
            b"\0",
            b"\xff\xfe",
            b"\xc0\x80",
            b"\xed\xa0\x80",
            b"\\ud800",
            b"[" * 200,
            b"{",
            b'"',
            b"9" * 400,
            b"e999",
        ]
    )
    start = rng.randrange(len(payload))
    return payload[:start] + piece + payload[start:]


def random_bytes(rng: Random, payload: bytes) -> bytes:
    return rng.randbytes(rng.randint(0, 64))


MUTATIONS: tuple[Callable[[Random, bytes], bytes], ...] = (
    flip_bits, truncate, remove_slice, repeat_slice, insert_bytes, random_bytes,
)  # fmt: skip


def mutate(rng: Random, payload: bytes) -> bytes:
    """Return the payload after one to three mutations."""
    for _ in range(rng.randint(1, 3)):
        payload = rng.choice(MUTATIONS)(rng, payload or b"\0")
    return payload


# --- the native form: what must come of a message is known from how it was made ---


@dataclass(frozen=True)
class Case:
    """A message and what must come of it.

    `stored` are (milliseconds, value) of the readings that are in form; `refused` counts readings by reason.
    """

    payload: bytes
    stored: list[tuple[int, float]] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)


#: JSON texts in place of a value that stand for no finite number
NO_NUMBERS = (
    '"31.2"', '""', "null", "{}", '{"v": 1}', "[]", "[1.0]", "NaN", "nan", "-Infinity", "inf", "1e999",
    "-1e400", "9" * 400, "-" + "9" * 5000, '"\\ud800"', '"\\u0000"', "[" * 300 + "]" * 300,
    '{"a":' * 200 + "1" + "}" * 200,
)  # fmt: skip
#: JSON texts in place of a time
NO_TIMES = (
    '"2026-01-15 08:00:00"', '"2026-01-15T08:00:00"', '"2026-02-30T08:00:00Z"', '"15/01/2026"', '""',
    '"\\ud800"', "null", "true", "1.5", "1e12", "[]", "{}", "9" * 20, "-" + "9" * 5000, "253402300800000",
    '"10000-01-01T00:00:00Z"', '"2026-01-15T08:00:61Z"', '"2026-01-15T24:00:00Z"',
    '"2026-01-15T08:00:00+24:00"', '"٢٠٢٦-01-15T08:00:00Z"',
)  # fmt: skip
#: JSON texts in place of a reading
NO_READINGS = ("1", "null", '"reading"', "[]", "[[]]", "true", "[" * 300 + "]" * 300)
#: JSON texts in place of a number of a message
NO_SEQS = ('"1"', "-1", "1.0", "true", "[]", "{}", "9223372036854775807", "9" * 5000)
NO_DOCUMENTS = (
    b"", b" ", b"\0", b"\0" * 64, b"\xff" * 32, b"{", b"}", b"readings", b"{'readings': []}",
    b'{"readings": [,]}', b"[" * 100_000, b'{"readings": ' * 5_000,
    b'{"readings": [{"time": 1, "pm10\0": 1}]}', b'{"readings": [{"\xed\xa0\x80": 1}]}',
    b'{"readings": [{"\xc0\x80": 1}]}', b'{"readings": [{"time": 01}]}',
)  # fmt: skip


class NativeFuzzer:
    """Broken native messages; their good readings are pm10 of `device`, each at a time of its own."""

    def __init__(self, rng: Random, device: str, start_ms: int) -> None:
        self._rng = rng
        self._device = device
        self._next_ms = start_ms

    def cases(self, count: int) -> Iterator[Case]:
        """Yield messages of all kinds in random order."""
        kinds = (
            self.bad_value, self.bad_value, self.bad_time, self.bad_reading, self.bad_head, self.unknown,
            self.out_of_range, self.duplicate_keys, self.no_document, self.cut_off, self.other_shape,
        )  # fmt: skip
        for number in range(count):
            yield self.large() if number % 500 == 499 else self._rng.choice(kinds)()

    def good(self) -> Case:
        """A message that is in form."""
        return self._message([])

    def bad_value(self) -> Case:
        values = self._rng.choices(NO_NUMBERS, k=self._rng.randint(1, 3))
        bad = [f'{{"time": {self._time()}, "pm10": {value}}}' for value in values]
        return self._message(bad, value_not_finite=len(bad))

    def bad_time(self) -> Case:
        if self._rng.random() < 0.2:
            return self._message([f'{{"device": "{self._device}", "pm10": 1}}'], time_missing=1)
        time = self._rng.choice(NO_TIMES)
        return self._message([f'{{"device": "{self._device}", "time": {time}, "pm10": 1}}'], time_invalid=1)

    def bad_reading(self) -> Case:
        bad = self._rng.choices(NO_READINGS, k=self._rng.randint(1, 3))
        return self._message(bad, schema=len(bad))

    def bad_head(self) -> Case:
        name = self._rng.choice(("seq", "oldest", "gateway", "retain", "\\u0000", "\\ud800", "k" * 2000))
        value = self._rng.choice(NO_SEQS) if name != "gateway" else self._rng.choice(("1", "[]", "true"))
        return self._message([], f'"{name}": {value}, ', schema=1)

    def unknown(self) -> Case:
        time = self._time()
        if self._rng.random() < 0.5:
            name = self._rng.choice(("pm_10", "", "PM10", "\\ud800", "\\u0000", "' OR 1=1 --", "k" * 5000))
            return self._message([f'{{"time": {time}, "{name}": 1}}'], unknown_property=1)
        device = self._rng.choice(("", "nobody", "\\ud800", "\\u0000", "%s", "d" * 5000))
        return self._message([f'{{"device": "{device}", "time": {time}, "pm10": 1}}'], unknown_device=1)

    def out_of_range(self) -> Case:
        time, value = self._time(), self._rng.choice((-1.0, 2000.5, 1e308, -1e308, 5e-324 * -1))
        case = self._message([self._reading(time, value)], value_out_of_range=1)
        return Case(case.payload, [*case.stored, (time, value)], case.refused)

    def duplicate_keys(self) -> Case:
        """The last of equal keys counts, as JSON parsers have it."""
        time = self._time()
        device = f'"device": "x", "device": "{self._device}"'
        reading = f'{{{device}, "time": 1, "time": {time}, "pm10": null, "pm10": 7}}'
        case = self._message([reading])
        return Case(b'{"readings": 1, ' + case.payload[1:], [*case.stored, (time, 7.0)])

    def no_document(self) -> Case:
        return Case(self._rng.choice(NO_DOCUMENTS), [], {"not_decodable": 1})

    def cut_off(self) -> Case:
        return Case(truncate(self._rng, self._message([]).payload), [], {"not_decodable": 1})

    def other_shape(self) -> Case:
        shape = self._rng.choice(
            (
                "[1]",
                "null",
                "1",
                '"x"',
                "{}",
                '{"readings": null}',
                '{"readings": {}}',
                '{"readings": "\\ud800"}',
            )
        )
        return Case(shape.encode(), [], {"schema": 1})

    def large(self) -> Case:
        """A message near the broker's largest packet: much of one thing."""
        kinds = (self._many_numbers, self._many_objects, self._many_keys, self._long_name, self._much_space)
        if self._rng.random() < 0.2:
            return Case(self._rng.choice((b"[", b"\xff", b'{"a":')) * (LARGE // 5), [], {"not_decodable": 1})
        return self._rng.choice(kinds)()

    def _many_numbers(self) -> Case:
        count = LARGE // 2
        return Case(b'{"readings": [1' + b",1" * (count - 1) + b"]}", [], {"schema": count})

    def _many_objects(self) -> Case:
        count = LARGE // 3
        return Case(b'{"readings": [{}' + b",{}" * (count - 1) + b"]}", [], {"time_missing": count})

    def _many_keys(self) -> Case:
        return self._message([], "".join(f'"{i}": 0, ' for i in range(60_000)), schema=60_000)

    def _long_name(self) -> Case:
        bad = f'{{"time": {self._time()}, "{"k" * (LARGE - 2000)}": 1}}'
        return self._message([bad], unknown_property=1)

    def _much_space(self) -> Case:
        case = self._message([])
        return Case(case.payload + b" " * (LARGE - len(case.payload)), case.stored)

    def _message(self, bad: list[str], head: str = "", **refused: int) -> Case:
        """Some good readings around the bad ones."""
        stored = [
            (self._time(), round(self._rng.uniform(0, 2000), 1)) for _ in range(self._rng.randint(1, 4))
        ]
        texts = [self._reading(*reading) for reading in stored] + bad
        self._rng.shuffle(texts)
        return Case(f'{{{head}"readings": [{", ".join(texts)}]}}'.encode(), stored, refused)

    def _reading(self, time: int, value: float) -> str:
        return json.dumps({"device": self._device, "time": time, "pm10": value})

    def _time(self) -> int:
        self._next_ms += 1
        return self._next_ms
