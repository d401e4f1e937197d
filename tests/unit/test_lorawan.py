"""Uplinks of LoRaWAN network servers: golden folders, published examples, and whatever else may come."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isclose
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.catalog import Catalog, KnownGateway, Stream
from devices.model import DeviceModel, FieldMapping
from devices.profiles import load
from ingest.formats.lorawan import decode
from ingest.formats.network_servers import Uplink, encode_chirpstack, encode_things_stack
from ingest.mqtt import Delivery
from ingest.resolve import TimeLimits, resolve
from ingest.understand import understand

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingest.formats.readings import Readings

CASES = sorted((Path(__file__).resolve().parents[1] / "testcases" / "lorawan").iterdir())
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAMES = ("a84041000181c061", "cau-trang-1")
TIME = "2026-11-22T08:15:00.700123456Z"
both = pytest.mark.parametrize("encode", [encode_things_stack, encode_chirpstack])


def server(context: dict[str, Any]) -> KnownGateway:
    """The devices that a case says the registry has."""
    models = {
        code: DeviceModel(
            code=code,
            name=code,
            fields=msgspec.convert(model["fields"], dict[str, FieldMapping]),
            ignored=tuple(model["ignored"]),
        )
        for code, model in context["models"].items()
    }
    devices = context["devices"]
    return KnownGateway(
        1,
        True,
        devices=dict.fromkeys(devices, True),
        models={device: models[model] for device, model in devices.items() if model},
        dev_euis=context["dev_euis"],
    )


def readings(found: Readings) -> list[dict[str, Any]]:
    units = found.units or [None] * len(found.values)
    rows = zip(found.devices, found.properties, found.times, found.values, units, strict=True)
    return [
        {
            "device": device,
            "property": prop,
            "time": (EPOCH + timedelta(microseconds=time)).isoformat(),
            "value": value,
            "at": found.path(index),
            **({"unit": unit} if unit else {}),
        }
        for index, (device, prop, time, value, unit) in enumerate(rows)
    ]


def problems(found: Readings) -> str:
    def line(each: Any) -> str:
        times = f" ({each.count} times)" if each.count > 1 else ""
        return f"{each.reason} {each.at} {each.detail}{times}\n"

    return "".join(line(each) for each in found.problems)


@pytest.mark.parametrize("folder", CASES, ids=lambda path: path.name)
def test_a_golden_folder(folder: Path) -> None:
    def text(name: str, default: str) -> str:
        return (folder / name).read_text("utf-8") if (folder / name).exists() else default

    found = decode((folder / "payload.json").read_bytes(), server(json.loads(text("context.json", ""))))
    expected = json.loads(text("expected.json", '{"readings": []}'))["readings"]
    got = readings(found)
    for one, other in zip(got, expected, strict=True):
        assert isclose(one.pop("value"), other.pop("value"))
        assert one == other
    assert problems(found) == text("error.txt", "")


def known(model: DeviceModel | None = None, dev_eui: str = NAMES[0]) -> KnownGateway:
    models = {"cau-trang-1": model} if model else {}
    return KnownGateway(1, True, {"cau-trang-1": True}, models=models, dev_euis={dev_eui: "cau-trang-1"})


@both
@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_published_object_of_a_dust_sensor(
    shared: Path, encode: Callable[[Uplink], bytes], number: int
) -> None:
    (model,) = (m for m in load("quang_ninh").device_models if m.code == "decentlab-dl-pm")
    published = json.loads((shared / "cases/lorawan/decentlab-dl-pm.json").read_text("utf-8"))[number]
    found = decode(encode(Uplink(NAMES, TIME, published["expected"])), known(model))
    assert found.problems == []
    fields = {k: v for k, v in published["expected"].items() if k in model.fields}
    values = dict(zip(found.properties, found.values, strict=True))
    assert len(values) == len(fields) == [6, 4, 1][number]
    assert values["battery_voltage"] == fields["battery_voltage"]["value"]
    if number < 2:
        assert values["air_pressure"] == pytest.approx(968.0)
        assert values["relative_humidity"] == fields["air_humidity"]["value"]


@both
def test_a_published_distance_becomes_a_level(shared: Path, encode: Callable[[Uplink], bytes]) -> None:
    fields = {"distance": FieldMapping(property="river_level", factor=-0.001, offset=6.2)}
    model = DeviceModel(code="em500", name="", fields=fields, ignored=("battery",))
    for published in json.loads((shared / "cases/lorawan/em500-udl.json").read_text("utf-8")):
        found = decode(encode(Uplink(NAMES, TIME, published["expected"])), known(model))
        assert (found.problems, found.properties) == ([], ["river_level"])
        assert found.values == [pytest.approx(6.2 - published["expected"]["distance"] / 1000)]


@pytest.mark.parametrize("event", ["join", "ack", "status"])
def test_a_published_event_without_data(shared: Path, event: str) -> None:
    found = decode((shared / f"cases/lorawan/{event}.json").read_bytes(), known())
    assert (found.values, found.problems) == ([], [])


def test_a_published_uplink_without_a_codec(shared: Path) -> None:
    payload = (shared / "cases/lorawan/up.json").read_bytes()
    found = decode(payload, known(dev_eui="0101010101010101"))
    assert [(each.reason, each.at) for each in found.problems] == [("schema", "$.object")]
    assert "set a codec in the device profile" in found.problems[0].detail


@both
def test_all_copies_of_an_uplink_have_one_time(encode: Callable[[Uplink], bytes]) -> None:
    heard = json.loads(encode(Uplink(NAMES, TIME, {"pm2_5": 1.0})))
    copies = []
    for gateways in ([{"gatewayId": "a"}], [{"gatewayId": "b", "gwTime": "2026-11-22T08:14:00Z"}], []):
        message = copy.deepcopy(heard)
        message.get("uplink_message", message)["rxInfo"] = gateways
        message.get("uplink_message", {})["rx_metadata"] = gateways
        copies.append(decode(json.dumps(message).encode(), known()))
    assert [(c.times, c.devices, c.properties) for c in copies] == [
        ([1_795_335_300_700_123], ["cau-trang-1"], ["pm2_5"])
    ] * 3


def test_a_unit_without_a_model_is_converted_or_refused() -> None:
    streams = {("cau-trang-1", "air_pressure"): Stream(7, 900.0, 1050.0, "hPa")}
    catalog = Catalog({"lns": replace(known(), streams=streams)}, frozenset({"air_pressure"}))
    limits = TimeLimits(0, 2**62)
    for unit, values, refusals in (("Pa", [1006.2], []), ("mmHg", [], ["unit_mismatch"])):
        fields = {"air_pressure": {"value": 100620, "unit": unit}}
        found = decode(encode_chirpstack(Uplink(NAMES, TIME, fields)), catalog.gateways["lns"])
        resolved = resolve(found, "lns", catalog, limits)
        assert resolved.observations["value"].tolist() == pytest.approx(values)
        assert list(resolved.refusals) == refusals


@pytest.mark.parametrize("value", ["9" * 400, "9" * 5000, "1e400", "NaN"])
def test_a_number_beyond_binary64_is_refused(value: str) -> None:
    payload = encode_chirpstack(Uplink(NAMES, TIME, {"pm2_5": 1.5})).replace(b"1.5", value.encode())
    found = decode(payload, known())
    assert found.values == []
    assert [each.reason for each in found.problems] in (["not_decodable"], ["value_not_finite"])


@pytest.mark.parametrize("topic", ["tts", "tts/uplink", "application/1/device/a/event/up"])
@pytest.mark.parametrize("sources", [{"lns": "tts/#", "lns-2": "application/#"}, {}])
def test_a_server_that_is_not_registered_or_no_source_is_an_unknown_gateway(
    topic: str, sources: dict[str, str]
) -> None:
    delivery = Delivery(topic, b"{}", None, False, False, 1, 1)
    entry = understand(delivery, Catalog({}, frozenset()), "city/v1", TimeLimits(0, 1), sources=sources)
    assert list(entry.resolved.refusals) == ["unknown_gateway"]


def test_what_is_too_large_is_not_read() -> None:
    (problem,) = decode(b" " * ((1 << 20) + 1), known()).problems
    assert problem.reason == "not_decodable"


def test_what_is_nested_too_deep_is_refused() -> None:
    deep: Any = 1
    for _ in range(300):
        deep = {"a": deep}
    found = decode(encode_chirpstack(Uplink(NAMES, TIME, deep)), known())
    assert [each.reason for each in found.problems] == ["value_not_finite"]
    assert decode(b'{"deviceInfo":' * 100_000, known()).problems[0].reason == "not_decodable"


codes = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,15}", fullmatch=True)
numbers = st.floats(allow_nan=False, allow_infinity=False)
times = st.datetimes(datetime(1990, 1, 1), datetime(2099, 1, 1))  # noqa: DTZ001  (UTC, written with Z)


@both
@given(
    eui=st.from_regex(r"[0-9a-f]{16}", fullmatch=True),
    code=codes,
    fields=st.dictionaries(codes.filter(lambda name: name != "value"), numbers, min_size=1),
    time=times,
    nanoseconds=st.integers(0, 999),
)
def test_what_is_encoded_is_decoded(
    encode: Callable[[Uplink], bytes],
    eui: str,
    code: str,
    fields: dict[str, float],
    time: datetime,
    nanoseconds: int,
) -> None:
    text = f"{time.isoformat(timespec='microseconds')}{nanoseconds:03d}Z"
    devices = KnownGateway(1, True, {code: True}, dev_euis={eui: code})
    found = decode(encode(Uplink((eui, code), text, fields)), devices)
    assert found.problems == []
    assert dict(zip(found.properties, found.values, strict=True)) == fields
    assert set(found.devices) == {code}
    assert set(found.times) == {(time.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)}


@given(st.binary())
def test_no_bytes_raise(payload: bytes) -> None:
    assert decode(payload, known()).problems


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
keys = st.sampled_from(["value", "unit", "pm25", "t", "received_at", "dev_eui", "devEui"]) | st.text(
    max_size=5
)
documents = st.recursive(scalars, lambda below: st.lists(below) | st.dictionaries(keys, below), max_leaves=20)
MODEL = DeviceModel(
    code="m",
    name="",
    fields={
        "pm25": FieldMapping(property="pm2_5", factor=1e300),
        "t.t": FieldMapping(property="t", text=True),
    },
)


@given(decoded=documents, ids=documents, time=documents | st.just(TIME), model=st.sampled_from([None, MODEL]))
@pytest.mark.parametrize("shape", ["things_stack", "chirpstack", "device"])
def test_no_document_raises(shape: str, decoded: Any, ids: Any, time: Any, model: DeviceModel | None) -> None:
    message: Any = {
        "things_stack": {"end_device_ids": ids, "uplink_message": decoded, "received_at": time},
        "chirpstack": {"deviceInfo": ids, "object": decoded, "time": time, "data": decoded},
        "device": {"deviceInfo": {"devEui": NAMES[0]}, "object": decoded, "time": TIME},
    }[shape]
    found = decode(json.dumps(message).encode(), known(model))
    assert len(found.values) == len(found.times) == len(found.properties) == len(found.places)
    assert all(value - value == 0 for value in found.values)
    for index in range(len(found.values)):
        assert found.path(index).startswith("$.")
