"""Rain: a Markov chain of wet days, each with a gamma amount and a storm shape; smooth in space."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from simulators import draws
from simulators.moment import month_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulators.draws import Floats, Ints
    from simulators.moment import Moment
    from simulators.place import Place

# Hạ Long, by month
MONTHLY_MM = np.array([23, 27, 41, 85, 180, 270, 345, 445, 305, 145, 42, 20], float)
WET_SHARE = np.array([0.20, 0.30, 0.38, 0.35, 0.40, 0.48, 0.52, 0.58, 0.47, 0.32, 0.20, 0.15])
_DRIZZLE_SHARE = np.array([0.4, 0.6, 0.6, 0.3, 0, 0, 0, 0, 0, 0.1, 0.2, 0.4])
_DAYS = np.array([31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_DRIZZLE_MM = (0.2, 2.0)
_GAMMA_SHAPE = 0.55
#: P(wet after wet) - P(wet after dry)
_PERSISTENCE = 0.2
#: a day's storm is larger than this only as a trough or typhoon, never as one convective cell
_CONVECTIVE_LIMIT_MM = 55.0
_DAY_LIMIT_MM = 420.0

DRY, DRIZZLE, CONVECTIVE, TROUGH = range(4)
_BURSTS = 4
_WAVES = 8
_BLOCK = 64
_WARM_UP = 64


@dataclass(frozen=True, kw_only=True)
class Storms:
    """The storm of each local day: arrays over days, bursts in the last axis."""

    kind: Ints
    #: mm where the place factor is 1
    amount: Floats
    #: start in local hours since 1970, and length in hours, of each burst
    start: Floats
    length: Floats
    #: share of the amount that falls in each burst
    share: Floats

    def __getitem__(self, index: Ints) -> Storms:
        return Storms(**{name: column[index] for name, column in vars(self).items()})


@dataclass(frozen=True)
class Spot:
    """A point on the rain map: kilometres east and north, and its share of the city's rain."""

    east: float
    north: float
    rain_factor: float

    @classmethod
    def of(cls, place: Place) -> Spot:
        """Read a place; devices within a kilometre share a spot."""
        east, north = place.kilometres
        return cls(round(east), round(north), place.number("rain_factor", 1.0))


@dataclass(frozen=True)
class Rain:
    """The rain of one city."""

    seed: int

    def uniform(self, name: str, days: Ints) -> Floats:
        """Draw from (0, 1) for each day, one series a name."""
        return draws.uniform(draws.key(self.seed, "rain", name), days)

    def wet(self, days: Ints) -> NDArray[np.bool_]:
        """Tell which of some consecutive local days are wet.

        A day's draw mostly decides by itself; where it does not, the day is as the one before. So the chain
        is known after a short warm-up wherever it is started.
        """
        run = np.arange(days[0] - _WARM_UP, days[-1] + 1)
        share = WET_SHARE[month_of(run)]
        chance = self.uniform("wet", run)
        after_dry, after_wet = share * (1 - _PERSISTENCE), share + _PERSISTENCE * (1 - share)
        decided = (chance < after_dry) | (chance >= after_wet)
        source = np.maximum.accumulate(np.where(decided, np.arange(run.size), 0))
        return np.asarray((chance < after_dry)[source][_WARM_UP:])

    def amounts(self, days: Ints) -> tuple[Floats, Ints]:
        """Return mm and kind of consecutive local days."""
        wet, month = self.wet(days), month_of(days)
        drizzle = self.uniform("drizzle", days) < _DRIZZLE_SHARE[month]
        share = _DRIZZLE_SHARE[month]
        mean_wet = MONTHLY_MM[month] / (_DAYS[month] * WET_SHARE[month])
        mean = (mean_wet - share * np.mean(_DRIZZLE_MM)) / (1 - share)
        heights = draws.normal(draws.key(self.seed, "rain", "height"), days)
        heavy = mean / _GAMMA_SHAPE * draws.gamma(heights, self.uniform("amount", days), _GAMMA_SHAPE)
        light = _DRIZZLE_MM[0] + (_DRIZZLE_MM[1] - _DRIZZLE_MM[0]) * self.uniform("amount", days)
        amount = np.minimum(np.where(drizzle, light, heavy), _DAY_LIMIT_MM) * wet
        summer = (month >= 4) & (month <= 8)
        cell = (amount <= _CONVECTIVE_LIMIT_MM) & (self.uniform("cell", days) < np.where(summer, 0.7, 0.25))
        kind = np.where(drizzle, DRIZZLE, np.where(cell, CONVECTIVE, TROUGH))
        return amount, np.where(wet, kind, DRY)

    def storms(self, days: Ints, spot: Spot | None = None) -> Storms:
        """Return the storms of local days (any integers), as they are at a spot if one is given."""
        first, last = int(days.min()) // _BLOCK, int(days.max()) // _BLOCK
        if first == last:
            return _storm_block(self, spot, first)[days - first * _BLOCK]
        blocks = [_storm_block(self, spot, block) for block in range(first, last + 1)]
        names = vars(blocks[0])
        joined = Storms(**{name: np.concatenate([vars(b)[name] for b in blocks]) for name in names})
        return joined[days - first * _BLOCK]

    def fallen(self, place: Place, since: Floats, until: Floats) -> Floats:
        """Return mm of rain at a place between two series of local hours."""
        total = np.zeros(until.shape)
        today = np.floor(until / 24).astype(np.int64)
        earliest = np.floor(since / 24).astype(np.int64)
        for back in range(int((today - earliest).max()) + 3):
            before, after = self.of_day(place, today - back, since, until)
            total += after - before
        return total

    def of_day(self, place: Place, days: Ints, *hours: Floats) -> list[Floats]:
        """Return mm that the storms which start on `days` have brought up to each of `hours` (cumulative).

        A storm that starts on one day is over before the end of the day after the next.
        """
        storms = self.storms(days, Spot.of(place))
        mm = storms.amount[:, None] * storms.share
        if not mm.any():
            return [np.zeros(series.shape) for series in hours]
        progress = [np.clip((series[:, None] - storms.start) / storms.length, 0.0, 1.0) for series in hours]
        return [(mm * _triangle(share, storms.kind)).sum(axis=1) for share in progress]

    def intensity(self, place: Place, moment: Moment) -> Floats:
        """Return mm/h over the last ten minutes."""
        return self.fallen(place, moment.hours - 1 / 6, moment.hours) * 6

    def factor(self, spot: Spot, days: Ints, kind: Ints) -> Floats:
        """Return the spot's share of a storm: log-normal around the spot's climate, smooth in space."""
        spread = np.choose(kind, [0.0, 0.2, 0.6, 0.35])
        reach = np.choose(kind, [60.0, 80.0, 12.0, 45.0])
        index = days[:, None] * _WAVES + np.arange(_WAVES)
        wave_east = draws.normal(draws.key(self.seed, "rain", "east"), index) / reach[:, None]
        wave_north = draws.normal(draws.key(self.seed, "rain", "north"), index) / reach[:, None]
        phase = 2 * np.pi * self.uniform("phase", index)
        waves = np.cos(wave_east * spot.east + wave_north * spot.north + phase)
        field = waves.sum(axis=1) * np.sqrt(2 / _WAVES)
        return np.asarray(spot.rain_factor * np.exp(spread * field - spread**2 / 2))


def _triangle(x: Floats, kind: Ints) -> Floats:
    """Integrate a triangular hyetograph of unit area: peak at 0.35 in convection, in the middle otherwise."""
    peak = np.where(kind == CONVECTIVE, 0.35, 0.5)[:, None]
    return np.where(x < peak, x**2 / peak, 1 - (1 - x) ** 2 / (1 - peak))


@lru_cache(maxsize=4096)
def _storm_block(rain: Rain, spot: Spot | None, block: int) -> Storms:
    days = np.arange(block * _BLOCK, (block + 1) * _BLOCK)
    if spot is None:
        return _regional(rain, days)
    storms = _storm_block(rain, None, block)
    lag = 1.5 * rain.uniform(f"lag/{spot.east:.0f}/{spot.north:.0f}", days)
    amount = storms.amount * rain.factor(spot, days, storms.kind)
    return replace(storms, amount=amount, start=storms.start + lag[:, None])


def _regional(rain: Rain, days: Ints) -> Storms:
    amount, kind = rain.amounts(days)
    onset, duration = _timing(rain, days, kind)
    bursts = days[:, None] * _BURSTS + np.arange(_BURSTS)
    many = (kind == TROUGH)[:, None]
    length = np.where(many, 0.2 + 0.25 * rain.uniform("width", bursts), 1.0)
    begin = np.where(many, (1 - length) * rain.uniform("begin", bursts), 0.0)
    share = np.where(many, 0.3 + rain.uniform("share", bursts), 1.0)
    return Storms(
        kind=kind,
        amount=amount,
        start=(24 * days + onset)[:, None] + begin * duration[:, None],
        length=length * duration[:, None],
        share=share / share.sum(axis=1, keepdims=True),
    )


def _timing(rain: Rain, days: Ints, kind: Ints) -> tuple[Floats, Floats]:
    """Return onset in local hours of the day and duration in hours."""
    early, late = rain.uniform("onset", days), rain.uniform("duration", days)
    # convection: mostly in the afternoon, on the coast also before dawn
    cell = np.where(rain.uniform("dawn", days) < 0.25, 1 + 6 * early, 13.5 + 5 * early)
    onset = np.choose(kind, [12 + 0 * early, 2 + 12 * early, cell, 1 + 13 * early])
    duration = np.choose(kind, [1 + 0 * late, 4 + 8 * late, 0.6 + 0.9 * late, 6 + 12 * late])
    return onset, duration
