"""Random numbers with random access: a draw is a function of (key, index), the same in every window."""

from __future__ import annotations

import math
from functools import lru_cache
from hashlib import blake2b
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

#: constants of SplitMix64 (Steele, Lea and Flood 2014), used as a counter-based hash
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_BLOCK = 64
#: share of an AR(1)'s memory that is cut off
_FORGOTTEN = 1e-4


@lru_cache(maxsize=65_536)
def key(*words: object) -> int:
    """Return the 64-bit key of a random stream named by `words`."""
    return int.from_bytes(blake2b("/".join(map(str, words)).encode(), digest_size=8).digest(), "big")


def _mix(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    bits = (bits ^ (bits >> np.uint64(30))) * _MIX_1
    bits = (bits ^ (bits >> np.uint64(27))) * _MIX_2
    return bits ^ (bits >> np.uint64(31))


def _bits(stream: int, index: Ints) -> NDArray[np.uint64]:
    counter = np.atleast_1d(index).astype(np.uint64) * _GOLDEN
    return _mix(_mix(counter) ^ np.uint64(stream))


def uniform(stream: int, index: Ints) -> Floats:
    """Draw from the open interval (0, 1), one for each index."""
    return ((_bits(stream, index) >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53


def normal(stream: int, index: Ints) -> Floats:
    """Draw standard normals, one for each index (Box-Muller on the two halves of one hash)."""
    bits = _bits(stream, index)
    first = ((bits >> np.uint64(32)).astype(np.float64) + 0.5) / 2.0**32
    second = (bits & np.uint64(0xFFFFFFFF)).astype(np.float64) / 2.0**32
    return np.asarray(np.sqrt(-2.0 * np.log(first)) * np.cos(2.0 * np.pi * second))


@lru_cache(maxsize=16_384)
def _ar1_block(stream: int, phi: float, block: int) -> Floats:
    lags = math.ceil(math.log(_FORGOTTEN) / math.log(phi))
    first = block * _BLOCK
    innovations = normal(stream, np.arange(first - lags, first + _BLOCK))
    values = np.zeros(_BLOCK)
    for lag in range(lags + 1):
        values += phi**lag * innovations[lags - lag : lags - lag + _BLOCK]
    return values * math.sqrt((1 - phi**2) / (1 - phi ** (2 * lags + 2)))


def ar1(stream: int, index: Ints, phi: float) -> Floats:
    """Return a standard normal AR(1) series at the given integers.

    It is a moving average over a fixed number of innovations, kept in blocks, so that a value does not depend
    on where the window starts.
    """
    first, last = int(index.min()) // _BLOCK, int(index.max()) // _BLOCK
    blocks = [_ar1_block(stream, phi, block) for block in range(first, last + 1)]
    return np.concatenate(blocks)[index - first * _BLOCK]


def wander(stream: int, position: Floats, *, step: float, memory: float) -> Floats:
    """Return a slowly varying series with sd about 1: an AR(1) on a grid, linear in between.

    Args:
        stream: a key.
        position: where it is wanted, in any unit.
        step: the grid's step, in the same unit.
        memory: the e-folding distance, in the same unit.
    """
    left = np.floor(position / step).astype(np.int64)
    weight = position / step - left
    phi = math.exp(-step / memory)
    return (1 - weight) * ar1(stream, left, phi) + weight * ar1(stream, left + 1, phi)


def gamma(first: Floats, second: Floats, shape: float) -> Floats:
    """Turn a standard normal and a uniform into a gamma variate of the given shape and scale 1.

    Wilson-Hilferty for shape + 1, then Stuart's theorem: gamma(a) = gamma(a + 1) · U^(1/a).
    """
    a = shape + 1
    boosted = a * np.maximum(1 - 1 / (9 * a) + first / (3 * math.sqrt(a)), 0.0) ** 3
    return np.asarray(boosted * second ** (1 / shape))


def counts(stream: int, index: Ints, mean: Floats, dispersion: float) -> Floats:
    """Draw negative binomial counts with variance/mean = `dispersion` > 1.

    Means up to 40 by inversion, above by the normal approximation.
    """
    small = np.minimum(mean, 40.0)
    size = np.maximum(small, 1e-9) / (dispersion - 1)
    steps = np.arange(120)
    ratios = (steps + size[:, None]) / (steps + 1) * (1 - 1 / dispersion)
    masses = np.cumprod(np.column_stack([dispersion**-size, ratios]), axis=1)
    few = (np.cumsum(masses, axis=1) < uniform(stream, index)[:, None]).sum(axis=1).astype(np.float64)
    many = np.rint(mean + np.sqrt(dispersion * mean) * normal(stream, index))
    return np.where(mean > 40, np.maximum(many, 0.0), few)
