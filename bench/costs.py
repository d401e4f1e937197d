"""What refusals, late hours and feedback cost: batch100 with each of them, against batch100 without.

One reading refused in every message is the dearest way to refuse a hundredth: each message leaves a row with
its whole payload. The same hundredth in every hundredth message leaves a hundredth of the rows.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bench import throughput
from bench.city import DEVICES, REFUSED, messages, now_ms
from bench.figure import Figure, steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.city import Bench

    Messages = list[tuple[str, bytes]]

_TWO_HOURS_MS = 7_200_000


def figures(bench: Bench, runs: int, scale: float) -> dict[str, Figure]:
    """Readings a second, refused ones included, with each extra; limit: without."""
    found = {
        name: Figure(what=f"batch100 with {words}; limit: without") for name, (words, _) in _EXTRAS.items()
    }
    for _ in steps(range(runs), "costs"):
        plain = throughput.batch100(bench, scale).messages_per_s * DEVICES
        for name, (_, make) in _EXTRAS.items():
            found[name].add(_rate(bench, make(round(throughput.BATCHES * scale))), plain)
    return found


def _rate(bench: Bench, made: Messages) -> float:
    refused = sum(payload.count(f'"{REFUSED}"'.encode()) for _, payload in made)
    with bench.city(throughput.GATEWAYS) as city:
        passage = throughput.pass_through(bench, city, made, len(made) * DEVICES - refused)
    return passage.messages_per_s * DEVICES


def _messages(count: int, *, refused: int = 0, late_ms: int = 0, seq: bool = False) -> Messages:
    return messages(
        throughput.GATEWAYS, count, DEVICES, start_ms=now_ms() - late_ms, refused=refused, seq=seq
    )


def _some_refused(count: int) -> Messages:
    """All readings of every hundredth message are refused."""
    good, bad = _messages(count), _messages(count, refused=DEVICES)
    return [b if i % 100 == 0 else g for i, (g, b) in enumerate(zip(good, bad, strict=True))]


_EXTRAS: dict[str, tuple[str, Callable[[int], Messages]]] = {
    "refused1": ("1 of 100 readings of every message refused", partial(_messages, refused=1)),
    "refused1_messages": ("every hundredth message refused", _some_refused),
    "refused10": ("10 of 100 readings of every message refused", partial(_messages, refused=10)),
    "late2h": (
        "all readings two hours late, queued in late_hours",
        partial(_messages, late_ms=_TWO_HOURS_MS),
    ),
    "feedback": ("seq in every message, down/committed published", partial(_messages, seq=True)),
}
