"""Prometheus metrics of streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge, Histogram

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)


class LiveMetrics:
    """What one process's streams are at."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.clients = Gauge("halong_api_live_clients", "Open streams.", registry=registry)
        self.connected = Gauge(
            "halong_api_live_connected", "1 while the database tells what is new.", registry=registry
        )
        self.sent = Counter(
            "halong_api_live_events", "Events sent, one for each client.", ("event",), registry=registry
        )
        self.cut = Counter(
            "halong_api_live_cut", "Streams ended by the server, by reason.", ("reason",), registry=registry
        )
        self.resets = Counter(
            "halong_api_live_resets", "Clients told to load the state anew.", registry=registry
        )
        self.lag = Histogram(
            "halong_api_live_lag_seconds",
            "Time from the writing of an event to its sending.",
            buckets=_BUCKETS,
            registry=registry,
        )
