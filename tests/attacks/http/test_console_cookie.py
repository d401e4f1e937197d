"""What the console's cookie opens in the API, sent by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from api import keys
from dashboards.console.access import KEY_COOKIE

if TYPE_CHECKING:
    from psycopg import AsyncConnection

_SILENCE = {"area": "193", "reason": "none of yours", "ends_at": "PT1H"}


@pytest.mark.attack("another site reads with the console's cookie", "401: not a page of this address")
async def test_the_cookie_counts_for_pages_of_this_address_alone(
    console: str, city: AsyncConnection[Any]
) -> None:
    key, _ = await keys.create(city, "duty desk", "operator")
    own = {"Sec-Fetch-Site": "same-origin"}
    asked = [
        (own, 200),
        ({"Referer": f"{console}/?view=work"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 401),
        ({"Sec-Fetch-Site": "same-site"}, 401),
        ({"Sec-Fetch-Site": "none"}, 401),
        ({"Sec-Fetch-Site": "cross-site", "Referer": f"{console}/"}, 401),
        ({"Referer": "http://evil.example/"}, 401),
        ({"Referer": f"http://evil.example/{console}/"}, 401),
        ({}, 401),
    ]
    async with httpx.AsyncClient(base_url=console, cookies={KEY_COOKIE: key}) as browser:
        for headers, status in asked:
            for path in ("/v1/alerts", "/console/points/things"):
                assert (await browser.get(path, headers=headers)).status_code == status, (path, headers)
        await keys.revoke(city, key.split("_")[1])
    async with httpx.AsyncClient(base_url=console, cookies={KEY_COOKIE: f"{key[:-1]}x"}) as browser:
        for path in ("/v1/alerts", "/console/points/things"):
            assert (await browser.get(path, headers=own)).status_code == 401, path


@pytest.mark.attack("a change with the console's cookie", "401: it reads alone, and an admin's does no more")
async def test_the_cookie_changes_nothing(console: str, city: AsyncConnection[Any]) -> None:
    key, _ = await keys.create(city, "administrator", "admin")
    before = await _silences(city)
    own = {"Sec-Fetch-Site": "same-origin", "Origin": console, "Referer": f"{console}/"}
    async with httpx.AsyncClient(base_url=console, cookies={KEY_COOKIE: key}, headers=own) as browser:
        assert (await browser.get("/v1/alerts")).status_code == 200
        for method, path, body in (
            ("POST", "/v1/alert-silences", _SILENCE),
            ("PATCH", "/v1/alerts/1", {"state": "acknowledged", "note": ""}),
            ("DELETE", "/v1/alert-rules/air_bad", None),
            ("POST", "/v1/exports", {"kind": "observations"}),
        ):
            assert (await browser.request(method, path, json=body)).status_code == 401, path
    assert await _silences(city) == before


async def _silences(city: AsyncConnection[Any]) -> list[Any]:
    return await (await city.execute("SELECT * FROM alert_silences ORDER BY id")).fetchall()
