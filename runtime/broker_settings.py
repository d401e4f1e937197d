"""Settings of the broker, and of the certificate authority that it and its gateways are known by."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  (pydantic resolves it at run time)
from typing import Annotated

from pydantic import Field, SecretStr, UrlConstraints, ValidationInfo, field_validator
from pydantic_core import Url
from pydantic_settings import BaseSettings

from devices.model import PLATFORM_USER
from runtime.broker_address import broker_address, with_files
from runtime.environment import SettingsError, require
from runtime.places import default_state

MqttUrl = Annotated[Url, UrlConstraints(allowed_schemes=["mqtt", "mqtts"], host_required=True)]
WebSocketUrl = Annotated[Url, UrlConstraints(allowed_schemes=["ws", "wss"], host_required=True)]


class BrokerSettings(BaseSettings):
    """A part of `runtime.settings.Settings`."""

    mqtt_ca_file: Path | None = Field(
        default=None,
        description="CA certificates (PEM) that a broker at mqtts:// is checked with; default: the system's.",
    )
    mqtt_url: MqttUrl | None = Field(
        default=None,
        repr=False,
        description="Broker for halong's own services, as mqtt://user:password@host:port.",
    )
    gateway_mqtt_url: MqttUrl | None = Field(
        default=None,
        repr=False,
        description="Broker as gateways reach it, without a user; default: mqtt_url's address.",
    )
    gateway_certificate_mqtt_url: MqttUrl | None = Field(
        default=None,
        repr=False,
        description="Broker as gateways with a certificate reach it; told to them when they enrol.",
    )
    broker_dir: Path | None = Field(
        default=None,
        description="Folder of the broker's files, kept up to date by `halong up` and `broker follow`.",
    )
    ca_dir: Path | None = Field(default=None, description="Folder of the certificate authority.")
    ca_passphrase: SecretStr | None = Field(
        default=None, min_length=12, description="Passphrase of the certificate authority's key."
    )
    broker_names: str = Field(
        default="",
        description="Host names and addresses by which gateways reach the broker, with commas between.",
    )

    browser_mqtt_url: WebSocketUrl | None = Field(
        default=None, description="Broker for browsers as they reach it, as wss://live.example.vn/mqtt."
    )
    browser_broker_url: MqttUrl | None = Field(
        default=None,
        repr=False,
        description="The same as halong controls it, as mqtt://halong:password@host:1885.",
    )
    browser_broker_dir: Path | None = Field(
        default=None, description="Folder of its files, kept up to date by `halong up` and `broker follow`."
    )
    browser_bridge_password: SecretStr | None = Field(
        default=None,
        min_length=12,
        description="Password of the gateways' broker's user `browsers`, the broker for browsers.",
    )
    browser_cert_file: Path | None = Field(
        default=None,
        description="Certificates (PEM) that browsers are shown; default: the gateways' broker's.",
    )
    browser_key_file: Path | None = Field(
        default=None, validate_default=True, description="Key (PEM) of the first of them."
    )
    mqtt_token_minutes: int = Field(default=10, ge=1, le=60, description="How long an MQTT token is valid.")
    mqtt_tokens: int = Field(
        default=100, ge=1, le=1000, description="Valid MQTT tokens of one API key or person at a time."
    )

    @field_validator("mqtt_ca_file")
    @classmethod
    def _ca_is_there(cls, file: Path | None) -> Path | None:
        if file and not file.is_file():
            raise ValueError(f"{file} is no file: `halong ca show` prints the CA's certificate")
        return file

    @field_validator("mqtt_url", "gateway_mqtt_url")
    @classmethod
    def _url_names_the_ca(cls, url: Url | None, given: ValidationInfo) -> Url | None:
        """Return the address with the file of CA certificates, unless it names one: who has it can check."""
        ca_file = given.data.get("mqtt_ca_file")
        if url is None or ca_file is None or broker_address(str(url)).ca_file:
            return url
        return Url(with_files(str(url), ca_file=ca_file))

    @field_validator("browser_key_file")
    @classmethod
    def _certificate_has_its_key(cls, file: Path | None, given: ValidationInfo) -> Path | None:
        if (file is None) != (given.data.get("browser_cert_file") is None):
            raise ValueError("HALONG_BROWSER_CERT_FILE and HALONG_BROWSER_KEY_FILE are set both, or neither")
        return file

    def require_mqtt_url(self) -> str:
        """Return the broker address.

        Raises:
            SettingsError: it is not set.
        """
        return require(self.mqtt_url, "HALONG_MQTT_URL", "mqtt://user:password@host:1883")

    @property
    def platform_users(self) -> frozenset[str]:
        """The broker's users that halong's services log in as: no gateway may go by these names."""
        user = broker_address(str(self.mqtt_url)).user if self.mqtt_url else None
        return frozenset({PLATFORM_USER, *filter(None, [user])})

    def require_broker_dir(self) -> Path:
        """Return the folder of the broker's files.

        Raises:
            SettingsError: it is not set.
        """
        if self.broker_dir is None:
            raise SettingsError(
                "give a folder with --out, or set HALONG_BROKER_DIR: the broker reads its files there"
            )
        return self.broker_dir

    @property
    def authority_folder(self) -> Path:
        """Where the certificate authority is kept."""
        return self.ca_dir or default_state() / "ca"

    def require_ca_passphrase(self) -> str:
        """Return the passphrase of the certificate authority's key.

        Raises:
            SettingsError: it is not set.
        """
        if self.ca_passphrase is None:
            raise SettingsError(
                "HALONG_CA_PASSPHRASE is not set: set it to 12 characters at least, and keep it"
            )
        return self.ca_passphrase.get_secret_value()
