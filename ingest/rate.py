"""How much a gateway may send while others wait: a token bucket each. No clock, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.topics import parse_topic

if TYPE_CHECKING:
    from devices.catalog import Catalog

#: A reading takes about so many bytes in a payload. Decoding it to count would cost what a limit is to save.
READING_BYTES = 64
#: readings a second that any gateway may send, however little the registry expects of it
FLOOR = 10.0
#: A bucket holds so many seconds of the allowed rate …
BURST_S = 0.5
#: … and what is due at once where all datastreams have the same interval: so many readings of each
BURST_READINGS = 3.0
#: over this time the observed rate is averaged
_OBSERVED_S = 1.0


@dataclass(slots=True)
class Bucket:
    """Tokens, one a reading, that fill up at the allowed rate (readings a second) and are spent."""

    #: whose it is, as the topic says; None: the topic is not of the contract
    gateway: str | None
    allowed: float
    most: float
    tokens: float
    #: when it was last looked at, s
    at: float
    #: readings of about the last _OBSERVED_S
    recent: float = 0.0

    @property
    def observed(self) -> float:
        """Readings a second that came lately, whether allowed or not."""
        return self.recent / _OBSERVED_S

    def spend(self, readings: float, now: float) -> bool:
        """Spend tokens at `now` (seconds of any clock) if there are any, and tell whether there were.

        A message larger than what is left goes through and leaves a debt, or a large one never would.
        """
        passed = now - self.at
        self.at = now
        self.recent = (self.recent * (1.0 - passed / _OBSERVED_S) if passed < _OBSERVED_S else 0.0) + readings
        self.tokens = min(self.tokens + passed * self.allowed, self.most)
        if self.tokens <= 0.0:
            return False
        self.tokens -= readings
        return True


class Rates:
    """The buckets of all gateways, by topic: `factor` times what the registry expects of each is allowed."""

    def __init__(self, factor: float, topic_root: str) -> None:
        self._factor = factor
        self._root = topic_root
        self._catalog: Catalog | None = None
        self._buckets: dict[str, Bucket] = {}

    def bucket(self, topic: str, catalog: Catalog, now: float) -> Bucket:
        """Return the bucket of a topic's gateway; all are filled anew with each snapshot of the registry."""
        if catalog is not self._catalog:
            self._catalog = catalog
            self._buckets.clear()
        return self._buckets.get(topic) or self._fill(topic, catalog, now)

    def _fill(self, topic: str, catalog: Catalog, now: float) -> Bucket:
        # Topics that no gateway has may be without number.
        if len(self._buckets) > 2 * len(catalog.gateways) + 1000:
            self._buckets.clear()
        address = parse_topic(topic, self._root)
        gateway = address.gateway if address else None
        known = catalog.gateways.get(gateway) if gateway else None
        allowed = max(FLOOR, self._factor * known.readings_per_s if known else 0.0)
        most = max(allowed * BURST_S, BURST_READINGS * len(known.streams) if known else 0.0)
        self._buckets[topic] = Bucket(gateway, allowed, most, most, now)
        return self._buckets[topic]
