"""Has browsers keep the console's files for good, and answers with them from memory, packed once.

The addresses of NiceGUI's files name its version, those of ours what is in them: see `name_by_content`.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import nicegui
from nicegui.dependencies import esm_modules, js_components
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response

from api.conditions import is_unchanged, parsed_date
from api.limits import replayed

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: the version of NiceGUI is part of the address of each file
_FILES: Final = f"/_nicegui/{nicegui.__version__}/"
_NICEGUI: Final = Path(nicegui.__file__).parent
_FOR_GOOD: Final = "public, max-age=31536000, immutable"
_DIGITS: Final = 32
#: of all files that are kept in memory, and of one
_MOST_BYTES: Final = 16_000_000
_LARGEST: Final = 2_000_000
#: stands in an answer for one request alone
_OF_ONE: Final = "X-Request-ID"
#: in a request: what a browser has
_OF_PARTS: Final = frozenset({b"range", b"if-range", b"if-none-match", b"if-modified-since"})


def name_by_content() -> None:
    """Put a digest of their content into the addresses of our own scripts.

    NiceGUI's own choice is the path and the time of the file, which another release may have in common.
    """
    for key, component in tuple(js_components.items()):
        if not component.path.is_relative_to(_NICEGUI):
            component.key = f"{_digest(component.path)}/{component.path.name}"
            js_components[component.key] = js_components.pop(key)
    for key, package in tuple(esm_modules.items()):
        if not package.path.is_relative_to(_NICEGUI):
            esm_modules[_digest(*sorted(package.path.glob("*.js")))] = esm_modules.pop(key)


def _digest(*files: Path) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:_DIGITS]


@dataclass
class _Answer:
    """An answer as it is sent."""

    status: int = 500
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    #: whether all of it has come
    is_whole: bool = False

    async def take(self, message: Message) -> None:
        """Take a part of it."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], tuple(message["headers"])
        else:
            self.body += message.get("body", b"")
            self.is_whole = not message.get("more_body", False) and len(self.body) == self._length()

    def _length(self) -> int:
        return int(Headers(raw=list(self.headers)).get("content-length", len(self.body)))

    def say_how_long(self) -> None:
        """Say how long a file stays, and that what is none does not; leave out who asked."""
        headers = MutableHeaders(raw=list(self.headers))
        headers["Cache-Control"] = _FOR_GOOD if self.status == 200 else "no-cache"
        headers["Accept-Ranges"] = "none"
        del headers[_OF_ONE]
        self.headers = tuple(headers.raw)

    async def send(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; without its body where the browser has that."""
        found = Headers(raw=list(self.headers))
        modified = parsed_date(found.get("last-modified"))
        is_known = self.status == 200 and is_unchanged(Headers(scope=scope), found.get("etag"), modified)
        answer = Response(status_code=304) if is_known else Response(self.body, self.status)
        answer.raw_headers = [
            each for each in self.headers if not (is_known and each[0].startswith(b"content-"))
        ]
        await answer(scope, receive, send)


class CachedFiles:
    """Answers with the console's files, by their address and what a browser unpacks."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: OrderedDict[tuple[str, str], _Answer] = OrderedDict()
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application; its files are kept, and said to stay."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(_FILES):
            await self._app(scope, receive, send)
            return
        key = scope["path"], Headers(scope=scope).get("accept-encoding", "")
        if key not in self._kept:
            answer = _Answer()
            await self._app(_for_all(scope), replayed(b"", _stay), answer.take)
            answer.say_how_long()
            self._keep(key, answer)
            await answer.send(scope, receive, send)
            return
        self._kept.move_to_end(key)
        await self._kept[key].send(scope, receive, send)

    def _keep(self, key: tuple[str, str], answer: _Answer) -> None:
        if answer.status != 200 or not answer.is_whole or len(answer.body) > _LARGEST or key in self._kept:
            return
        self._kept[key], self._bytes = answer, self._bytes + len(answer.body)
        while self._bytes > _MOST_BYTES:
            self._bytes -= len(self._kept.popitem(last=False)[1].body)


async def _stay() -> Message:
    """Hear of no end: others would get what was heard by who left."""
    never: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    return await never


def _for_all(scope: Scope) -> Scope:
    """Return a request for a whole file, whatever of it a browser has.

    Who left a page amid a file would ask for the rest of what was packed, of which there are no parts.
    """
    headers = [each for each in scope["headers"] if each[0] not in _OF_PARTS]
    return {**scope, "headers": headers}
