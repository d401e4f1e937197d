"""What is said of an alert: JSON for programs, a mail for people. Pure."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Of the JSON; a change that breaks readers gets another number.
VERSION = 1
_FIELDS = (
    "rule", "severity", "name_en", "name_vi", "state", "kind", "threshold", "indicator", "unit", "value",
    "peak", "gateway", "area", "area_name_en", "area_name_vi", "since", "value_end",
)  # fmt: skip
_STATES_VI = {
    "active": "CẢNH BÁO",
    "acknowledged": "ĐÃ TIẾP NHẬN",
    "silenced": "TẠM TẮT",
    "resolved": "ĐÃ HẾT",
}


def event(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of one notification: what happened, and the alert with its state of then.

    `active` for those who are told first, `escalation` for the others, `resolved` for all of them.
    """
    is_later = row["cause"] == "escalation" and row["time"] != row["announced_at"]
    name = "escalation" if is_later else row["after"]
    told = alert(row) | {"state": row["after"]}
    return {"version": VERSION, "key": row["key"], "event": name, "time": _time(row["time"]), "alert": told}


def alert(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return an alert as JSON values; times are RFC 3339 in UTC."""
    return {"id": row["alert_id"]} | {name: _time(row[name]) for name in _FIELDS}


def standing(area: str, rows: Sequence[Mapping[str, Any]], at: datetime) -> bytes:
    """Return the retained message of an area: every raised alert, none is an empty list."""
    body = {"version": VERSION, "area": area, "time": _time(at), "alerts": [alert(row) for row in rows]}
    return encode(body)


def encode(body: Mapping[str, Any]) -> bytes:
    """Return JSON in UTF-8."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def signature(secret: str, at: datetime, body: bytes) -> str:
    """Return the header X-Halong-Signature: seconds since 1970, and HMAC-SHA-256 of `seconds.body` in hex."""
    seconds = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def subject(row: Mapping[str, Any]) -> str:
    """Return a mail's subject in both languages, on one line."""
    state = _STATES_VI.get(row["after"], row["after"])
    gateway = f", {row['gateway']}" if row["gateway"] else ""
    name = f"{row['name_vi']} / {row['name_en']}{gateway}, {row['area_name_vi']}"
    return " ".join(f"[{row['severity']}] {state} / {row['after']}: {name}".split())


def text(row: Mapping[str, Any], zone: str, local: datetime) -> str:
    """Return a mail's text; `local` is the beginning of the alert in the city's `zone`."""
    threshold = "" if row["threshold"] is None else f" (ngưỡng / threshold {row['threshold']:g})"
    value = "–" if row["value"] is None else f"{row['value']:g} {row['unit']}{threshold}"
    what = f"gateway {row['gateway']}" if row["gateway"] else f"{row['indicator']}: {value}"
    ask = f"\nTiếp nhận / acknowledge: halong alerts acknowledge {row['alert_id']}\n"
    return (
        f"{row['name_vi']} / {row['name_en']}\n"
        f"{row['area_name_vi']} / {row['area_name_en']} ({row['area']})\n\n"
        f"{what}\n"
        f"từ / since {local:%Y-%m-%d %H:%M} ({zone})\n{'' if row['after'] == 'resolved' else ask}"
    )


def _time(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value
