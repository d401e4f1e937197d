"""Device models of a profile: what is wrong is named by file and field."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from devices.model import FieldMapping
from devices.profiles import ProfileError, load
from tests.unit.test_profile_errors import THINGS, folder

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["folder"]

MODEL: dict[str, Any] = {
    "name": "Dust",
    "fields": {
        "pm25": {"property": "pm2_5", "unit": "mg/m3", "factor": 1000},
        "rain.mm": {"property": "rainfall"},
    },
    "ignored": ["battery"],
}


def write(folder: Path, text: str, name: str = "dust-1.json") -> None:
    (folder / "lorawan").mkdir(exist_ok=True)
    (folder / "lorawan" / name).write_text(text, "utf-8")


def with_columns(folder: Path, model: str, dev_eui: str) -> None:
    head, row = THINGS.splitlines()
    (folder / "things.csv").write_text(f"{head},model,dev_eui\n{row},{model},{dev_eui}\n", "utf-8")


def test_a_model_and_its_device(folder: Path) -> None:
    write(folder, json.dumps(MODEL))
    with_columns(folder, "dust-1", "A84041000181C061")
    profile = load(folder)
    (model,) = profile.device_models
    assert (model.code, model.name, model.ignored) == ("dust-1", "Dust", ("battery",))
    assert model.fields["pm25"] == FieldMapping(property="pm2_5", unit="mg/m3", factor=1000.0)
    (device,) = profile.gateways[0].things
    assert (device.model, device.dev_eui) == ("dust-1", "a84041000181c061")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"lorawan/dust-1\.json: Input data was truncated"),
        ("{}", r"lorawan/dust-1\.json: Object missing required field `name`"),
        (json.dumps(MODEL | {"note": 1}), r"lorawan/dust-1\.json: Object contains unknown field `note`"),
        (json.dumps(MODEL | {"fields": {}}), r"lorawan/dust-1\.json, fields: is empty"),
        (
            json.dumps(MODEL | {"ignored": ["pm25"]}),
            r"lorawan/dust-1\.json, ignored: 'pm25' is also in fields",
        ),
        (
            json.dumps(MODEL | {"fields": {"a": {"property": "pm2_5"}, "b": {"property": "pm2_5"}}}),
            r"lorawan/dust-1\.json, fields: 'pm2_5' is the property of 2 fields",
        ),
    ],
)
def test_a_wrong_file_is_named(folder: Path, text: str, message: str) -> None:
    write(folder, text)
    with pytest.raises(ProfileError, match=message):
        load(folder)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"property": "pm25"}, r"fields\.x\.property: 'pm25' is not in observed_properties\.csv"),
        ({"property": "pm2_5", "fator": 2}, r"unknown field `fator` - at `\$\.fields"),
        ({"property": "pm2_5", "factor": "2"}, r"Expected `float`, got `str` - at `\$\.fields"),
        ({"property": "pm2_5", "factor": 0}, r"fields\.x\.factor: 0\.0 is no finite number other than 0"),
    ],
)
def test_a_wrong_field_is_named(folder: Path, mapping: dict[str, Any], message: str) -> None:
    write(folder, json.dumps(MODEL | {"fields": {"x": mapping}}))
    with pytest.raises(ProfileError, match=rf"lorawan/dust-1\.json.*{message}"):
        load(folder)


def test_a_files_name_is_the_models_code(folder: Path) -> None:
    write(folder, json.dumps(MODEL), "Dust 1.json")
    with pytest.raises(ProfileError, match=r"lorawan/Dust 1\.json, the file's name: is no code"):
        load(folder)


@pytest.mark.parametrize(
    ("model", "dev_eui", "message"),
    [
        ("dust-2", "", r"things\.csv, line 2, model: there is no lorawan/dust-2\.json; models: dust-1"),
        ("", "A8:40:41", r"things\.csv, line 2, dev_eui: 'a8:40:41' is no DevEUI: 16 hexadecimal digits"),
    ],
)
def test_a_wrong_cell_of_a_device_is_named(folder: Path, model: str, dev_eui: str, message: str) -> None:
    write(folder, json.dumps(MODEL))
    with_columns(folder, model, dev_eui)
    with pytest.raises(ProfileError, match=message):
        load(folder)


def test_a_dev_eui_belongs_to_one_device(folder: Path) -> None:
    head, row = THINGS.splitlines()
    rows = [f"{head},dev_eui", f"{row},a84041000181c061", f"{row},A84041000181C061".replace("aq-1", "aq-2")]
    (folder / "things.csv").write_text("\n".join(rows), "utf-8")
    with pytest.raises(ProfileError, match=r"line 3, dev_eui: 'a84041000181c061' stands on line 2 already"):
        load(folder)
