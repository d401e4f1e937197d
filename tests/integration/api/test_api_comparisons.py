"""Periods side by side, areas in order, and what was known of a value before."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.api.seed import HOUR
from tests.integration.api.test_api_contract import assert_problem
from tests.integration.api.test_api_indicators import local, store
from tests.integration.api.test_api_resources import get, iso

if TYPE_CHECKING:
    from datetime import datetime

    import httpx

INSERT = """INSERT INTO indicator_values (time, indicator, area_id, value, category, reason, completeness,
                                          version, revision)
            SELECT %s, %s, id, %s, %s, %s, 0.9, 1, 1 FROM areas WHERE code = %s"""


async def put(
    conn: Any, code: str, time: datetime, area: str, value: float | None, category: str | None = None
) -> None:
    reason = None if value is not None else "no_station"
    await conn.execute(INSERT, [time, code, value, category, reason, area])


async def days(conn: Any, code: str, values: dict[int, float | None], area: str = "193") -> None:
    for day, value in values.items():
        await put(conn, code, local(2026, 3, day), area, value, "good" if value and value < 20 else None)


async def test_months_are_compared_by_the_indicator_of_the_month(
    client: httpx.AsyncClient, city: Any
) -> None:
    await put(city, "pm2_5_month", local(2026, 3, 1), "193", 30.0)
    await put(city, "pm2_5_month", local(2026, 2, 1), "193", 20.0)
    await days(city, "pm2_5_d", {1: 10.0, 2: 50.0, 3: None})
    body = await get(client, "/v1/indicators/pm2_5_d/comparison", area="193", period="2026-03")
    assert body["method"]["kind"] == "stored"
    assert body["method"]["indicator"] == "pm2_5_month"
    assert body["compared_with"] == {"from": iso(local(2026, 2, 1)), "to": iso(local(2026, 3, 1))}
    (row,) = body["items"]
    assert (row["current"]["value"], row["previous"]["value"]) == (30.0, 20.0)
    assert (row["difference"], row["relative_difference"]) == (10.0, 0.5)
    assert (row["current"]["steps"], row["current"]["steps_expected"]) == (2, 31)
    assert row["current"]["completeness"] == 0.9


async def test_other_periods_by_the_rule_of_the_indicator(client: httpx.AsyncClient, city: Any) -> None:
    await days(city, "rain_d", {9: 1.0, 10: 2.0, 11: 3.0, 12: 4.0})
    await days(city, "rain_d", {5: 1.0, 6: 0.0, 7: 1.0, 8: 0.0})
    body = await get(client, "/v1/indicators/rain_d/comparison", area="193", period="2026-03-09/2026-03-12")
    (row,) = body["items"]
    assert (body["method"]["kind"], body["method"]["rule"]) == ("combined", "sum")
    assert (row["current"]["value"], row["previous"]["value"], row["difference"]) == (10.0, 2.0, 8.0)
    assert row["relative_difference"] == 4.0
    too_few = await get(client, "/v1/indicators/rain_d/comparison", area="193", period="2026-03-09/P8D")
    assert too_few["items"][0]["current"]["reason"] == "insufficient_data"
    assert too_few["items"][0]["difference"] is None


async def test_levels_are_averaged_by_their_energy(client: httpx.AsyncClient, city: Any) -> None:
    await days(city, "laeq_24h", {9: 60.0, 10: 70.0})
    await days(city, "laeq_24h", {7: 60.0, 8: 60.0})
    body = await get(client, "/v1/indicators/laeq_24h/comparison", area="193", period="2026-03-09/P2D")
    (row,) = body["items"]
    assert (row["current"]["value"], row["previous"]["value"]) == (pytest.approx(67.404, abs=0.001), 60.0)
    assert row["relative_difference"] is None


async def test_an_index_is_compared_by_its_classes(client: httpx.AsyncClient) -> None:
    start, middle, end = (iso(HOUR - timedelta(hours=hours)) for hours in (6, 3, 0))
    body = await get(
        client,
        "/v1/indicators/vn_aqi_h/comparison",
        area="193",
        period=f"{middle}/{end}",
        **{"with": "previous"},
    )
    assert body["method"]["kind"] == "classes"
    assert "never averaged" in body["method"]["note"]
    assert [each["code"] for each in body["method"]["instead"]] == ["vn_aqi_d"]
    assert body["compared_with"] == {"from": start, "to": middle}
    (row,) = body["items"]
    assert row["difference"] is None
    assert row["current"]["classes"] == {"moderate": 2}
    assert row["previous"]["classes"] == {"good": 1, "moderate": 2}
    assert row["classes"] == {"good": -1, "moderate": 0}
    assert (row["current"]["steps"], row["current"]["steps_expected"]) == (2, 3)
    assert (row["current"]["minimum"], row["current"]["maximum"]) == (80.0, 90.0)


async def test_what_a_period_may_be_compared_with(client: httpx.AsyncClient) -> None:
    path, asked = "/v1/indicators/vn_aqi_d/comparison", {"period": "2026-03"}
    year = await get(client, path, **asked, **{"with": "year"})
    assert year["compared_with"]["from"] == iso(local(2025, 3, 1))
    other = await get(client, path, **asked, **{"with": "2024-03"})
    assert other["compared_with"]["from"] == iso(local(2024, 3, 1))
    body = assert_problem(await client.get(f"{path}?period=2026-03&with=previos"), 422, "invalid-parameter")
    assert (body["errors"][0]["parameter"], body["errors"][0]["did_you_mean"]) == ("with", ["previous"])


async def test_a_unit_of_2025_is_compared_by_its_district(client: httpx.AsyncClient) -> None:
    body = await get(client, "/v1/indicators/vn_aqi_h/comparison", area="06652", period="P1D")
    assert [(row["code"], row["stands_for"]) for row in body["items"]] == [("193", ["06652"])]
    assert body["derived_from"][0]["relation"] == "predecessor"


async def test_an_area_without_values_is_compared_with_the_reason(
    client: httpx.AsyncClient, city: Any
) -> None:
    asked = {"area": "193,194", "period": "2026-03-09/2026-03-12"}
    path = "/v1/indicators/rain_d/comparison"
    for row in (await get(client, path, **asked))["items"]:
        assert row["current"]["reason"] == row["previous"]["reason"] == "not_computed"
        assert (row["current"]["value"], row["difference"], row["current"]["steps_expected"]) == (
            None,
            None,
            4,
        )
    await days(city, "rain_d", {9: 1.0, 10: 2.0, 11: 3.0, 12: 4.0})
    with_values, without = (await get(client, path, **asked))["items"]
    assert (with_values["code"], with_values["current"]["value"]) == ("193", 10.0)
    assert with_values["previous"]["reason"] == "not_computed"
    assert (without["code"], without["current"]["reason"]) == ("194", "not_computed")
    everywhere = (await get(client, path, period="2026-03-09/2026-03-12"))["items"]
    assert len(everywhere) == 13
    classes = (await get(client, "/v1/indicators/vn_aqi_h/comparison", area="194", period="2026-03"))["items"]
    assert [row["current"]["reason"] for row in classes] == ["not_computed"]


async def test_ranks_ties_and_who_is_not_ranked(client: httpx.AsyncClient, city: Any) -> None:
    for area, value in {"193": 90.0, "194": 70.0, "195": 70.0, "196": 10.0, "198": None}.items():
        await put(city, "vn_aqi_d", local(2026, 3, 9), area, value, "good")
    path, asked = "/v1/indicators/vn_aqi_d/ranking", {"period": "2026-03-09", "order": "worst"}
    body = await get(client, path, **asked)
    assert [(row["rank"], row["tied"], row["code"]) for row in body["items"]] == [
        (1, False, "193"),
        (2, True, "194"),
        (2, True, "195"),
        (4, False, "196"),
    ]
    assert body["items"][0]["category"] == "good"
    reasons = {row["code"]: row["reason"] for row in body["without_value"]}
    assert (len(reasons), reasons["198"], reasons["207"]) == (9, "no_station", "not_computed")
    best = await get(client, path, period="2026-03-09", order="best", area="193,196")
    assert [row["code"] for row in best["items"]] == ["196", "193"]


async def test_a_ranking_needs_a_value_and_a_direction(client: httpx.AsyncClient) -> None:
    path = "/v1/indicators/vn_aqi_d/ranking"
    body = assert_problem(await client.get(f"{path}?period=2026-03"), 422, "invalid-parameter")
    assert "never averaged" in body["detail"]
    path = "/v1/indicators/rain_d/ranking"
    body = assert_problem(await client.get(f"{path}?period=2026-03-09&order=worst"), 422, "invalid-parameter")
    assert (body["errors"][0]["parameter"], body["errors"][0]["expected"]) == ("order", "highest or lowest")


async def test_all_revisions_of_a_value_with_when_and_why(client: httpx.AsyncClient, city: Any) -> None:
    await store(city, "pm2_5_month", local(2026, 9, 1), 20.0, 1, local(2026, 10, 1, 1))
    await store(city, "pm2_5_month", local(2026, 9, 1), 21.0, 2, local(2026, 10, 5, 1))
    await store(city, "pm2_5_month", local(2026, 9, 1), 21.0, 3, local(2026, 10, 9, 1))
    await city.execute("UPDATE indicator_values SET version = 2 WHERE revision = 3")
    body = await get(client, "/v1/indicators/pm2_5_month/revisions", area="193", time="2026-09")
    assert "area_id" not in body["items"][0]
    assert (body["label"], body["period_end"]) == ("2026-09", iso(local(2026, 10, 1)))
    assert [(row["value"], row["cause"], row["changed"]) for row in body["items"]] == [
        (20.0, "first", []),
        (21.0, "data", ["value"]),
        (21.0, "formula", ["version"]),
    ]
    assert [row["superseded_at"] for row in body["items"]] == [
        iso(local(2026, 10, 5, 1)),
        iso(local(2026, 10, 9, 1)),
        None,
    ]


async def test_a_value_without_revisions_is_not_found(client: httpx.AsyncClient) -> None:
    path = "/v1/indicators/vn_aqi_h/revisions"
    newest = await get(client, path, area="193")
    assert newest["time"] == iso(HOUR - timedelta(hours=1))
    body = assert_problem(await client.get(f"{path}?area=193&time=2020-01-01"), 404, "not-found")
    assert "the newest one is of the step that begins at" in body["detail"]
    body = assert_problem(await client.get(f"{path}?area=06652"), 404, "not-found")
    assert body["did_you_mean"] == ["193"]


async def test_an_explanation_of_a_unit_of_2025_names_its_district(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/indicators/vn_aqi_h/explain?area=06652")
    body = assert_problem(answer, 404, "not-found")
    assert "06652 came from 193: ask for that" in body["detail"]
    assert body["did_you_mean"] == ["193"]
