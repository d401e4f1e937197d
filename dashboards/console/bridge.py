"""Lets a browser that has opened the console read the API with the same cookie, and do nothing else there."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from api.reach import Caller
    from dashboards.console.access import Access


def visitor(access: Access) -> Callable[[Request], Awaitable[Caller | None]]:
    """Return what tells whose cookies came with a request without a key; None: nobody's that count."""

    async def find(request: Request) -> Caller | None:
        if request.method != "GET" or not is_of_our_page(request):
            return None
        return await access.known(request.cookies)

    return find


def is_of_our_page(request: Request) -> bool:
    """Tell whether a page of this address sent a request (W3C Fetch Metadata, 2.2).

    By plain HTTP browsers say nothing of that sort but to this machine itself: there the Referer decides.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return urlsplit(request.headers.get("referer", "")).netloc == request.headers.get("host")
