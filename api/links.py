"""How a list becomes an answer with the address of its next page."""

from typing import Any

from fastapi import Request, Response

from api.pages import cut, next_address


def page(
    request: Request, response: Response, rows: list[dict[str, Any]], limit: int, *key: str
) -> dict[str, Any]:
    """Return `items` and `next` out of up to `limit` + 1 rows, and set the header Link (RFC 8288)."""
    items, cursor = cut(rows, limit, *key)
    following = next_address(request.url, request.query_params, cursor)
    if following is not None:
        response.headers["Link"] = f'<{following}>; rel="next"'
    return {"items": items, "next": following}
