"""Every setting of every service, read from the environment and checked before any connection is opened."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, StringConstraints, UrlConstraints, field_validator, model_validator
from pydantic_core import Url
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.broker_settings import BrokerSettings
from runtime.environment import Environment, SettingsError, require
from runtime.oidc_settings import OidcSettings
from runtime.places import default_state
from runtime.topic_filters import overlap

if TYPE_CHECKING:
    from datetime import datetime

    from pydantic_settings import PydanticBaseSettingsSource

PostgresUrl = Annotated[Url, UrlConstraints(allowed_schemes=["postgresql", "postgres"], host_required=False)]
SmtpUrl = Annotated[Url, UrlConstraints(allowed_schemes=["smtp", "smtps"], host_required=True)]
PublicUrl = Annotated[Url, UrlConstraints(allowed_schemes=["http", "https"], host_required=True)]
GatewayCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
#: its first level names a topic tree: neither a wildcard nor the broker's own
TopicFilter = Annotated[str, StringConstraints(pattern=r"^[^+#$/\s][^+#/\s]*(/(\+|[^+#/\s]+))*(/#)?$")]
#: no percent-encoding (RFC 3986, 2.1), or one that libpq refuses, with an error that repeats the password
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")


class Settings(BrokerSettings, OidcSettings):
    """Settings, each read from the environment variable `HALONG_` + its name in capitals."""

    # An error's text does not repeat what was given: it may hold a secret.
    model_config = SettingsConfigDict(
        env_prefix="HALONG_", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    database_url: PostgresUrl | None = Field(
        default=None, repr=False, description="TimescaleDB, as postgresql://user:password@host:port/database."
    )
    time_zone: str = Field(default="Asia/Ho_Chi_Minh", description="IANA time zone in which days are cut.")
    topic_root: str = Field(default="city/v1", description="Prefix of every topic of the wire contract.")

    ingest_client_id: str = Field(
        default="ingest-0",
        pattern=r"^[^/+#\s]+$",
        description="Fixed MQTT client id of the first ingest process; the others have -1, -2, … for its -0.",
    )
    ingest_processes: int = Field(
        default=1, ge=1, le=64, description="Ingest processes that share what gateways publish."
    )
    ingest_receive_maximum: int = Field(
        default=2000, ge=1, le=65535, description="Unacknowledged messages in flight (MQTT 5, 3.1.2.11.3)."
    )
    ingest_batch_rows: int = Field(
        default=20_000, ge=1, description="A batch closes at so many observations."
    )
    ingest_batch_deliveries: int = Field(
        default=1000, ge=1, description="… or so many messages; at most the Receive Maximum."
    )
    ingest_batch_age_ms: int = Field(default=20, ge=1, description="… or this long after its first message.")
    ingest_rate_factor: float = Field(
        default=10.0, ge=0, description="Above so many times its usual rate a gateway comes last; 0: never."
    )
    ingest_deferred_mb: int = Field(
        default=1024, ge=0, description="Payloads that may wait in the database for their turn, in MiB."
    )
    broker_queue_bytes: int = Field(
        default=1 << 30, ge=1, description="The broker's max_queued_bytes: what is beyond it, it drops."
    )
    broker_queue_alarm: float = Field(
        default=0.5, gt=0, le=1, description="Share of it from which on a queue is an alarm in the log."
    )
    future_tolerance_s: int = Field(
        default=300, ge=0, description="A time further ahead than this is refused (time_in_future)."
    )
    retention_days: int = Field(
        default=1826, ge=1, description="A time further back than this is refused (time_too_old)."
    )

    sparkplug_host_id: str = Field(
        default="halong",
        pattern=r"^[^/+#\s]*$",
        description="halong's id as a Sparkplug host, in the topic spBv1.0/STATE/{id}; empty: no Sparkplug.",
    )
    lorawan_sources: dict[GatewayCode, TopicFilter] = Field(
        default={},
        description="LoRaWAN network servers: gateway code -> where it publishes, as JSON.",
    )

    api_host: str = Field(default="127.0.0.1", description="Address that the API listens on.")
    api_port: int = Field(default=8000, ge=0, le=65535, description="Port of the API.")
    api_public: bool = Field(
        default=False, description="Readable without a key; for the demo on loopback and for open data."
    )
    api_pool_size: int = Field(default=8, ge=1, description="Database connections of one API process.")
    api_live_clients: int = Field(
        default=2000, ge=0, description="Streams (/v1/live) that one API process keeps open at a time."
    )
    api_connections: int = Field(
        default=2000, ge=0, description="Connections of one API process beside its streams; 0: no limit."
    )
    api_connections_address: int = Field(
        default=256, ge=0, description="Connections of one address, streams among them; 0: no limit."
    )
    api_cache_mb: int = Field(
        default=64, ge=0, description="Memory of one API process for finished answers, MB; 0: none are kept."
    )
    api_cors_origins: tuple[str, ...] = Field(
        default=(), description='Origins whose pages may read the API, as a JSON list: ["https://…"].'
    )

    export_dir: Path | None = Field(
        default=None, description="Folder of exported files, which all API processes share."
    )
    export_days: int = Field(default=7, ge=1, le=365, description="How long an exported file stays.")
    export_limit: int = Field(default=3, ge=1, description="Unfinished exports of one API key or person.")
    api_rate_limit: int = Field(
        default=300, ge=0, description="Requests a minute of one address without a key; 0: no limit."
    )
    api_rate_limit_key: int = Field(
        default=6000, ge=0, description="Requests a minute of one key, or of one person; 0: no limit."
    )
    api_trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description='Proxies whose X-Forwarded-For is believed, as a JSON list: ["10.0.0.0/8"].',
    )

    public_url: PublicUrl | None = Field(
        default=None, description="Address under which others reach the API, as https://data.example.vn."
    )
    open_data_target: str | None = Field(
        default=None,
        min_length=1,
        description="Where open data are published: a folder, or s3://bucket/prefix. Not set: no open data.",
    )
    open_data_settle_days: int = Field(
        default=3, ge=0, le=60, description="A month is published so many days after its end."
    )
    open_data_smallest_cell: int = Field(
        default=10, ge=2, le=1000, description="Counts of fewer people than this are not published."
    )

    alert_targets: dict[GatewayCode, SecretStr] = Field(
        default={},
        description="Whom alerts are told: name -> https:// (webhook) or mailto: (e-mail), as JSON.",
    )
    alert_webhook_secret: SecretStr | None = Field(
        default=None, min_length=16, description="Key of the signature that webhooks carry."
    )
    smtp_url: SmtpUrl | None = Field(
        default=None, repr=False, description="Mail server, as smtp://user:password@host:587, or smtps://."
    )
    alert_sender: str = Field(
        default="halong@localhost", pattern=r"^[^@\s]+@[^@\s]+$", description="Sender of mails about alerts."
    )
    night_mail: str | None = Field(
        default=None,
        pattern=r"^[^@;\s]+@[^@;\s]+(;[^@;\s]+@[^@;\s]+)*$",
        description="Whom Grafana's alarms at night are mailed to: addresses with semicolons between.",
    )
    night_webhook: SecretStr | None = Field(
        default=None, description="Where `halong dashboards deploy` has Grafana post its alarms at night."
    )
    alert_reader_password: SecretStr | None = Field(
        default=None,
        min_length=12,
        description="Password of the broker user `alerts`, which may read alerts.",
    )

    metrics_port: int = Field(
        default=0, ge=0, le=65535, description="Port of ingest's and analytics' /metrics; 0: none."
    )
    dashboard_password: SecretStr | None = Field(
        default=None, description="Password of the role that Grafana reads the database with."
    )
    log_level: str = Field(
        default="info", pattern="^(debug|info|warning|error)$", description="Least level logged."
    )
    log_format: str = Field(
        default="auto", pattern="^(auto|json|console)$", description="auto: json if no terminal."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (in its place stands our own)
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return where settings come from, the strongest first."""
        return init_settings, Environment(settings_cls), dotenv_settings, file_secret_settings

    @field_validator("database_url")
    @classmethod
    def _is_percent_encoded(cls, url: Url | None) -> Url | None:
        if url is not None and _BAD_PERCENT.search(str(url)):
            raise ValueError("a percent sign in the user or the password is written %25")
        return url

    @model_validator(mode="after")
    def _sources_are_apart(self) -> Self:
        """Refuse a source that publishes where another one or halong itself does: whose would it be?"""
        taken = dict.fromkeys((f"{self.topic_root}/#", "spBv1.0/#", "halong/#"), "halong")
        for gateway, source in self.lorawan_sources.items():
            if other := next((each for each in taken if overlap(each, source)), None):
                raise ValueError(
                    f"lorawan_sources: {source!r} of {gateway!r} and {other!r} of {taken[other]!r} overlap: "
                    "give each network server topics of its own"
                )
            taken[source] = gateway
        return self

    @model_validator(mode="after")
    def _targets_can_be_told(self) -> Self:
        """Refuse an address that no channel takes; the message does not repeat it: it may hold a secret."""
        for name, address in self.alert_targets.items():
            scheme = address.get_secret_value().partition(":")[0]
            if scheme not in {"http", "https", "mailto"}:
                raise ValueError(f"alert_targets: {name!r} is neither https://, http:// nor mailto:")
            if scheme == "mailto" and self.smtp_url is None:
                raise ValueError(f"alert_targets: {name!r} is an e-mail address: set HALONG_SMTP_URL")
        return self

    def require_database_url(self) -> str:
        """Return the database address.

        Raises:
            SettingsError: it is not set.
        """
        return require(
            self.database_url, "HALONG_DATABASE_URL", "postgresql://user:password@host:5432/halong"
        )

    def require_open_data_target(self) -> str:
        """Return where open data are published.

        Raises:
            SettingsError: it is not set.
        """
        if self.open_data_target is None:
            raise SettingsError(
                "HALONG_OPEN_DATA_TARGET is not set: set it to a folder or to s3://bucket/prefix"
            )
        return self.open_data_target

    @property
    def exports_folder(self) -> Path:
        """Where exported files are kept."""
        return self.export_dir or default_state() / "exports"

    @property
    def zone(self) -> ZoneInfo:
        """The city's time zone."""
        return ZoneInfo(self.time_zone)

    def local(self, time: datetime) -> str:
        """Return a time as people here are told it, in the city's zone: 2026-11-20 08:00:00+07:00."""
        return time.astimezone(self.zone).isoformat(" ", "seconds")


def secret(value: SecretStr | None) -> str | None:
    """Return a secret's text."""
    return None if value is None else value.get_secret_value()


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings of this process, read once."""
    return Settings()


def checkout() -> Path:
    """Return the folder that holds the packages."""
    return Path(__file__).resolve().parent.parent
