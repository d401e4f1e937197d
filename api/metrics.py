"""Prometheus metrics of the API: requests by route, and the pool's own numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from api.live.metrics import LiveMetrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg_pool import AsyncConnectionPool

_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class PoolCollector(Collector):
    """Reads a pool's statistics when Prometheus asks."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give one gauge for each number (names as in psycopg_pool, "Pool stats")."""
        for name, value in self._pool.get_stats().items():
            yield GaugeMetricFamily(f"halong_api_pool_{name}", f"psycopg_pool: {name}", value)


class Metrics:
    """The metrics of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("route", "method", "status")
        self._requests = Counter("halong_api_requests", "Requests answered.", labels, registry=self.registry)
        self._seconds = Histogram(
            "halong_api_request_seconds",
            "Time from a request's arrival to the end of its answer.",
            ("route",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.live = LiveMetrics(self.registry)
        self._cache = Counter(
            "halong_api_cache",
            "Answers that could be kept: sent from memory, found unchanged by the client, or made.",
            ("result",),
            registry=self.registry,
        )
        self._cache_bytes = Gauge("halong_api_cache_bytes", "Bytes of kept answers.", registry=self.registry)
        self._cache_answers = Gauge("halong_api_cache_answers", "Kept answers.", registry=self.registry)
        self._limited = Counter(
            "halong_api_rate_limited",
            "Requests refused because their client asked too often.",
            ("quota",),
            registry=self.registry,
        )
        self._buckets = Gauge(
            "halong_api_rate_clients", "Clients whose requests are counted.", registry=self.registry
        )
        self._connections = Gauge("halong_api_connections", "Open connections.", registry=self.registry)
        self._refused = Counter(
            "halong_api_connections_refused",
            "Connections that were refused or ended, by the reason.",
            ("reason",),
            registry=self.registry,
        )

    def note_cache(self, result: str) -> None:
        """Count one request for an answer that may be kept: `hit`, `not_modified` or `miss`."""
        self._cache.labels(result).inc()

    def set_cache(self, size: int, answers: int) -> None:
        """Tell how many answers are kept, and their bytes."""
        self._cache_bytes.set(size)
        self._cache_answers.set(answers)

    def watch_buckets(self, count: Callable[[], int]) -> None:
        """Ask `count` for the number of clients whenever Prometheus asks."""
        self._buckets.set_function(count)

    def watch_connections(self, count: Callable[[], int]) -> None:
        """Ask `count` for the number of connections whenever Prometheus asks."""
        self._connections.set_function(count)

    def note_refused_connection(self, reason: str) -> None:
        """Count a connection that was refused or ended, by the reason.

        `limit` and `address`: there were too many, of all clients or of its address; `slow` and `head`: the
        head of its request did not come in time, or was too large; `invalid`: it sent what is no HTTP.
        """
        self._refused.labels(reason).inc()

    def note_limited(self, quota: str) -> None:
        """Count a request that was refused, by the quota that it was beyond."""
        self._limited.labels(quota).inc()

    def note(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request. `route` is a template such as /v1/areas/{code}."""
        # A client may send any word as a method; it must not make a time series of each.
        known = method if method in _METHODS else "other"
        self._requests.labels(route, known, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Return these metrics and the process's in Prometheus' text format."""
        return generate_latest(REGISTRY) + generate_latest(self.registry)
