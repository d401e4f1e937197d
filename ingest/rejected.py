"""What a gateway is told on `down/rejected`: the first refusal since the last one, and further ones. Pure."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from ingest.resolve import Refusal

#: further refusals that one message lists, and their bytes: a gateway's buffer may be small
MAX_OTHERS: Final = 20
MAX_OTHERS_BYTES: Final = 3_000


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A refusal as its gateway is told: of `count` readings of one message, for one reason."""

    seq: int | None = None
    reason: str
    at: str
    detail: str | None = None
    stored: bool
    count: int
    #: of its row, or of telling where it has none
    time: datetime


class _Message(Told, frozen=True, kw_only=True, omit_defaults=True):
    others: list[msgspec.Raw] = []
    #: refusals that it stands for and does not list
    more: int = 0


class Pending:
    """What one gateway is still to be told; its size is bounded, whatever is added."""

    def __init__(self, most: int = MAX_OTHERS) -> None:
        """Begin with nothing; so many refusals at `most` are listed behind the first one."""
        self._most = most
        self._listed: list[Told] = []
        self._count = self._more = 0

    def add(self, told: Told) -> None:
        """Take a refusal."""
        self._count += told.count
        self._list(told)

    def absorb(self, later: Pending) -> None:
        """Take what came later."""
        self._count += later._count
        self._more += later._more
        for told in later._listed:
            self._list(told)

    def payload(self) -> bytes:
        """Return what is to be published; something must have been added."""
        return rejected_payload(self._listed, self._count, self._more)

    def _list(self, told: Told) -> None:
        if told.reason == "rate_limited":
            # Whatever else is wrong with it, a gateway must hear that it sends too fast; once is enough.
            known = bool(self._listed) and self._listed[0].reason == told.reason
            self._listed[: int(known)] = [told]
        else:
            self._listed.append(told)
        if len(self._listed) > 1 + self._most:
            self._listed.pop()
            self._more += 1


def told_of(seq: int | None, refusal: Refusal, now: datetime) -> Told:
    """Return a refusal of the message `seq` as its gateway is told at `now`."""
    return Told(
        seq=seq,
        reason=refusal.reason,
        at=refusal.at,
        detail=refusal.detail,
        stored=refusal.stored,
        count=refusal.count,
        time=refusal.time or now,
    )


def rejected_payload(refusals: Sequence[Told], count: int, more: int = 0) -> bytes:
    """Return a payload of `down/rejected`; it has less than 8,192 bytes.

    Args:
        refusals: what it tells, at least one.
        count: readings that it stands for.
        more: further refusals that it stands for.

    Source: wire contract v1, Refusals.
    """
    first, *others = refusals
    shown = _fitting(others)
    head = msgspec.structs.asdict(first) | {"count": count}
    return msgspec.json.encode(_Message(**head, others=shown, more=more + len(others) - len(shown)))


def _fitting(others: Sequence[Told]) -> list[msgspec.Raw]:
    """Return refusals as JSON: all with their details if these fit, or else as many as fit without."""
    whole = _encoded(others)
    if sum(map(len, whole)) <= MAX_OTHERS_BYTES:
        return whole
    short = _encoded(msgspec.structs.replace(each, detail=None) for each in others)
    sizes = accumulate(map(len, short))
    return [each for each, size in zip(short, sizes, strict=True) if size <= MAX_OTHERS_BYTES]


def _encoded(refusals: Iterable[Told]) -> list[msgspec.Raw]:
    return [msgspec.Raw(msgspec.json.encode(each)) for each in refusals]
