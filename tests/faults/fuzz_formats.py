"""Malformed payloads for all decoders: `make fuzz`, or `python -m tests.faults.fuzz_formats --count 10000`.

Payloads are mutated from the golden folders and from what the encoders write. No decoder may raise, and what
one returns must hold together. Each part of 10,000 inputs comes from a seed of its own, which is told with a
failure; the same seed makes the same inputs.
"""

from __future__ import annotations

import argparse
import inspect
import json
import math
import multiprocessing
import os
import pkgutil
import sys
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.progress import track

import ingest.formats
from bench.format_samples import KNOWN, samples
from ingest.formats.format import formats, read
from ingest.formats.readings import Readings
from tests.faults.fuzz import mutate
from tests.faults.fuzz_grammar import document_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

FOLDERS = Path(__file__).resolve().parents[1] / "testcases"
#: inputs of one seed
PART = 10_000


class Failure(NamedTuple):
    """An input that a decoder did not take as it should: seed, decoder, input, what happened."""

    seed: int
    decoder: str
    payload: bytes
    words: str


@cache
def decoders() -> dict[str, Callable[[bytes], object]]:
    """Return every decoder by name: the formats', the whole reading, and each module's `decode`.

    A decoder that takes what is known of the gateway besides is given the bench's registry.
    """
    found: dict[str, Callable[[bytes], object]] = {each.name: each.decode for each in formats().values()}
    found["any format"] = partial(read, content_type=None)
    for module in pkgutil.iter_modules(ingest.formats.__path__):
        decode = getattr(import_module(f"ingest.formats.{module.name}"), "decode", None)
        if callable(decode) and decode not in found.values():
            found[module.name] = partial(decode, known=KNOWN) if "known" in _parameters(decode) else decode
    return found


def _parameters(function: Callable[..., object]) -> Sequence[str]:
    return [*inspect.signature(function).parameters]


@cache
def corpus(name: str) -> tuple[bytes, ...]:
    """Return well and badly formed payloads for a decoder, from golden folders and from the encoders."""
    folders = FOLDERS if name == "any format" else FOLDERS / name
    found = [path.read_bytes() for path in sorted(folders.rglob("payload.json"))]
    found += [bytes.fromhex(path.read_text("ascii")) for path in sorted(folders.rglob("payload.hex"))]
    found += [
        bytes.fromhex(message["payload"])
        for path in sorted(folders.rglob("messages.json"))
        for message in json.loads(path.read_text("utf-8"))
        if "payload" in message
    ]
    written = samples()
    found += [written[each].payload(count) for each in written if each == name for count in (1, 3)]
    return tuple(payload for payload in found if payload) or (b"\0",)


def fuzz(seed: int, count: int = PART) -> list[Failure]:
    """Give so many inputs, made from a seed, to all decoders in turn; return those that fail."""
    rng = Random(seed)
    names = [*decoders()]
    made = (_one(rng, seed, names[number % len(names)]) for number in range(count))
    return [failure for failure in made if failure]


def _one(rng: Random, seed: int, name: str) -> Failure | None:
    payload = _payload(rng, name)
    try:
        _check(decoders()[name](payload))
    except Exception as error:  # noqa: BLE001  (whatever it is, it is what is looked for)
        return Failure(seed, name, payload, f"{type(error).__name__}: {error}")
    return None


def _payload(rng: Random, name: str) -> bytes:
    """Return a mutated payload of the decoder or, rarely, of another one; or a document of known words."""
    chance = rng.random()
    if chance < 0.05:
        name = rng.choice([*decoders()])
    if chance > 0.7:
        return document_of(rng, binary="cbor" in name)
    return mutate(rng, rng.choice(corpus(name)))


def _check(found: object) -> None:
    """Raise if what a decoder returns does not hold together."""
    if not isinstance(found, Readings):
        return
    columns: tuple[Sequence[Any], ...] = (
        found.devices, found.properties, found.times, found.values, found.places, found.units or found.values,
    )  # fmt: skip
    assert len({len(column) for column in columns}) == 1, "columns differ in length"
    assert all(type(time) is int for time in found.times), "a time is no integer"
    assert all(type(value) is float and math.isfinite(value) for value in found.values), "no finite float"
    assert all(problem.count > 0 and problem.detail for problem in found.problems), "a problem without words"
    for index in {0, len(found.values) - 1} if found.values else ():
        assert found.path(index).startswith("$")


def run(count: int, seed: int, processes: int) -> Iterator[Failure]:
    """Yield the failures of so many inputs, with a progress bar."""
    seeds = range(seed, seed + math.ceil(count / PART))
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        parts = pool.imap_unordered(fuzz, seeds)
        for failures in track(parts, f"{len(seeds) * PART:,} inputs", total=len(seeds)):
            yield from failures


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the fuzzer; the exit code tells whether every decoder held."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.fuzz_formats", description=__doc__)
    number = partial(parser.add_argument, type=int)
    number("--count", default=1_000_000, help="inputs over all decoders (default 1000000)")
    number("--seed", default=1, help="of the first 10,000 inputs (default 1)")
    number("--processes", default=min(2, os.cpu_count() or 1), help="at once (default 2)")
    options = parser.parse_args(arguments)
    failed = 0
    for failure in run(options.count, options.seed, options.processes):
        failed += 1
        print(f"{failure.decoder}, seed {failure.seed}: {failure.words}\n  {failure.payload[:200].hex()}")
        if failed == 20:
            break
    print(f"{len(decoders())} decoders ({', '.join(decoders())}): {failed} failures")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
