"""`down/committed`, `down/rejected` and rebirth requests of Sparkplug: what gateways are told after a commit.

Telling never slows or stops ingest: what is waiting is one entry a gateway, newer news replace older ones,
and a lost connection only delays them.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import aiomqtt
import msgspec
import structlog

from ingest.formats import sparkplug
from ingest.rejected import MAX_OTHERS, Pending, told_of
from ingest.sparkplug.birth import REBIRTH
from ingest.sparkplug.rebirth import Rebirths
from ingest.topics import down
from runtime.broker_client import client
from runtime.until_stopped import is_ending

if TYPE_CHECKING:
    from ingest.batch import Entry
    from ingest.sequence import Committed

log = structlog.get_logger(__name__)

#: committed numbers are told this often at most, refusals at most once a second a gateway (wire contract)
_COMMITTED_EVERY_S = 0.2
_REJECTED_EVERY_S = 1.0
_RETRY_S = 2.0
#: while more gateways than this wait to be told, each further one is told its first refusal alone: what waits
#: for a broker that is away stays small
_MANY_GATEWAYS = 1_000


class Feedback:
    """News for gateways, coalesced and sent by `run()`."""

    def __init__(self, url: str, *, topic_root: str, client_id: str, processes: int = 1) -> None:
        """Describe who tells.

        Args:
            url: the broker's.
            topic_root: prefix of all topics.
            client_id: of ingest; this connection's ends in `-feedback`.
            processes: so many tell the same gateways, each the more rarely.
        """
        self._url = url
        self._root = topic_root
        self._client_id = client_id
        self._committed_every = _COMMITTED_EVERY_S * processes
        self._rejected_every = _REJECTED_EVERY_S * processes
        self._committed: dict[str, Committed] = {}
        self._rejected: dict[str, Pending] = {}
        self._rejected_at: dict[str, float] = {}
        self._rebirths = Rebirths()
        self._rebirth_topics: set[str] = set()
        self._news = asyncio.Event()

    def tell_committed(self, committed: dict[str, Committed]) -> None:
        """Take note of each gateway's committed numbers."""
        self._committed.update(committed)
        if committed:
            self._news.set()

    def tell_rejected(self, entry: Entry) -> None:
        """Take note of a message's refusals, if it comes from a gateway that is registered."""
        resolved = entry.resolved
        if resolved.gateway_id is None or not resolved.refusals:
            return
        most = MAX_OTHERS if len(self._rejected) < _MANY_GATEWAYS else 0
        pending = self._rejected.setdefault(entry.gateway, Pending(most))
        now = datetime.now(UTC)
        for refusal in resolved.refusals.values():
            pending.add(told_of(resolved.seq, refusal, now))
        self._news.set()

    def ask_for_rebirth(self, gateway: str, topic: str) -> None:
        """Take note that an edge node should be asked for its birth certificates, if it may be that soon."""
        if self._rebirths.may_ask(gateway, asyncio.get_running_loop().time()):
            log.info("asking an edge node for a rebirth", action="rebirth", gateway=gateway)
            self._rebirth_topics.add(topic)
            self._news.set()

    async def run(self) -> None:
        """Send news until cancelled; connect again when the connection is lost."""
        while not is_ending():
            try:
                async with client(self._url, f"{self._client_id}-feedback") as connected:
                    while not is_ending():
                        await self._news.wait()
                        self._news.clear()
                        await self._send(connected)
                        await asyncio.sleep(self._committed_every)
            except aiomqtt.MqttError as error:
                log.warning(
                    "gateways cannot be told, trying again", action="feedback_retry", error=str(error)
                )
                self._news.set()
                await asyncio.sleep(_RETRY_S)

    async def _send(self, client: aiomqtt.Client) -> None:
        for gateway in list(self._committed):
            news = self._committed[gateway]
            await client.publish(down(self._root, gateway, "committed"), committed_payload(news), qos=1)
            if self._committed.get(gateway) is news:
                del self._committed[gateway]
        for topic in list(self._rebirth_topics):
            await client.publish(topic, rebirth_payload(datetime.now(UTC)), qos=0)
            self._rebirth_topics.discard(topic)
        now = asyncio.get_running_loop().time()
        for gateway in list(self._rejected):
            if now - self._rejected_at.get(gateway, float("-inf")) >= self._rejected_every:
                await self._send_rejected(client, gateway)
                self._rejected_at[gateway] = now
        if self._rejected:
            self._news.set()

    async def _send_rejected(self, client: aiomqtt.Client, gateway: str) -> None:
        pending = self._rejected.pop(gateway)
        try:
            await client.publish(down(self._root, gateway, "rejected"), pending.payload(), qos=1)
        except aiomqtt.MqttError:
            if later := self._rejected.pop(gateway, None):
                pending.absorb(later)
            self._rejected[gateway] = pending
            raise


def rebirth_payload(time: datetime) -> bytes:
    """Return the payload of an NCMD that asks for a rebirth (Eclipse Sparkplug 3.0, 6.4.18)."""
    now = round(time.timestamp() * 1000)
    metric = sparkplug.Metric(REBIRTH, timestamp=now, datatype=sparkplug.DataType.BOOLEAN, value=True)
    return sparkplug.encode(sparkplug.Payload(now, None, (metric,)))


def committed_payload(committed: Committed) -> bytes:
    """Return the payload of `down/committed`."""
    gaps = {"missing": committed.missing} if committed.missing else {}
    return msgspec.json.encode({"seq": committed.seq} | gaps)
