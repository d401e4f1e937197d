"""`halong device simulate`: a gateway of the registry or of a profile, played by hand."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from devices.model import Gateway, Thing
from ingest.formats.format import Format, formats
from runtime.device_check import CheckError, city_of, open_desk
from simulators.by_hand import PUBACK, Event, Hand, Message, limits_of, reading, rounds
from simulators.obedience import Obedience
from simulators.refusals import is_of, keeps_number, spoilt, spoilt_payload
from simulators.signals import Signals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from devices.catalog import Catalog
    from runtime.settings import Settings

#: after the last message, how long to wait for what halong says of it
_ANSWER_S = 5.0
_PROFILE = "quang_ninh"
#: devices of a message whose values are told
_NAMED = 2


@dataclass(frozen=True, kw_only=True)
class Play:
    """What to publish."""

    code: str
    profile: str | None
    every: float | None
    count: int | None
    format: str
    bad: str | None
    seq: int | None


@dataclass
class Told:
    """What came back of the messages that were sent."""

    bad: str | None
    #: numbers of PUBLISH packets without a PUBACK
    open: set[int] = field(default_factory=set)
    sent: int = 0
    #: the last number that halong can read
    last_seq: int | None = None
    not_taken: int = 0
    committed: int | None = None
    reasons: list[str] = field(default_factory=list)
    #: refusals that were told without being listed
    unlisted: int = 0

    @property
    def ok(self) -> bool:
        """Whether all was taken, committed if it has numbers, and refused only if that was meant."""
        wanted = [self.bad] if self.bad else []
        is_taken = not self.open and not self.not_taken
        return is_taken and self.is_committed and sorted({*self.reasons}) == wanted

    @property
    def is_committed(self) -> bool:
        """Whether all numbers that halong can read are."""
        if self.last_seq is None:
            return True
        return self.committed is not None and self.committed >= self.last_seq

    @property
    def is_refused(self) -> bool:
        """Whether each message is, if that was meant."""
        return not self.bad or len(self.reasons) + self.unlisted >= self.sent


class Player:
    """Publishes and tells."""

    def __init__(
        self,
        hand: Hand,
        play: Play,
        signals: Signals,
        limits: dict[str, Any],
        say: Callable[[str, str], None],
    ) -> None:
        self._hand, self._play, self._say = hand, play, say
        self._signals, self._limits = signals, limits
        self._format = format_named(play.format)
        self._seq = play.seq
        self.told = Told(play.bad)
        self._obedience = Obedience(any_command=True)

    def run(self, gateway: Gateway) -> Told:
        """Publish as often as was asked for; return what came back."""
        began = time.monotonic()
        for moment, things in rounds(gateway, self._play.every):
            self._hear(moment - (time.monotonic() - began))
            self._publish(things)
            if self.told.sent == self._play.count:
                break
        end = time.monotonic() + _ANSWER_S
        while not self._is_answered() and (left := end - time.monotonic()) > 0:
            self._hear(min(left, 0.1))
        return self.told

    def _publish(self, things: Iterable[Thing]) -> None:
        readings = [reading(thing, self._signals, self._limits) for thing in things]
        bad = self._play.bad or ""
        assert self._format.encode is not None
        payload = self._format.encode(spoilt(readings, bad), seq=self._seq, oldest=self._play.seq)
        message = Message(spoilt_payload(payload, bad), min(self._format.content_types))
        self.told.open.add(self._hand.publish(message))
        self.told.sent += 1
        numbered = "" if self._seq is None else f"seq {self._seq}, "
        self._say("sent", f"{numbered}{len(message.payload)} bytes: {_words(readings)}")
        self.told.last_seq = self._seq if keeps_number(bad, self._format.name) else None
        self._seq = None if self._seq is None else self._seq + 1

    def _is_answered(self) -> bool:
        return not self.told.open and self.told.is_refused and self.told.is_committed

    def _hear(self, seconds: float) -> None:
        for event in self._hand.events(seconds):
            self._take(event)

    def _take(self, event: Event) -> None:
        told = event.told
        match event.kind:
            case "puback":
                number, code = told
                self.told.open.discard(number)
                self.told.not_taken += code != 0
                words = PUBACK.get(code, "not stored: keep it, send it again later")
                self._say("PUBACK", f"0x{code:02x} {words}")
            case "committed":
                self.told.committed = told.get("seq")
                missing = f", missing {told['missing']}" if "missing" in told else ""
                self._say("committed", f"everything up to {told.get('seq')}{missing}")
            case "rejected":
                self._take_refusals(told)
            case "command":
                self._obey(told)
            case kind:
                self._say(kind, str(told))

    def _take_refusals(self, told: Any) -> None:
        for refusal in (told, *told.get("others", ())):
            self.told.reasons.append(refusal["reason"])
            numbered = f"seq {refusal['seq']}, " if "seq" in refusal else ""
            fate = "stored all the same" if refusal["stored"] else "not stored"
            detail = f": {refusal['detail']}" if "detail" in refusal else ""
            self._say("rejected", f"{refusal['reason']} at {refusal['at']} ({numbered}{fate}){detail}")
        if more := told.get("more"):
            self.told.unlisted += more
            self._say("rejected", f"and {more} more, which are not listed: GET /v1/refusals has them")

    def _obey(self, command: Any) -> None:
        """Tell of a command, and say that it is done: there is nobody here who could do it."""
        told = json.dumps(command.get("arguments", {}), ensure_ascii=False)
        device = f" for {command['device']}" if "device" in command else ""
        self._say("command", f"{command.get('command')} {told}{device}")
        for answer in self._obedience.answers(command):
            payload = json.dumps(answer).encode()
            self.told.open.add(self._hand.publish(Message(payload, "application/json", "response")))
            self._say("response", " ".join(filter(None, (answer["state"], answer.get("detail")))))


def format_named(name: str) -> Format:
    """Return a format that halong can write.

    Raises:
        CheckError: there is none of that name.
    """
    known = {each.name: each for each in formats().values() if each.encode}
    if name not in known:
        raise CheckError(f"no format {name!r} to write: give one of {', '.join(sorted(known))}")
    return known[name]


async def find_gateway(settings: Settings, play: Play) -> Gateway:
    """Return the gateway to play, from a profile or from the registry.

    Raises:
        CheckError: neither has it.
    """
    if play.profile is None and settings.database_url:
        desk = await open_desk(settings, None)
        gateway = _registered(desk.catalog, play.code)
        where = "in the registry"
    else:
        name = play.profile or _PROFILE
        gateways = {each.code: each for each in city_of(name).gateways}
        gateway, where = gateways.get(play.code), f"in the profile {name}"
    if gateway is None:
        raise CheckError(
            f"no gateway {play.code!r} {where}: `halong devices list` names them; or give --profile"
        )
    return gateway


def _registered(catalog: Catalog | None, code: str) -> Gateway | None:
    """Return a gateway of the registry; its devices measure as often as they do on average."""
    known = catalog.gateways.get(code) if catalog else None
    if known is None:
        return None
    interval = round(len(known.streams) / known.readings_per_s) if known.readings_per_s else 60
    things = tuple(
        Thing(
            code=device,
            name=device,
            kind="",
            latitude=20.95,
            longitude=107.08,
            datastreams={prop: interval for owner, prop in known.streams if owner == device},
            areas=(),
        )
        for device in known.devices
    )
    return Gateway(code=code, name=code, latitude=20.95, longitude=107.08, areas=(), things=things)


def play_gateway(
    settings: Settings,
    play: Play,
    gateway: Gateway,
    *,
    url: str,
    password: str,
    say: Callable[[str, str], None],
) -> Told:
    """Connect as a gateway and publish.

    Raises:
        CheckError, HandError: it cannot be played.
    """
    if play.bad and not is_of(play.bad, format_named(play.format).name):
        raise CheckError(f"{play.bad} cannot be made in {play.format}: use --format native")
    city = city_of(play.profile or _PROFILE)
    with Hand(url, play.code, password, settings.topic_root) as hand:
        say("connected", f"as {play.code}")
        player = Player(hand, play, Signals(city), limits_of(city), say)
        try:
            return player.run(gateway)
        except KeyboardInterrupt:
            return player.told


def clock() -> str:
    """Return the time of day on this machine, with its offset."""
    return datetime.now().astimezone().timetz().isoformat("seconds")


def _words(readings: list[dict[str, Any]]) -> str:
    if len(readings) > _NAMED:
        return f"{len(readings)} devices, {sum(len(each) - 2 for each in readings)} values"
    return "; ".join(f"{each['device']} {_values(each)}" for each in readings)


def _values(each: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in each.items() if name not in ("device", "time"))
