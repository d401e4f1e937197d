from __future__ import annotations

import pytest

from devices.catalog import Catalog, KnownGateway, Stream
from devices.model import Quality
from ingest.formats.native import decode, encode
from ingest.formats.readings import listing_each
from ingest.resolve import Resolved, TimeLimits, resolve

NOW_MS = 1_795_335_360_000
LIMITS = TimeLimits((NOW_MS - 1_000_000) * 1000, (NOW_MS + 300_000) * 1000)
PM = Stream(1, 0.0, 1000.0, "ug/m3")
CATALOG = Catalog(
    {
        "gw": KnownGateway(
            7,
            True,
            {"aq": True, "off": False, "gw": True},
            {("aq", "pm2_5"): PM, ("gw", "pm2_5"): PM._replace(id=2)},
        ),
        "disabled": KnownGateway(8, False, {"aq": True}, {("aq", "pm2_5"): PM}),
    },
    frozenset(["pm2_5", "pm10"]),
)


def resolved(*readings: dict[str, object], gateway: str = "gw") -> Resolved:
    return resolve(decode(encode(readings)), gateway, CATALOG, LIMITS)


def reading(**values: object) -> dict[str, object]:
    return {"device": "aq", "time": NOW_MS} | values


def test_columns() -> None:
    found = resolved(reading(pm2_5=31.2), {"time": NOW_MS, "pm2_5": True})
    assert found.gateway_id == 7
    assert found.observations.tolist() == [
        (1, NOW_MS * 1000, 31.2, Quality.GOOD),
        (2, NOW_MS * 1000, 1.0, Quality.GOOD),
    ]
    assert found.refusals == {}


@pytest.mark.parametrize(
    ("given", "reason", "at", "words"),
    [
        (
            reading(pm2_5=1000.1),
            "value_out_of_range",
            "$.readings[0].pm2_5",
            "pm2_5 = 1000.1 ug/m3 is above 1000",
        ),
        (reading(pm2_5=-1), "value_out_of_range", "$.readings[0].pm2_5", "is below 0"),
        (reading(device="x", pm2_5=1), "unknown_device", "$.readings[0].device", "'x' is not registered"),
        (reading(device="off", pm2_5=1), "unknown_device", "$.readings[0].device", "is disabled"),
        (reading(device="AQ", pm2_5=1), "unknown_device", "$.readings[0].device", ": did you mean 'aq'?"),
        (reading(PM25=1), "unknown_property", "$.readings[0].PM25", ": did you mean 'pm2_5'?"),
        (reading(pm25=1), "unknown_property", "$.readings[0].pm25", "no observed property's code"),
        (
            reading(pm10=1),
            "unknown_property",
            "$.readings[0].pm10",
            "has no datastream for 'pm10': it has pm2_5",
        ),
        (
            reading(time=NOW_MS + 300_001, pm2_5=1),
            "time_in_future",
            "$.readings[0].time",
            "beyond the tolerance",
        ),
        (reading(time=NOW_MS // 1000, pm2_5=1), "time_too_old", "$.readings[0].time", "give milliseconds"),
        (reading(time=NOW_MS - 1_000_001, pm2_5=1), "time_too_old", "$.readings[0].time", "is before"),
    ],
)
def test_refused_reading_keeps_its_neighbours(
    given: dict[str, object], reason: str, at: str, words: str
) -> None:
    found = resolved(given, reading(pm2_5=5))
    (refusal,) = found.refusals.values()
    assert (refusal.reason, refusal.at, refusal.count) == (reason, at, 1)
    assert words in refusal.detail
    assert refusal.stored == (reason == "value_out_of_range")
    assert found.observations["value"][-1] == 5.0
    assert found.observations["quality"].tolist() == ([Quality.SUSPECT] if refusal.stored else []) + [
        Quality.GOOD
    ]


def test_bounds_are_inside() -> None:
    found = resolved(
        reading(pm2_5=0),
        reading(pm2_5=1000),
        reading(time=NOW_MS + 300_000, pm2_5=1),
        reading(time=NOW_MS - 1_000_000, pm2_5=1),
    )
    assert len(found.observations) == 4
    assert found.refusals == {}


def test_equal_reasons_of_a_message_are_counted_at_the_first_place() -> None:
    found = resolved(*(reading(nope=i) for i in range(5)))
    (refusal,) = found.refusals.values()
    assert (refusal.count, refusal.at) == (5, "$.readings[0].nope")


@pytest.mark.parametrize("gateway", ["stranger", "disabled"])
def test_unknown_or_disabled_gateway_stores_nothing(gateway: str) -> None:
    found = resolved(reading(pm2_5=1), gateway=gateway)
    assert list(found.refusals) == ["unknown_gateway"]
    assert not found.rows


def test_payload_of_another_gateway_is_refused() -> None:
    found = resolve(
        decode(b'{"gateway": "other", "readings": [{"time": 1, "pm2_5": 1}]}'), "gw", CATALOG, LIMITS
    )
    assert list(found.refusals) == ["gateway_mismatch"]


def test_a_device_that_was_left_out() -> None:
    catalog = Catalog(
        {"gw": KnownGateway(7, True, {"aq": True}, {("aq", "pm2_5"): PM})}, frozenset(["pm2_5"])
    )
    found = resolve(decode(encode([{"time": NOW_MS, "pm2_5": 1}])), "gw", catalog, LIMITS)
    (refusal,) = found.refusals.values()
    assert (refusal.reason, refusal.at) == ("unknown_device", "$.readings[0].device")
    assert refusal.detail == "device is left out, and the gateway 'gw' is no device itself: name one of aq"


def test_each_problem_by_itself_when_they_are_listed() -> None:
    given = [reading(nope=1), reading(pm2_5=1, pm25=2), {"pm2_5": 1}, {"pm2_5": 1}]
    with listing_each():
        found = resolved(*given)
    assert [(each.reason, each.at) for each in found.refusals.values()] == [
        ("time_missing", "$.readings[2].time"),
        ("time_missing", "$.readings[3].time"),
        ("unknown_property", "$.readings[0].nope"),
        ("unknown_property", "$.readings[1].pm25"),
    ]
    assert list(resolved(*given).refusals) == ["time_missing", "unknown_property"]


def test_a_list_of_problems_ends() -> None:
    with listing_each():
        found = resolved(*[{"pm2_5": 1}] * 5000)
    assert len(found.refusals) <= 1001
    assert sum(each.count for each in found.refusals.values()) == 5000
