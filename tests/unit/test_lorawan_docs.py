"""What docs/lorawan.md tells to write is what halong reads."""

from __future__ import annotations

import csv
import json
import re
import shutil
import tomllib
from pathlib import Path

import pytest

from devices.catalog import KnownGateway
from devices.profiles import load
from ingest.formats.lorawan import decode
from ingest.formats.network_servers import Uplink, encode_things_stack
from ingest.topics import source_of
from runtime.settings import Settings
from tests.compose import SERVICES

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "lorawan.md").read_text("utf-8")


def block(language: str, number: int = 0) -> str:
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return found[number]


def sources() -> dict[str, str]:
    return Settings(lorawan_sources=json.loads(block("json", 1))).lorawan_sources


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The profile of the province with the device and the model of the page."""
    (row,) = csv.DictReader(block("csv").splitlines())
    shutil.copytree(ROOT / "devices" / "profiles" / "quang_ninh", tmp_path, dirs_exist_ok=True)
    head = "code,name,latitude,longitude,areas\n"
    (tmp_path / "gateways.csv").write_text(f"{head}{row['gateway']},ChirpStack,21.03,107.34,195\n", "utf-8")
    (tmp_path / "things.csv").write_text(block("csv"), "utf-8")
    (tmp_path / "lorawan" / f"{row['model']}.json").write_text(block("json"), "utf-8")
    return tmp_path


def test_the_device_and_its_model(folder: Path) -> None:
    profile = load(folder)
    (device,) = profile.gateways[0].things
    model = next(each for each in profile.device_models if each.code == device.model)
    dev_eui = "a84041000181c061"
    assert (device.code, device.dev_eui) == ("cau-trang-air", dev_eui)
    known = KnownGateway(
        1, True, {device.code: True}, models={device.code: model}, dev_euis={dev_eui: device.code}
    )
    fields = {
        "pm2_5": {"value": 0.0312, "unit": "mg/m3"},
        "climate": {"temperature": 27.4},
        "barometric_pressure": {"value": 100620, "unit": "Pa"},
        "humidity": "81.5",
        "distance": 1850,
        "battery": {"percent": 92},
    }
    found = decode(encode_things_stack(Uplink((dev_eui, "x"), "2026-11-22T08:15:00Z", fields)), known)
    assert found.problems == []
    assert dict(zip(found.properties, found.values, strict=True)) == pytest.approx(
        {
            "pm2_5": 31.2,
            "air_temperature": 27.4,
            "air_pressure": 1006.2,
            "relative_humidity": 81.5,
            "river_level": 4.35,
        }
    )


def test_the_models_of_the_profile_are_named() -> None:
    for model in load("quang_ninh").device_models:
        assert f"`{model.code}`" in TEXT


def test_compose_sets_what_the_page_explains() -> None:
    name, _, value = block("ini").strip().partition("=")
    assert name == "HALONG_LORAWAN_SOURCES"
    assert json.loads(value.strip("'")) == sources()
    for service in ("identities", "ingest"):
        assert SERVICES[service]["environment"][name] == f"${{{name}-}}"


def test_chirpstack_publishes_where_its_source_is() -> None:
    mqtt = tomllib.loads(block("toml"))["integration"]["mqtt"]
    topic = re.sub(r"\{\{\w+\}\}", "x", mqtt["event_topic"])
    assert source_of(topic, sources()) == mqtt["username"]
    assert (mqtt["json"], mqtt["qos"]) == (True, 1)


def test_the_bridge_brings_what_its_source_is() -> None:
    (topics,) = re.findall(r"^topic (\S+) in 1$", block("text"), re.MULTILINE)
    assert topics in sources().values()
