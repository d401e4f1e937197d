from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

from analytics.indicators import wqi
from devices import profiles
from devices.model import Profile, Thing
from simulators import air, draws, sampling, sound, street, tide, traffic, water, weather
from simulators.city import populate
from simulators.moment import Moment, month_of
from simulators.place import Place
from simulators.signals import SIGNALS, Signals
from simulators.sun import sunrise_sunset

if TYPE_CHECKING:
    from numpy.typing import NDArray

HA_LONG = Place(code="x", latitude=20.95, longitude=107.07, intervals={}, facts={})
HOUR = 3_600_000_000


def instant(text: str) -> int:
    return int(np.datetime64(text, "us").astype(np.int64))


def hours_between(start: str, end: str, step: float = 1.0) -> Moment:
    first, last = (instant(text) / HOUR for text in (start, end))
    return Moment(np.arange(first, last, step), 7.0)


@cache
def city() -> Profile:
    return populate(profiles.load("quang_ninh"))


def thing(code: str) -> Thing:
    return next(t for g in city().gateways for t in g.things if t.code == code)


def measured(
    code: str, start: str, end: str, seed: int = 1
) -> tuple[NDArray[np.int64], dict[str, draws.Floats]]:
    each = thing(code)
    times = sampling.grid(each, sampling.shortest(each), instant(start), instant(end))
    return times, Signals(city(), seed).values(each, times)


@pytest.mark.parametrize(
    ("day", "hon_dau", "cua_ong"),
    [
        ("2026-06-01", (0.585, 2.808, 3.361, 1.342), (0.973, 2.936, 3.952, 1.181)),
        ("2026-06-15", (0.712, 3.371, 3.345, 0.804), (1.102, 3.597, 3.887, 0.593)),
        ("2026-12-24", (3.231, 0.712, 0.334, 3.227), (3.729, 0.512, 0.719, 3.441)),
    ],
)
def test_tide_predictions(day: str, hon_dau: tuple[float, ...], cua_ong: tuple[float, ...]) -> None:
    times = instant(day) + np.arange(4) * 6 * HOUR
    assert tide.predict(tide.HON_DAU, times) == pytest.approx(hon_dau, abs=0.02)
    assert tide.predict(tide.CUA_ONG, times) == pytest.approx(cua_ong, abs=0.02)


def test_a_year_of_tides_has_the_published_range() -> None:
    times = np.arange(instant("2026-01-01"), instant("2027-01-01"), HOUR // 4)
    levels = tide.predict(tide.HON_DAU, times)
    assert (levels.min(), levels.max()) == pytest.approx((-0.16, 4.15), abs=0.05)
    daily = np.ptp(levels.reshape(365, 96), axis=1)
    assert np.median(daily) == pytest.approx(2.52, abs=0.1)


@pytest.mark.parametrize(
    ("day", "sunrise", "sunset"),
    [
        ("2026-11-21", None, 17 + 10 / 60),
        ("2026-12-21", None, 17 + 15 / 60),
        ("2026-03-21", 5 + 56 / 60, 18 + 3 / 60),
        ("2026-07-04", None, 18 + 37 / 60),
        ("2026-01-15", 6 + 31 / 60, None),
        ("2026-06-21", 5 + 11 / 60, None),
    ],
)
def test_sunrise_and_sunset_to_the_minute(day: str, sunrise: float | None, sunset: float | None) -> None:
    days = np.array([day], "datetime64[D]").astype(np.int64)
    rise, fall = sunrise_sunset(days, 20.95, 107.07, 7.0)
    assert sunrise is None or rise[0] == pytest.approx(sunrise, abs=1.2 / 60)
    assert sunset is None or fall[0] == pytest.approx(sunset, abs=1.2 / 60)


def test_lamps_are_lit_between_ten_and_thirteen_hours() -> None:
    days = np.arange(20454, 20454 + 365)
    on, off = street.lit_hours(days, 20.95, 107.07, 7.0)
    assert ((off - on).min(), (off - on).max()) == pytest.approx((10.3, 12.8), abs=0.1)


def test_humidity_follows_from_the_dew_point() -> None:
    humidity = weather.relative_humidity(np.array([32.5]), np.array([25.5]))
    assert humidity[0] == pytest.approx(67, abs=1)
    assert weather.dew_point(np.array([32.5]), humidity)[0] == pytest.approx(25.5, abs=1e-9)


def test_hourly_shares_sum_to_a_day() -> None:
    assert sum(traffic.WEEKDAY_SHARE) == pytest.approx(100, abs=0.2)
    assert sum(traffic.WEEKEND_SHARE) == pytest.approx(100, abs=0.2)
    assert sum(street.FOOTFALL) == pytest.approx(100, abs=1)
    assert np.mean(air.HOURLY_PM2_5) == pytest.approx(1, abs=0.01)
    assert water.UNIT_HYDROGRAPH.sum() == pytest.approx(1)


def test_noise_offsets_give_the_published_day_levels() -> None:
    level = 70 + np.array(sound.HOURLY_OFFSET, float)

    def mean(hours: list[int]) -> float:
        return float(10 * np.log10(np.mean(10 ** (level[hours] / 10))))

    assert mean(list(range(7, 19))) == pytest.approx(70.4, abs=0.15)
    assert mean(list(range(24))) == pytest.approx(68.6, abs=0.15)


def test_rain_has_the_climate_of_ha_long() -> None:
    first = int(np.datetime64("1980-01-01").astype(np.int64))
    days = np.arange(first, first + 365 * 40)
    mm = weather.Weather(1).rain.fallen(HA_LONG, days * 24.0, days * 24.0 + 24)
    month = month_of(days)
    assert mm.sum() / 40 == pytest.approx(1928, rel=0.08)
    assert (mm > 0.1).sum() / 40 == pytest.approx(132, rel=0.08)
    assert mm[(month >= 4) & (month <= 9)].sum() / mm.sum() == pytest.approx(0.877, abs=0.03)
    assert mm[month == 7].sum() / 40 == pytest.approx(445, rel=0.2)
    assert mm.max() < 450


def test_temperature_and_humidity_have_the_climate_of_ha_long() -> None:
    moment = hours_between("2000-01-01", "2010-01-01", 3.0)
    field = weather.Weather(1)
    temperature, humidity = field.temperature(HA_LONG, moment), field.humidity(HA_LONG, moment)
    month = month_of(moment.day)
    for number, mean in enumerate(weather.MEAN_TEMPERATURE):
        assert temperature[month == number].mean() == pytest.approx(mean, abs=1.2)
    for number, mean in enumerate(weather.MEAN_HUMIDITY):
        assert humidity[month == number].mean() == pytest.approx(mean, abs=5)
    assert temperature.min() > 2
    assert temperature.max() < 39.5


def test_the_day_is_coldest_at_six_and_hottest_at_fourteen() -> None:
    hours = np.arange(0, 24, 0.25)
    shape = weather.diurnal(hours)
    assert hours[shape.argmin()] == 6
    assert hours[shape.argmax()] == 14
    assert shape.mean() == pytest.approx(0, abs=0.01)


def test_devices_of_one_district_see_the_same_storms() -> None:
    days = np.arange(20454, 20454 + 365)

    def daily(code: str) -> draws.Floats:
        place = Place.of(thing(code))
        return weather.Weather(1).rain.fallen(place, days * 24.0, days * 24.0 + 24)

    near = np.corrcoef(daily("ha-long-rain-1"), daily("ha-long-rain-2"))[0, 1]
    far = np.corrcoef(daily("ha-long-rain-1"), daily("mong-cai-rain-2"))[0, 1]
    assert near > 0.9
    assert 0.3 < far < near


def _hourly_rain(code: str, times: NDArray[np.int64]) -> draws.Floats:
    hours = times / HOUR + 7
    return weather.Weather(1).rain.fallen(Place.of(thing(code)), hours - 1, hours)


def test_rain_washes_particles_out() -> None:
    times, values = measured("ha-long-air-1", "2026-07-01", "2026-09-01")
    wet = _hourly_rain("ha-long-air-1", times) > 5
    assert wet.sum() > 50
    assert values["pm2_5"][wet].mean() < 0.8 * values["pm2_5"][~wet].mean()
    assert (values["pm10"] > values["pm2_5"]).mean() > 0.99


def test_rain_slows_traffic_and_thins_motorcycles() -> None:
    times, values = measured("ha-long-traffic-2", "2026-07-01", "2026-09-01")
    rain = _hourly_rain("ha-long-traffic-2", times)
    day = ((times / HOUR + 7) % 24 > 9) & ((times / HOUR + 7) % 24 < 20)
    wet, dry = day & (rain > 8), day & (rain == 0)
    assert np.nanmean(values["traffic_speed"][wet]) < 0.95 * np.nanmean(values["traffic_speed"][dry])
    assert np.nanmean(values["motorcycle_share"][wet]) < np.nanmean(values["motorcycle_share"][dry])


def test_rain_raises_the_river() -> None:
    times, values = measured("ba-che-river-1", "2026-06-01", "2026-10-01")
    hours = times / HOUR + 7
    before = weather.Weather(1).rain.fallen(Place.of(thing("ba-che-river-1")), hours - 12, hours)
    assert np.corrcoef(before, values["river_level"])[0, 1] > 0.6
    assert values["river_level"][before > 60].mean() > values["river_level"][before == 0].mean() + 0.5


def test_a_rain_gauge_counts_what_falls() -> None:
    times, values = measured("ha-long-rain-1", "2026-06-01", "2026-10-01")
    hours = times / HOUR + 7
    place = Place.of(thing("ha-long-rain-1"))
    fallen = weather.Weather(1).rain.fallen(place, hours - 1 / 6, hours).sum()
    assert values["rainfall"].sum() == pytest.approx(fallen, rel=0.03)
    assert np.allclose(values["rainfall"] / 0.2, np.rint(values["rainfall"] / 0.2))


def test_winter_air_is_about_three_times_summer_air() -> None:
    winter = measured("ha-long-air-1", "2024-12-01", "2025-02-01")[1]["pm2_5"].mean()
    summer = measured("ha-long-air-1", "2025-06-01", "2025-08-01")[1]["pm2_5"].mean()
    assert 1.8 < winter / summer < 4.5


def test_counts_have_the_mean_and_the_dispersion_asked_for() -> None:
    index = np.arange(20_000)
    for mean in (0.3, 5.0, 35.0, 120.0):
        seen = draws.counts(draws.key("test", mean), index, np.full(index.shape, mean), 1.7)
        assert seen.mean() == pytest.approx(mean, rel=0.04)
        assert seen.var() / seen.mean() == pytest.approx(1.7, rel=0.08)


def test_ar1_is_standard_normal_with_the_memory_asked_for() -> None:
    series = draws.ar1(draws.key("test", "ar1"), np.arange(-20_000, 20_000), 0.7)
    assert series.mean() == pytest.approx(0, abs=0.05)
    assert series.std() == pytest.approx(1, abs=0.03)
    assert np.corrcoef(series[1:], series[:-1])[0, 1] == pytest.approx(0.7, abs=0.02)


def test_an_energy_register_never_runs_backwards() -> None:
    _, values = measured("ha-long-light-1", "2026-01-01", "2027-01-01")
    energy = values["electric_energy"]
    assert np.all(np.diff(energy) >= 0)
    assert values["lamp_state"].mean() == pytest.approx(11.6 / 24, abs=0.02)
    lit = values["lamp_state"] > 0
    assert np.all((values["lamp_power"] > 0) == lit)


def test_parked_cars_fit_into_the_car_park() -> None:
    _, values = measured("ha-long-parking-2", "2026-06-01", "2026-07-01")
    assert np.all(values["parking_occupied"] <= values["parking_capacity"])
    assert values["parking_occupied"].max() > 0.6 * values["parking_capacity"][0]


def test_rain_makes_a_river_dirty_and_takes_its_oxygen() -> None:
    each, signals = thing("ha-long-water-1"), Signals(city())
    times = sampling.grid(each, 3600, instant("2026-06-01"), instant("2026-09-01"))
    values = signals.values(each, times)
    rained = signals.weather.rain.fallen(
        Place.of(each), Moment.of(times, 7.0).hours - 6, Moment.of(times, 7.0).hours
    )
    wet, dry = rained > 20, rained == 0
    assert wet.sum() > 20
    for code, factor in (("cod", 1.5), ("ammonium_n", 1.5), ("turbidity", 5.0)):
        assert values[code][wet].mean() > factor * values[code][dry].mean(), code
    for code in ("dissolved_oxygen", "water_ph"):
        assert values[code][wet].mean() < values[code][dry].mean(), code


def test_a_river_has_the_climate_of_quang_ninh() -> None:
    _, summer = measured("ha-long-water-1", "2026-07-01", "2026-08-01")
    _, winter = measured("ha-long-water-1", "2026-01-01", "2026-02-01")
    assert summer["water_temperature"].mean() == pytest.approx(30, abs=1.5)
    assert winter["water_temperature"].mean() == pytest.approx(17, abs=2)
    assert 4 < summer["dissolved_oxygen"].mean() < winter["dissolved_oxygen"].mean() < 9.5
    oxygen = summer["dissolved_oxygen"].reshape(-1, 96).mean(axis=0)
    assert 12 <= np.argmax(np.roll(oxygen, 28)) / 4 <= 18


def test_every_station_on_a_river_has_a_water_quality_index() -> None:
    probes = [t for g in city().gateways for t in g.things if t.kind == "water_probe"]
    assert len(probes) == 13
    for each in probes:
        _, values = measured(each.code, "2026-11-20", "2026-11-21")
        indices = wqi.sub_indices({code: float(series.mean()) for code, series in values.items()})
        assert wqi.is_sufficient(indices, each.properties["wqi_min_groups"]), each.code
        assert 20 < wqi.wqi(wqi.group_indices(indices)) <= 100, each.code


def test_a_river_that_coal_mines_drain_into_is_acid() -> None:
    assert thing("cam-pha-water-1").properties["ph"] < thing("co-to-water-1").properties["ph"]


def test_whoever_enters_leaves_again_but_for_what_the_counter_misses() -> None:
    each, days = thing("ha-long-people-1"), ("2026-06-01", "2026-06-29")
    _, values = measured(each.code, *days)
    inn, out = values["people_in"].sum(), values["people_out"].sum()
    assert out / inn == pytest.approx(0.98, abs=0.02)
    # a beach town in June, weekends above the other days
    assert inn / 28 == pytest.approx(each.properties["visits_per_day"] * 1.4, rel=0.25)
    by_day = values["people_in"].reshape(-1, 288).sum(axis=1)
    assert by_day[[5, 6, 12, 13, 19, 20]].mean() > 1.2 * by_day[[0, 1, 2, 3, 7, 8, 9, 10]].mean()


def test_shorter_intervals_count_less_but_the_same_in_all() -> None:
    counter = thing("ha-long-traffic-1")
    signals = Signals(city())
    day = (instant("2026-06-02"), instant("2026-06-03"))
    slow = signals.values(counter, sampling.grid(counter, 300, *day))
    fast = signals.values(counter, sampling.grid(counter, 300, *day, every=10), every=10)
    assert fast["traffic_flow"].sum() == pytest.approx(slow["traffic_flow"].sum(), rel=0.05)


@pytest.mark.parametrize("kind", SIGNALS)
def test_an_instant_has_one_value_whatever_the_window(kind: str) -> None:
    each = next(t for g in city().gateways for t in g.things if t.kind == kind)
    signals = Signals(city())
    times = sampling.grid(each, 600, instant("2026-07-28"), instant("2026-08-12"))
    whole = signals.values(each, times)
    late, single = signals.values(each, times[1000:]), signals.values(each, times[1500:1501])
    for code, series in whole.items():
        assert np.array_equal(series[1000:], late[code], equal_nan=True), code
        assert np.array_equal(series[1500:1501], single[code], equal_nan=True), code


@pytest.mark.parametrize("kind", SIGNALS)
def test_values_stay_inside_physical_limits(kind: str) -> None:
    limits = {each.code: (each.minimum, each.maximum) for each in city().observed_properties}
    each = next(t for g in city().gateways for t in g.things if t.kind == kind)
    times = sampling.grid(each, 1800, instant("2026-01-01"), instant("2026-12-31"))
    for code, series in Signals(city(), seed=5).values(each, times).items():
        low, high = limits[code]
        assert np.nanmin(series) >= low, code
        assert np.nanmax(series) <= high, code
        assert np.isfinite(series).mean() > 0.9, code


def test_another_seed_is_another_year() -> None:
    one = measured("ha-long-air-1", "2026-06-01", "2026-06-03")[1]["pm2_5"]
    other = measured("ha-long-air-1", "2026-06-01", "2026-06-03", seed=2)[1]["pm2_5"]
    assert not np.array_equal(one, other)


def test_a_device_without_a_signal_is_refused() -> None:
    odd = Thing(
        code="odd",
        name="odd",
        kind="buoy",
        latitude=21,
        longitude=107,
        datastreams={"wave_height": 1800},
        areas=(),
    )
    with pytest.raises(ValueError, match="no signal for device kind 'buoy'"):
        Signals(city()).values(odd, np.array([0]))
