"""The page on which an installer makes a gateway's enrolment token and shows its QR code."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from api import reach
from api.queries import gateways as queries
from api.security import reach_of
from dashboards.console.elements import tag, text
from devices.enrolment import EnrolmentError, create_token
from devices.identities import UnknownGatewayError
from devices.qr import svg
from storage.actor import act_as

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from zoneinfo import ZoneInfo

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from api.known import Registry
    from api.queries import Row
    from api.reach import Caller
    from dashboards.console.words import Words
    from devices.enrolment import Token

    Pool = AsyncConnectionPool[AsyncConnection[Any]]

_LASTS: Final = timedelta(hours=24)
#: gateways to choose from; others are typed
_OFFERED: Final = 1000
_CODE: Final = "document.getElementById('gateway').value"


@dataclass(frozen=True)
class EnrolmentPage:
    """One open page: a gateway's code goes in, a QR code comes out."""

    words: Words
    #: who makes tokens
    caller: Caller
    pool: Pool
    registry: Registry
    #: the API's address for others
    api: str
    #: of the city, in which times are shown
    zone: ZoneInfo
    #: whether that browser still may
    allowed: Callable[[], Awaitable[bool]]

    async def gateways(self) -> list[Row]:
        """Return the gateways that the caller reaches, to choose from: the first ones by code."""
        with reach.within(await reach_of(self.registry, self.caller.areas)):
            async with self.pool.connection() as conn:
                return await queries.gateways(conn, area=None, state=None, after=None, limit=_OFFERED)

    def build(self, gateways: Iterable[Row]) -> None:
        """Build the form, with gateways to choose from, and the place where the code appears."""
        with tag("main", "gate"), tag("div", "gate-form"):
            text("h1", self.words("enrol_title"))
            text("p", self.words("enrol_words"))
            with tag("label", "gate-label"):
                text("span", self.words("gateway"))
                tag(
                    "input",
                    "gate-input",
                    id="gateway",
                    list="gateways",
                    autocomplete="off",
                    spellcheck="false",
                )
                with tag("datalist", id="gateways"):
                    for each in gateways:
                        tag("option", value=each["code"])._text = each["name"]  # noqa: SLF001
            button = tag("button", "gate-send", type_="button")
            with button:
                text("span", self.words("enrol_make"))
            shown = _Shown()
            tag("a", "foot-link", href="./")._text = self.words("enrol_back")  # noqa: SLF001
        button.on(
            "click", lambda event: self._make(str(event.args), shown), js_handler=f"() => emit({_CODE})"
        )

    async def _make(self, code: str, shown: _Shown) -> None:
        try:
            token = await self._token(code.strip()[:100])
        except (EnrolmentError, UnknownGatewayError) as error:
            shown.refuse(str(error))
            return
        until = f"{token.expires_at.astimezone(self.zone):%Y-%m-%d %H:%M}"
        words = self.words("enrol_until", gateway=token.gateway, until=until)
        shown.show(token.address(self.api), token.text, words)

    async def _token(self, code: str) -> Token:
        if not await self.allowed():
            raise EnrolmentError(self.words("key_refused"))
        with reach.within(await reach_of(self.registry, self.caller.areas)):
            async with self.pool.connection() as conn, conn.transaction():
                await act_as(conn, self.caller.actor)
                if "\0" in code or await queries.gateway(conn, code) is None:
                    raise UnknownGatewayError(self.words("enrol_unknown", gateway=code))
                return await create_token(conn, code, at=datetime.now(UTC), lasts=_LASTS, by=self.caller.name)


class _Shown:
    """Where the QR code appears, or why there is none."""

    def __init__(self) -> None:
        self._said = text("p", "", "enrol-said")
        self._said.props["role"] = "status"
        self._code = tag("img", "enrol-code")
        self._code.set_visibility(False)
        self._token = text("code", "", "enrol-token")

    def show(self, address: str, token: str, words: str) -> None:
        drawn = base64.b64encode(svg(address).encode()).decode()
        self._code.props.update(src=f"data:image/svg+xml;base64,{drawn}", alt=address)
        self._code.set_visibility(True)
        self._code.update()
        self._token.show(token)
        self._said.show(words)

    def refuse(self, why: str) -> None:
        self._code.set_visibility(False)
        self._token.show("")
        self._said.show(why)
