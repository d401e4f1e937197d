"""The environment as a source of settings, in which an empty value is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic_settings import EnvSettingsSource

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_core import Url

#: settings of which an empty value says something: there is to be none
_EMPTY_IS_A_VALUE: Final = frozenset({"sparkplug_host_id"})


class Environment(EnvSettingsSource):
    """Environment variables. One that is empty is not set: compose passes on like that what nobody sets."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return a setting's text, its key, and whether the text is JSON."""
        text, key, is_json = super().get_field_value(field, field_name)
        return (None if text == "" and field_name not in _EMPTY_IS_A_VALUE else text), key, is_json


class SettingsError(ValueError):
    """A setting is missing or cannot be used."""


def require(url: Url | None, variable: str, example: str) -> str:
    """Return an address that has to be set.

    Raises:
        SettingsError: it is not set.
    """
    if url is None:
        raise SettingsError(
            f"{variable} is not set: set it, for example {variable}={example}, or run `halong demo`"
        )
    return str(url)
