"""Commands to gateways."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import Model
from devices.commands import DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S
from devices.model import CODE

State = Literal["queued", "sent", "acknowledged", "done", "failed", "expired", "cancelled", "timed_out"]
STATE_TEXT = (
    "`queued`: not yet with the broker; `sent`; `acknowledged`: the gateway has begun; `done`, `failed`: as "
    "the gateway says; `expired`: not begun in time; `cancelled`: called off before it was begun; "
    "`timed_out`: begun, and not done in time. `open`: the first three."
)
_Code = Annotated[str, Field(pattern=f"^{CODE.pattern}$")]


class NewCommand(BaseModel):
    """What a gateway, or one of its things, is to do."""

    model_config = ConfigDict(extra="forbid", strict=True)

    gateway: _Code | None = Field(default=None, description="May be left out where a thing is named.")
    thing: _Code | None = Field(default=None, description="Null: the gateway itself.")
    command: _Code = Field(description="What is known, the gateway's firmware says.")
    arguments: dict[str, Any] = Field(default={}, description="Up to 32,768 bytes of JSON.")
    expires: str = Field(
        default="PT5M",
        description="Not begun after this: an instant, or a duration from now; at most 30 days ahead.",
    )
    timeout_s: int = Field(
        default=DEFAULT_TIMEOUT_S, ge=1, le=MAX_TIMEOUT_S, description="From its acknowledgement to its end."
    )


class Command(Model):
    """A command, and how far it is."""

    id: UUID
    gateway: str
    thing: str | None
    command: str
    arguments: dict[str, Any]
    created_at: datetime
    created_by: str = Field(description="Name of the key.")
    expires_at: datetime
    timeout_s: int
    state: State = Field(description=STATE_TEXT)
    sent_at: datetime | None
    acknowledged_at: datetime | None
    ended_at: datetime | None
    detail: str = Field(description="The gateway's words.")
    result: Any = Field(description="What the gateway says came out: any JSON.")


class CommandLine(Model):
    """What happened to a command."""

    time: datetime
    state: State
    stands: bool = Field(description="False: it came after something that it does not replace.")
    actor: str = Field(description="Who asked for it or called it off, `halong`, or `gateway`.")
    detail: str
    result: Any


class CommandDetail(Command):
    """A command with its history."""

    history: list[CommandLine]


_NUMBER = "6f1c0a52-f4b1-4b0b-9d0c-6a6f0f7d3b52"
COMMAND: dict[str, Any] = {
    "id": _NUMBER,
    "gateway": "ha-long-1",
    "thing": None,
    "command": "reboot",
    "arguments": {"delay_s": 5},
    "created_at": "2026-11-22T01:15:00Z",
    "created_by": "duty desk",
    "expires_at": "2026-11-22T01:20:00Z",
    "timeout_s": 60,
    "state": "done",
    "sent_at": "2026-11-22T01:15:00.020Z",
    "acknowledged_at": "2026-11-22T01:15:00.310Z",
    "ended_at": "2026-11-22T01:15:31Z",
    "detail": "restarted",
    "result": {"uptime_s": 4},
}
COMMAND_DETAIL: dict[str, Any] = COMMAND | {
    "history": [
        {
            "time": "2026-11-22T01:15:00Z",
            "state": "queued",
            "stands": True,
            "actor": "duty desk",
            "detail": "",
            "result": None,
        }
    ]
}
