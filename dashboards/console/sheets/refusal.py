"""One refusal: when it came, why and where it was refused, and the message as it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api import payloads
from api.queries import gateways as queries
from dashboards.console import formats
from dashboards.console.elements import text
from dashboards.console.sheets.parts import Facts, section

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from api.queries import Row
    from dashboards.console.choice import Detail
    from dashboards.console.scene import Scene
    from dashboards.console.views.context import Context


class RefusalSheet:
    """The sheet of a refusal."""

    def __init__(self, context: Context, detail: Detail) -> None:
        """Build it."""
        self._code, words = detail.code, context.words
        keys = ("time", "gateway", "reason", "place", "detail", "count", "topic", "seq")
        self._facts = Facts({key: words(key) for key in keys} | {"replayed": words("refusal_replayed")})
        with section(words("refusal_message")):
            self._encoding = text("p", "", "panel-sub")
            self._message = text("pre", "", "sheet-message")
            self._message.props.update(
                tabindex="0", role="region", **{"aria-label": words("refusal_message")}
            )

    async def read(self, conn: AsyncConnection[Any]) -> Row | None:
        """Return the refusal, None where there is none of that number in reach."""
        is_number = self._code.isascii() and self._code.isdecimal() and int(self._code) < 2**63
        return await queries.refusal(conn, int(self._code)) if is_number else None

    def title(self, scene: Scene, found: Row) -> str:
        """Return its number."""
        return scene.words("refusal_one", n=found["id"])

    def show(self, scene: Scene, found: Row) -> None:
        """Show the refusal."""
        words = scene.words
        self._facts.show(
            {
                "time": f"{scene.instant(found['time'])} ({scene.ago(found['time'])})",
                "gateway": found["gateway"],
                "reason": f"{words.code('refused', found['reason'])} ({found['reason']})",
                "place": found["at"],
                "detail": found["detail"],
                "count": formats.number(found["count"], 0, words.language),
                "topic": found["topic"],
                "seq": "" if found["seq"] is None else str(found["seq"]),
                "replayed": _replayed(scene, found),
            }
        )
        message, encoding = payloads.shown(found["payload"])
        self._encoding.show(words("refusal_binary") if encoding == "base64" else "")
        self._message.show(message)


def _replayed(scene: Scene, found: Row) -> str:
    if found["replayed_at"] is None:
        return ""
    return scene.words(
        "refusal_replayed_by", time=scene.instant(found["replayed_at"]), who=found["replayed_by"]
    )
