"""Gateways that are no code of ours, mosquitto_pub and paho; each notes in a ledger what was acknowledged."""

from __future__ import annotations

import subprocess
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from paho.mqtt.client import CallbackAPIVersion, Client, MQTTv5
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtime.local.provision import Binaries
    from tests.faults.ledger import Ledger

_DRAIN_S = 30.0


class Publisher(Protocol):
    """Publishes until told to stop, and then waits for the last acknowledgements."""

    def run(self, stop: threading.Event) -> None: ...


@dataclass
class MosquittoPub:
    """`mosquitto_pub -l` again and again: it ends with 0 when each of its lines has had its PUBACK."""

    binaries: Binaries
    url: str
    ledger: Ledger
    password: str
    chunk: int = 100
    pause: float = 0.05

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            messages = [self.ledger.next() for _ in range(self.chunk)]
            while not self._publish("".join(f"{payload}\n" for _, payload in messages)):
                if stop.wait(0.2):
                    return
            for number, _ in messages:
                self.ledger.ack(number)
            stop.wait(self.pause)

    def _publish(self, lines: str) -> bool:
        parts, code = urlsplit(self.url), self.ledger.gateway
        command = [
            self.binaries.mosquitto_pub, "-h", str(parts.hostname), "-p", str(parts.port), "-V", "5", "-l",
            "-q", "1", "-i", code, "-u", code, "-P", self.password, "-t", f"city/v1/{code}/up/observations",
        ]  # fmt: skip
        done = subprocess.run(command, input=lines.encode(), capture_output=True, check=False, timeout=60)
        return done.returncode == 0 and not done.stderr


@dataclass
class Paho:
    """paho-mqtt: connects again by itself, sends again what has no PUBACK; 0x00 alone counts as one."""

    url: str
    ledger: Ledger
    password: str
    burst: int = 50
    pause: float = 0.03
    window: int = 500
    #: reason codes other than success, with how often they came
    refused: dict[int, int] = field(default_factory=dict)
    _numbers: dict[int, int] = field(default_factory=dict)
    #: packet id, reason code and time of each PUBACK, from paho's thread
    _pubacks: SimpleQueue[tuple[int, int, float]] = field(default_factory=SimpleQueue)

    def run(self, stop: threading.Event) -> None:
        client = self._client()
        client.loop_start()
        try:
            while not stop.wait(self.pause):
                self._note_pubacks()
                self._burst(client)
            deadline = time.monotonic() + _DRAIN_S
            while self._numbers and time.monotonic() < deadline:
                time.sleep(0.02)
                self._note_pubacks()
        finally:
            client.disconnect()
            client.loop_stop()

    def _burst(self, client: Client) -> None:
        for _ in range(min(self.burst, self.window - len(self._numbers))):
            number, payload = self.ledger.next()
            sent = client.publish(f"city/v1/{self.ledger.gateway}/up/observations", payload, qos=1)
            self._numbers[sent.mid] = number

    def _note_pubacks(self) -> None:
        while not self._pubacks.empty():
            mid, reason, at = self._pubacks.get()
            number = self._numbers.pop(mid)
            if reason == 0:
                self.ledger.acked[number] = at
            else:
                self.refused[reason] = self.refused.get(reason, 0) + 1

    def _client(self) -> Client:
        parts, code = urlsplit(self.url), self.ledger.gateway
        client = Client(CallbackAPIVersion.VERSION2, client_id=code, protocol=MQTTv5)
        client.username_pw_set(code, self.password)
        client.max_inflight_messages_set(self.window)
        client.reconnect_delay_set(1, 1)
        client.on_publish = self._on_publish
        session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        session.SessionExpiryInterval = 3600
        client.connect(str(parts.hostname), parts.port or 1883, clean_start=False, properties=session)
        return client

    def _on_publish(self, _client: Any, _userdata: Any, mid: int, reason: Any, _properties: Any) -> None:
        self._pubacks.put((mid, reason.value, time.monotonic()))


@contextmanager
def publishing(*publishers: Publisher) -> Iterator[None]:
    """Let publishers run as long as the block lasts; at its end all that can be acknowledged is."""
    stop = threading.Event()
    errors: list[BaseException] = []

    def run(publisher: Publisher) -> None:
        try:
            publisher.run(stop)
        except BaseException as error:  # noqa: BLE001  (raised below, in the test's own thread)
            errors.append(error)

    with ExitStack() as ends:
        for publisher in publishers:
            thread = threading.Thread(target=run, args=[publisher], daemon=True)
            thread.start()
            ends.callback(thread.join)
        ends.callback(stop.set)
        yield
    if errors:
        raise errors[0]
