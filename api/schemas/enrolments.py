"""Enrolment: a token for who installs a gateway, and the credential that it is exchanged for."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import Model

_DAY = 24


class TokenWish(BaseModel):
    """For how long a token may be used."""

    model_config = ConfigDict(extra="forbid")
    hours: Annotated[int, Field(ge=1, le=720, description="It ends after so many hours.")] = _DAY


class EnrolmentToken(Model):
    """A one-time token; it is told this once."""

    gateway: str
    token: str
    expires_at: datetime
    url: str = Field(description="What the QR code says: where to send it, and behind # the token.")
    qr: str = Field(description="The QR code of `url` as an SVG document.")


class Enrolment(BaseModel):
    """A token, and for a certificate the request of the key that the gateway has made."""

    model_config = ConfigDict(extra="forbid")
    token: Annotated[str, Field(min_length=1, max_length=200)]
    csr: str | None = Field(
        default=None,
        max_length=20_000,
        description="Certificate signing request (PKCS #10, PEM) with the gateway's code as CN, or without "
        "CN; without a request the gateway gets a password.",
    )


class Credential(Model):
    """What a gateway logs in with: user name and password, or a certificate for its own key."""

    gateway: str = Field(description="Its code, which stands in its topics.")
    user_name: str
    password: str | None
    certificate: str | None = Field(description="PEM.")
    ca: str | None = Field(description="The CA's certificate (PEM), which the broker's is checked with.")
    broker: str | None = Field(description="Where to connect, as mqtts://host:port.")


TOKEN: dict[str, Any] = {
    "gateway": "ha-long-1",
    "token": "halong_enrol_uO4kQm1mA3nWq0JzY5T2hV7cXr8eLb9d",
    "expires_at": "2026-11-23T01:15:00Z",
    "url": "https://city.example/v1/enrolments#halong_enrol_uO4kQm1mA3nWq0JzY5T2hV7cXr8eLb9d",
    "qr": '<svg width="180" height="180" class="segno"><path d="…"/></svg>',
}
CREDENTIAL: dict[str, Any] = {
    "gateway": "ha-long-1",
    "user_name": "ha-long-1",
    "password": "Yk2wS0cT9uQ4rL7hV1nE6xB3mD8pZ5aJ",
    "certificate": None,
    "ca": "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n",
    "broker": "mqtts://mqtt.city.example:8883",
}
