"""Tells browsers how long to keep the console's files: NiceGUI's for good, ours while they are unchanged.

NiceGUI says for good of all: an upgrade of halong would not reach who has opened the console before.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import nicegui
from nicegui.dependencies import esm_modules, js_components
from starlette.datastructures import Headers, MutableHeaders

from api.conditions import is_unchanged, parsed_date

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: the version of NiceGUI is part of the address of each file
_FILES: Final = f"/_nicegui/{nicegui.__version__}/"
_NICEGUI: Final = Path(nicegui.__file__).parent
_FOR_GOOD: Final = "public, max-age=31536000, immutable"
#: kept, and asked for each time: after an upgrade of halong their addresses are the same
_WHILE_UNCHANGED: Final = "no-cache"


class CachedFiles:
    """Adds Cache-Control to the console's files, and answers 304 where a browser has one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application; its answers with files say how long they stay."""
        if scope["type"] != "http" or not scope["path"].startswith(_FILES):
            await self._app(scope, receive, send)
            return
        is_known = False

        async def send_cached(message: Message) -> None:
            nonlocal is_known
            if message["type"] == "http.response.start":
                is_known = _mark(message, scope)
            elif is_known and message.get("more_body"):
                return
            elif is_known:
                message = {"type": "http.response.body", "body": b""}
            await send(message)

        await self._app(scope, receive, send_cached)


def _mark(start: Message, scope: Scope) -> bool:
    """Say in the head of an answer how long it stays; make it a 304 where the browser has it, and tell so."""
    headers, is_found = MutableHeaders(scope=start), start["status"] == 200
    is_for_good = is_found and _is_of_nicegui(scope["path"])
    headers["Cache-Control"] = _FOR_GOOD if is_for_good else _WHILE_UNCHANGED
    etag, modified = headers.get("etag"), parsed_date(headers.get("last-modified"))
    if not is_found or not is_unchanged(Headers(scope=scope), etag, modified):
        return False
    start["status"] = 304
    for name in ("content-length", "content-type", "content-encoding"):
        del headers[name]
    return True


def _is_of_nicegui(path: str) -> bool:
    kind, _, name = path.removeprefix(_FILES).partition("/")
    if kind == "static":
        return True
    found = {"components": js_components.get(name), "esm": esm_modules.get(name.partition("/")[0])}.get(kind)
    return found is not None and found.path.is_relative_to(_NICEGUI)
