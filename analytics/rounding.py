"""Rounding as the standards mean it: halves go up, and only the final number is rounded."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import cache

# Far below any indicator's resolution, far above the noise of double arithmetic: 109.49999999999999,
# which stands for 109.5, has to become 110.
_NOISE_DECIMALS = 9


def half_up(value: float, decimals: int = 0) -> float:
    """Return a finite `value` with so many decimals, halves away from zero (44.5 -> 45, 2.675 -> 2.68).

    `round` and `numpy.round` send halves to the even neighbour and must not be used for an index.
    """
    exact = Decimal(repr(round(float(value), _NOISE_DECIMALS)))
    return float(exact.quantize(_quantum(decimals), ROUND_HALF_UP))


@cache
def _quantum(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-decimals)
