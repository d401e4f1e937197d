"""MQTT tokens: what a browser logs in with at the broker for browsers."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import Model
from devices.model import CODE
from devices.mqtt_tokens import MOST_GATEWAYS

_Code = Annotated[str, Field(pattern=f"^{CODE.pattern}$")]


class MqttTokenWish(BaseModel):
    """Whom to listen to."""

    model_config = ConfigDict(extra="forbid")
    gateways: list[_Code] | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_GATEWAYS,
        description="Codes of gateways; default: all that the caller may listen to.",
    )


class MqttToken(Model):
    """A user of the broker for browsers, for minutes and one connection; its password is told this once."""

    url: str = Field(description="Where to connect: MQTT over WebSocket, subprotocol `mqtt`.")
    user_name: str = Field(description="Also the client id, whatever a client calls itself.")
    password: str
    topics: list[str] = Field(
        description="What may be subscribed to: these topics or, where they have a `+`, any that they cover."
    )
    expires_at: datetime = Field(description="Then the broker ends the connection.")


TOKEN: dict[str, Any] = {
    "url": "wss://live.city.example/mqtt",
    "user_name": "browser-3f9a0c51d27e84b6",
    "password": "Yk2wS0cT9uQ4rL7hV1nE6xB3mD8pZ5aJ",
    "topics": ["city/v1/ha-long-1/up/observations", "city/v1/ha-long-1/up/status"],
    "expires_at": "2026-11-22T01:25:00Z",
}
