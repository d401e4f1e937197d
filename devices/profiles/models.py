"""What has to hold in a profile's device models, the files lorawan/CODE.json."""

from __future__ import annotations

from collections import Counter
from math import isfinite
from typing import TYPE_CHECKING

from devices.model import is_code
from devices.profiles.rows import ProfileError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from devices.model import DeviceModel, FieldMapping


def check_models(models: Sequence[DeviceModel], properties: AbstractSet[str]) -> None:
    """Check codes, fields, observed properties, factors and offsets.

    Raises:
        ProfileError: about the first thing that is wrong, with file and field.
    """
    for model in models:
        if not is_code(model.code):
            raise _error(model, "the file's name", "is no code: 1 to 64 of a-z 0-9 _ . - and .json")
        if not model.fields:
            raise _error(model, "fields", "is empty: give at least one field of the decoded object")
        for path, mapping in model.fields.items():
            _check_field(model, path, mapping, properties)
        _check_whole(model)


def _check_field(model: DeviceModel, path: str, mapping: FieldMapping, properties: AbstractSet[str]) -> None:
    place = f"fields.{path}"
    if mapping.property not in properties:
        raise _error(model, f"{place}.property", f"{mapping.property!r} is not in observed_properties.csv")
    if not isfinite(mapping.factor) or mapping.factor == 0:
        raise _error(model, f"{place}.factor", f"{mapping.factor} is no finite number other than 0")
    if not isfinite(mapping.offset):
        raise _error(model, f"{place}.offset", f"{mapping.offset} is no finite number")


def _check_whole(model: DeviceModel) -> None:
    counts = Counter(mapping.property for mapping in model.fields.values())
    if twice := [code for code, n in counts.items() if n > 1]:
        # One device has one datastream a property: the second value of an uplink would be lost.
        raise _error(model, "fields", f"{twice[0]!r} is the property of {counts[twice[0]]} fields; keep one")
    if both := sorted(model.fields.keys() & set(model.ignored)):
        raise _error(model, "ignored", f"{both[0]!r} is also in fields; keep one")


def _error(model: DeviceModel, place: str, what: str) -> ProfileError:
    return ProfileError(f"lorawan/{model.code}.json, {place}: {what}")
