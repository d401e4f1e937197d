"""What the broker tells of itself below `$SYS/broker`: how much waits there, and what it has dropped.

Mosquitto does (mosquitto(8), "Broker status"); another broker may tell nothing, and then nothing is known.
Its limit of `max_queued_bytes` counts the payloads that wait for one client. It does not tell these one by
one, but their sum with what it keeps for everybody else, which is never less.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import aiomqtt
import structlog

from ingest import metrics
from runtime.broker_client import client
from runtime.until_stopped import is_ending

if TYPE_CHECKING:
    from prometheus_client import Gauge

log = structlog.get_logger(__name__)

_TOPICS: Final[dict[str, Gauge]] = {
    "$SYS/broker/store/messages/bytes": metrics.BROKER_QUEUE_BYTES,
    "$SYS/broker/store/messages/count": metrics.BROKER_QUEUE_MESSAGES,
    "$SYS/broker/publish/messages/dropped": metrics.BROKER_DROPPED,
    "$SYS/broker/clients/connected": metrics.BROKER_CLIENTS,
}
_RETRY_S: Final = 10.0
#: Mosquitto tells every 10 s (`sys_interval`), and what it told last at once
_SILENT_AFTER_S: Final = 30.0
#: the alarm ends when the queue is this much of what raised it
_RELIEF: Final = 0.8


class BrokerStats:
    """The broker's own numbers, kept up to date by `run()`, and alarms about them in the log."""

    def __init__(self, url: str, *, client_id: str, queue_limit: int, alarm_share: float) -> None:
        """Describe whom to ask.

        Args:
            url: of the broker, as mqtt(s)://user:password@host:port.
            client_id: of the ingest process; the connection's own is `{client_id}-stats`.
            queue_limit: `max_queued_bytes` of the broker.
            alarm_share: of this limit, from which on a queue is too long.
        """
        self._url, self._client_id = url, client_id
        self.queue_limit, self._alarm = queue_limit, queue_limit * alarm_share
        self._is_high = self._told_silence = False
        self._values: dict[Gauge, int] = {}
        self._last_dropped: int | None = None
        #: messages that the broker dropped while it was watched, for as long as this process runs
        self.dropped = 0
        self._forget()

    def value(self, gauge: Gauge) -> int | None:
        """Return one of `metrics.BROKER` as last told; None while it is not known."""
        return self._values.get(gauge)

    async def run(self) -> None:
        """Listen until cancelled; connect again when the connection is lost."""
        while not is_ending():
            try:
                async with client(self._url, f"{self._client_id}-stats") as connected:
                    await self._listen(connected)
            except aiomqtt.MqttError as error:
                log.info("the broker's numbers are not known", action="broker_stats_retry", error=str(error))
            self._forget()
            await asyncio.sleep(_RETRY_S)

    async def _listen(self, client: aiomqtt.Client) -> None:
        silence = asyncio.get_running_loop().call_later(_SILENT_AFTER_S, self._on_silence)
        try:
            await client.subscribe([(topic, 0) for topic in _TOPICS])
            if is_ending():
                return
            async for message in client.messages:
                silence.cancel()
                self.take(message.topic.value, message.payload)
                if is_ending():
                    return
        finally:
            silence.cancel()

    def take(self, topic: str, payload: object) -> None:
        """Take note of what the broker tells; what is no number is left aside."""
        gauge = _TOPICS.get(topic)
        if gauge is None or not isinstance(payload, bytes) or not payload.isdigit():
            return
        value = int(payload)
        gauge.set(value)
        self._values[gauge] = value
        if gauge is metrics.BROKER_DROPPED:
            self._on_dropped(value)
        elif gauge is metrics.BROKER_QUEUE_BYTES:
            self._on_queue(value)

    def _on_dropped(self, total: int) -> None:
        last, self._last_dropped = self._last_dropped, total
        if last is None:
            return  # of the time before: told by the gauge
        more = total - last if total >= last else total  # it counts from its start
        self.dropped += more
        if more:
            log.warning(
                "the broker dropped messages, its queue is full or a gateway reads too slowly; only gateways "
                "that go by down/committed send them again",
                action="broker_dropped",
                dropped=more,
                queue_bytes=self.value(metrics.BROKER_QUEUE_BYTES),
            )

    def _on_queue(self, size: int) -> None:
        told = {"queue_bytes": size, "limit_bytes": self.queue_limit}
        if not self._is_high and size >= self._alarm:
            self._is_high = True
            log.warning(
                "the broker's queue fills up, and at its limit messages are dropped: is the database slow or "
                "away, is ingest running?",
                action="broker_queue_high",
                **told,
            )
        elif self._is_high and size < self._alarm * _RELIEF:
            self._is_high = False
            log.info("the broker's queue has shrunk", action="broker_queue_normal", **told)

    def _on_silence(self) -> None:
        if not self._told_silence:
            self._told_silence = True
            log.info(
                "the broker tells nothing below $SYS/broker: its queue is not watched", action="broker_untold"
            )

    def _forget(self) -> None:
        self._values.clear()
        for gauge in metrics.BROKER:
            gauge.set(float("nan"))
