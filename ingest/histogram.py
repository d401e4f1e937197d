"""A histogram that takes whole arrays: prometheus_client's own costs a Python call a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from prometheus_client import REGISTRY
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray


class ArrayHistogram(Collector):
    """How many values lay in which bucket, for each class of values, since the process started."""

    def __init__(
        self, name: str, about: str, bounds: Sequence[float], classes: Sequence[str] = ("",)
    ) -> None:
        """Declare it and register it with Prometheus.

        Args:
            name: of the metric.
            about: its explanation.
            bounds: upper bounds of the buckets, which include them, ascending; one more bucket is above.
            classes: values of the label `class`; without any the metric has no label.
        """
        self._name, self._about = name, about
        self.bounds, self._classes = np.asarray(bounds, "f8"), tuple(classes)
        #: shape (classes, bounds + 1)
        self.counts = np.zeros((len(self._classes), len(bounds) + 1), "i8")
        #: sum of the values of each class
        self.sums = np.zeros(len(self._classes))
        REGISTRY.register(self)

    def observe(
        self,
        values: NDArray[np.float64],
        classes: NDArray[np.bool_] | None = None,
        times: NDArray[np.int64] | int = 1,
    ) -> None:
        """Count values, shape (n,).

        Args:
            values: what was observed.
            classes: where true, shape (n,), the value is of the second class; None: all are of the first.
            times: how often each was observed, shape (n,).
        """
        places = np.searchsorted(self.bounds, values)
        if classes is None:
            self.sums[0] += (values * times).sum()
        else:
            places += classes * self.counts.shape[1]
            self.sums += np.bincount(classes, values * times, len(self._classes))
        counted = np.bincount(places, np.broadcast_to(times, places.shape), self.counts.size)
        self.counts += counted.astype("i8").reshape(self.counts.shape)

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """Return the metric as Prometheus reads it."""
        labels = ["class"] if self._classes != ("",) else []
        family = HistogramMetricFamily(self._name, self._about, labels=labels)
        for name, counts, total in zip(self._classes, self.counts.cumsum(axis=1), self.sums, strict=True):
            bounds = [*map(floatToGoString, self.bounds), "+Inf"]
            buckets = list(zip(bounds, counts.tolist(), strict=True))
            family.add_metric([name] if labels else [], buckets, float(total))
        return [family]


def quantile(share: float, bounds: NDArray[np.float64], counts: NDArray[np.int64]) -> float | None:
    """Return below which value this share of the values lies; None without values.

    Between a bucket's bounds the values are taken as evenly spread; above the last bound nothing is known,
    and the bound itself is returned: as PromQL's histogram_quantile does.

    Args:
        share: between 0 and 1.
        bounds: upper bounds of the buckets, shape (n,).
        counts: values in each bucket and above the last one, shape (n + 1,).
    """
    total = int(counts.sum())
    if total == 0:
        return None
    reached = counts.cumsum()
    place = int(np.searchsorted(reached, share * total))
    if place >= len(bounds):
        return float(bounds[-1])
    lower, below = (float(bounds[place - 1]), int(reached[place - 1])) if place else (0.0, 0)
    return lower + (float(bounds[place]) - lower) * (share * total - below) / int(counts[place])
