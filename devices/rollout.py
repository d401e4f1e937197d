"""How a firmware is rolled out: who is offered it when, and when that ends. Pure.

A stage is over when each of its gateways that was there has reported the new firmware and has then been there
for the time to settle, or has failed. Who was away is offered it when it is back, while the roll-out runs.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime, timedelta

TargetState = Literal["waiting", "offered", "updated", "failed"]
State = Literal["running", "halted", "stopped", "done"]


class StagesError(ValueError):
    """Stages are no shares that rise to 100."""


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """A roll-out that runs; `stages` are %, `stage` counts from 1, `max_failed` is %."""

    id: int
    version: str
    stages: Sequence[int]
    stage: int
    settle: timedelta
    max_failed: int


@dataclass(frozen=True, kw_only=True)
class Target:
    """A gateway of a roll-out, and how it is doing.

    is_there: it is online and heard. reports: it has said since the offer that it has the new firmware.
    error: why it could not apply the configuration with the offer.
    """

    gateway: str
    stage: int
    state: TargetState
    offered_at: datetime | None
    ended_at: datetime | None
    is_there: bool
    reports: bool
    error: str | None = None


@dataclass(frozen=True)
class Step:
    """What is to be done: codes of gateways, and what becomes of the roll-out."""

    offer: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    failed: dict[str, str] = field(default_factory=dict)
    withdraw: tuple[str, ...] = ()
    stage: int = 1
    state: State = "running"
    reason: str = ""


def parse_stages(text: str) -> list[int]:
    """Return stages from text such as 5,25,100.

    Raises:
        StagesError: they are none.
    """
    try:
        stages = [int(each) for each in text.split(",")]
    except ValueError:
        raise StagesError(f"{text!r} are no shares in %, such as 5,25,100") from None
    if stages != sorted(set(stages)) or stages[0] < 1 or stages[-1] != 100:
        raise StagesError(f"{text!r}: shares rise, from 1 at the least to 100, such as 5,25,100")
    return stages


def staged(gateways: Collection[str], stages: Sequence[int], seed: str) -> dict[str, int]:
    """Return each gateway's stage, from 1: as if drawn by lot, but the same for the same seed."""

    def lot(code: str) -> str:
        return hashlib.sha256(f"{seed}/{code}".encode()).hexdigest()

    ordered, found = sorted(gateways, key=lot), {}
    for place, code in enumerate(ordered):
        # The first one is of the first stage, however small its share is.
        share = 100 * place / len(ordered)
        found[code] = next(number for number, most in enumerate(stages, 1) if share < most)
    return found


def step(rollout: Rollout, targets: Sequence[Target], now: datetime) -> Step:
    """Return what is to be done of a roll-out at an instant."""
    failed = {each.gateway: why for each in targets if (why := _failure(rollout, each, now))}
    updated = tuple(
        t.gateway for t in targets if t.state == "offered" and t.reports and t.gateway not in failed
    )
    lost = sum(each.state == "failed" or each.gateway in failed for each in targets)
    asked = sum(each.state != "waiting" for each in targets)
    if lost and 100 * lost > rollout.max_failed * asked:
        return _halted(rollout, targets, failed, updated, f"{lost} of {asked} gateways failed")
    open_ = [t for t in targets if t.stage <= rollout.stage and _is_open(rollout, t, failed, now)]
    ready = [t for t in targets if t.state == "waiting" and t.is_there]
    stage = rollout.stage
    if not open_ and not any(t.stage <= stage for t in ready) and _has_begun(targets, stage):
        stage = min(stage + 1, len(rollout.stages))
    offer = tuple(each.gateway for each in ready if each.stage <= stage)
    ended = {each.gateway for each in targets if each.state in ("updated", "failed")} | failed.keys()
    is_over = not open_ and len(ended) == len(targets)
    state: State = "done" if is_over else "running"
    return Step(offer, updated, failed, (), stage, state)


def _halted(
    rollout: Rollout, targets: Sequence[Target], failed: dict[str, str], updated: tuple[str, ...], why: str
) -> Step:
    """Return the step that ends it, and takes the offer back from everyone who has not the firmware."""
    back = tuple(t.gateway for t in targets if t.state in ("offered", "failed") and not t.reports)
    return Step((), updated, failed, back, rollout.stage, "halted", why)


def _failure(rollout: Rollout, target: Target, now: datetime) -> str | None:
    if target.state == "offered" and target.offered_at is not None:
        if target.error:
            return f"it refused: {target.error}"
        if target.offered_at + rollout.settle <= now and not target.reports:
            return "it still has another firmware" if target.is_there else "it did not come back"
    settling = target.ended_at is not None and target.ended_at + rollout.settle > now
    if target.state == "updated" and settling and not target.is_there:
        return "it went away after the update"
    return None


def _is_open(rollout: Rollout, target: Target, failed: Collection[str], now: datetime) -> bool:
    """Tell whether a gateway still has to report, or to settle."""
    if target.gateway in failed:
        return False
    settled = target.ended_at is not None and target.ended_at + rollout.settle <= now
    return target.state == "offered" or (target.state == "updated" and not settled)


def _has_begun(targets: Sequence[Target], stage: int) -> bool:
    """Tell whether somebody of a stage has shown how it goes, or nobody is in it."""
    mine = [each for each in targets if each.stage == stage]
    return not mine or any(each.state in ("updated", "failed") for each in mine)
