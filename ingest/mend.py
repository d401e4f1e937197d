"""Corrected examples: a reading that is refused, mended where what was meant is evident. Pure.

A mend is a guess that is tried: it stands only if ingest would find less wrong with the payload. Payloads
that are native JSON are mended; of others only the place and the rule are told.
"""

from __future__ import annotations

import json
import re
from ast import literal_eval
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from ingest.formats.compression import unpack
from ingest.formats.documents import parse_json
from ingest.formats.format import choose
from ingest.meant import meant_number, meant_times
from ingest.resolve import closest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime, tzinfo

    from ingest.check import Checked, Checker, Finding
    from ingest.mqtt import Delivery

    _Object = dict[str, Any]
    _Mends = Iterator[tuple[_Object, str]]
    _Mender = Callable[[Any, Finding, "_Workshop"], _Mends]

#: mends of one reading that are tried one after the other
_MAX_ROUNDS = 20
_READING = re.compile(r"\$\.readings\[(\d+)\](?:\.(.+))?", re.DOTALL)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")


class Mended(NamedTuple):
    """A part of a payload as it should be.

    `text` is JSON, empty where no mend is evident; `how` says what was changed; `left` is wrong still.
    """

    at: str
    text: str
    how: tuple[str, ...]
    left: tuple[Finding, ...]


def mend(delivery: Delivery, found: Checked, checker: Checker, zone: tzinfo, now: datetime) -> list[Mended]:
    """Return the readings (or the whole payload) with problems, in the order of the payload, mended.

    Args:
        delivery: the message.
        found: what `checker` found in it.
        checker: tells whether a mend is one.
        zone: the city's, for times without an offset.
        now: the present, for readings without a time.
    """
    payload = unpack(delivery.payload)
    if found.kind != "observations" or not isinstance(payload, bytes) or not found.findings:
        return []
    workshop = _Workshop(delivery, checker, zone, now)
    is_native = choose(payload, delivery.content_type).name == "native"
    try:
        document = parse_json(payload)
    except (ValueError, RecursionError):
        return workshop.whole_text(payload.decode("utf-8", "replace")) if is_native else []
    if not is_native and not _is_bare(document):
        return []
    return workshop.whole(document, found.findings) + workshop.parts(document, found.findings)


def _is_bare(document: object) -> bool:
    """Tell whether it is native readings without the object around them, which look like SenML."""
    return isinstance(document, list) and all(isinstance(e, dict) and "time" in e for e in document)


class _Workshop:
    """Where the parts of one message are mended."""

    def __init__(self, delivery: Delivery, checker: Checker, zone: tzinfo, now: datetime) -> None:
        self._delivery, self._checker, self._zone, self._now = delivery, checker, zone, now

    def findings(self, document: object) -> tuple[Finding, ...]:
        """Return what ingest would find wrong with another payload in place of this message's."""
        payload = json.dumps(document).encode()
        return self._checker.check(msgspec.structs.replace(self._delivery, payload=payload)).findings

    def whole_text(self, text: str) -> list[Mended]:
        """Mend what is no JSON: a comma too many, or the literals of Python."""
        for how, read in (("comma removed", _without_commas), ("written as JSON", literal_eval)):
            try:
                document = read(text)
                mended, more, left = self._in_rounds(document, _mended)
            except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
                continue
            if isinstance(document, dict):
                return [Mended("$", _shown(mended), (how, *more), left)]
        return []

    def whole(self, document: Any, findings: tuple[Finding, ...]) -> list[Mended]:
        """Mend the payload's head, shown with its first reading."""
        if not any(_READING.fullmatch(each.at) is None for each in findings):
            return []
        readings = document.get("readings") if isinstance(document, dict) else None
        first = {**document, "readings": readings[:1]} if isinstance(readings, list) else document
        mended, how, left = self._in_rounds(first, _mended)
        return [Mended("$", _shown(mended), how, left)] if how else []

    def parts(self, document: Any, findings: tuple[Finding, ...]) -> list[Mended]:
        """Mend each reading by itself."""
        places = {place for each in findings if (place := _place(document, each)) is not None}
        found = []
        for place in sorted(places):
            alone = {"readings": [document["readings"][place]]}
            mended, how, left = self._in_rounds(alone, _mended_readings)
            left = tuple(replace(e, at=e.at.replace("[0]", f"[{place}]", 1)) for e in left)
            found.append(
                Mended(f"$.readings[{place}]", _shown(mended["readings"][0]) if how else "", how, left)
            )
        return found

    def _in_rounds(self, document: Any, mends: _Mender) -> tuple[Any, tuple[str, ...], tuple[Finding, ...]]:
        how: list[str] = []
        left = self.findings(document)
        tried = {_shown(document)}
        for _ in range(_MAX_ROUNDS):
            step = self._step(document, left, mends, tried)
            if step is None:
                break
            document, words, left = step
            how.append(words)
        return document, tuple(how), left

    def _step(
        self, document: Any, findings: tuple[Finding, ...], mends: _Mender, tried: set[str]
    ) -> tuple[Any, str, tuple[Finding, ...]] | None:
        """Return the first mend after which a finding is gone; what it hid may show instead."""
        for finding in findings:
            for mended, words in mends(document, finding, self):
                if (text := _shown(mended)) in tried:
                    continue
                tried.add(text)
                left = self.findings(mended)
                if all((each.reason, each.at) != (finding.reason, finding.at) for each in left):
                    return mended, words, left
        return None

    def properties(self, device: str | None) -> tuple[str, ...]:
        """Return what a device measures, as far as that is known."""
        known = self._checker.catalog and self._checker.catalog.gateways.get(self.gateway)
        name = self.gateway if device is None else device
        return tuple(prop for owner, prop in known.streams if owner == name) if known else ()

    def devices(self) -> tuple[str, ...]:
        """Return the gateway's devices, as far as they are known."""
        known = self._checker.catalog and self._checker.catalog.gateways.get(self.gateway)
        return tuple(known.devices) if known else ()

    @property
    def gateway(self) -> str:
        """The gateway that the topic names."""
        return self._delivery.topic.split("/")[-3]

    def times(self, value: Any) -> Iterator[tuple[Any, str]]:
        """Yield what a time may have meant, the likeliest first."""
        return meant_times(value, self._checker.limits, self._zone, self._now)


def _mended(document: Any, finding: Finding, workshop: _Workshop) -> _Mends:
    mends = _mended_heads(document, finding, workshop)
    has_one = (
        isinstance(document, dict) and isinstance(document.get("readings"), list) and document["readings"]
    )
    return chain(mends, _mended_readings(document, finding, workshop)) if has_one else mends


def _mended_heads(document: Any, finding: Finding, workshop: _Workshop) -> _Mends:
    if isinstance(document, list):
        yield {"readings": document}, "array put under readings"
        return
    if not isinstance(document, dict):
        return
    if "readings" not in document:
        yield from _found_readings(document)
    key = finding.at.removeprefix("$.")
    if finding.reason == "gateway_mismatch":
        yield document | {"gateway": workshop.gateway}, "gateway as in the topic"
    elif key in document:
        number = meant_number(document[key])
        if number is not None and number >= 0:
            yield document | {key: int(number)}, f"{key} as an integer"
        yield {name: value for name, value in document.items() if name != key}, f"{key} left out"


def _found_readings(document: _Object) -> _Mends:
    for name, value in document.items():
        if isinstance(value, list):
            rest = {key: each for key, each in document.items() if key != name}
            yield rest | {"readings": value}, f"{name} renamed to readings"
    if "time" in document:
        head = {key: document[key] for key in ("seq", "oldest", "gateway") if key in document}
        reading = {key: value for key, value in document.items() if key not in head}
        yield head | {"readings": [reading]}, "reading put under readings"


def _mended_readings(document: _Object, finding: Finding, workshop: _Workshop) -> _Mends:
    match, place = _READING.fullmatch(finding.at), _place(document, finding)
    if match is None or place is None:
        return
    readings = document["readings"]
    for mended, words in _mended_reading(readings[place], match[2], finding, workshop):
        yield document | {"readings": [*readings[:place], mended, *readings[place + 1 :]]}, words


def _place(document: Any, finding: Finding) -> int | None:
    """Return the place of the reading that a finding is about; None if it is about no object there."""
    match = _READING.fullmatch(finding.at)
    readings = document.get("readings") if isinstance(document, dict) else None
    if match is None or not isinstance(readings, list):
        return None
    place = int(match[1])  # a key may look like a place
    return place if place < len(readings) and isinstance(readings[place], dict) else None


def _mended_reading(reading: _Object, key: str, finding: Finding, workshop: _Workshop) -> _Mends:
    match finding.reason:
        case "time_missing" | "time_invalid" | "time_too_old" | "time_in_future":
            for time, words in workshop.times(reading.get("time")):
                yield _at_start(reading, "time", time), words
        case "value_not_finite" if key in reading:
            number = meant_number(reading[key])
            if number is not None:
                yield reading | {key: number}, f"{key} as a number"
            yield {name: value for name, value in reading.items() if name != key}, f"{key} left out"
        case "unknown_property":
            if near := closest(key.casefold(), workshop.properties(reading.get("device"))):
                yield {near if name == key else name: v for name, v in reading.items()}, f"{key} is {near}"
        case "unknown_device":
            yield from _named_device(reading, workshop.devices())


def _named_device(reading: _Object, codes: tuple[str, ...]) -> _Mends:
    device = reading.get("device")
    if isinstance(device, str) and (near := closest(device.casefold(), codes)):
        yield reading | {"device": near}, f"{device} is {near}"
    elif device is None:
        for code in codes[:20]:
            yield (
                {"device": code} | {k: v for k, v in reading.items() if k != "device"},
                f"device {code} named",
            )


def _at_start(reading: _Object, key: str, value: Any) -> _Object:
    """Return a reading with a value set; a key that it did not have stands after its device."""
    if key in reading:
        return reading | {key: value}
    head = {name: reading[name] for name in ("device",) if name in reading}
    return head | {key: value} | reading


def _without_commas(text: str) -> Any:
    return json.loads(_TRAILING_COMMA.sub(r"\1", text))


def _shown(document: object) -> str:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace").decode()
