"""Indicators of every period, their labels, what was known when, and explanations."""

from __future__ import annotations

import csv
import io
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from analytics.indicator import INDICATORS
from analytics.run import compute
from analytics.steps import Step
from runtime.settings import Settings
from tests.integration.api.seed import HOUR
from tests.integration.api.test_api_contract import assert_problem
from tests.integration.api.test_api_resources import get, iso

if TYPE_CHECKING:
    import httpx

ZONE = Settings().zone
MONTHLY = next(i.code for i in INDICATORS.values() if i.step is Step.MONTH)
YEARLY = next(i.code for i in INDICATORS.values() if i.step is Step.YEAR)


def local(*date: int) -> datetime:
    return datetime(*date, tzinfo=ZONE).astimezone(UTC)  # type: ignore[misc, arg-type]


async def store(conn: Any, code: str, start: datetime, value: float, revision: int, at: datetime) -> None:
    await conn.execute(
        """UPDATE indicator_values SET superseded_at = %(at)s
           WHERE indicator = %(code)s AND time = %(start)s AND superseded_at IS NULL""",
        {"at": at, "code": code, "start": start},
    )
    await conn.execute(
        """INSERT INTO indicator_values (time, indicator, area_id, value, completeness, version, revision,
                                         computed_at)
           SELECT %s, %s, id, %s, 1, 1, %s, %s FROM areas WHERE code = '193'""",
        [start, code, value, revision, at],
    )


async def test_the_catalogue_says_period_parts_source_and_crosswalk(client: httpx.AsyncClient) -> None:
    found = {each["code"]: each for each in (await get(client, "/v1/indicators"))["items"]}
    assert set(found) == set(INDICATORS)
    for code, declared in INDICATORS.items():
        shown = found[code]
        assert shown["period"] == declared.step.iso
        assert (shown["of"], shown["inputs"]) == (list(declared.of), list(declared.inputs))
        assert shown["source"]["trust"] == str(declared.source.trust)
        assert [e["clause"] for e in shown["crosswalk"]] == [e.clause for e in declared.crosswalk]
        assert (shown["description"], shown["description_vi"]) == astuple(declared.description)
        assert shown["source"]["clause_vi"] == declared.source.clause.vi


async def test_hours_are_labelled_by_their_end_and_named_by_their_start(client: httpx.AsyncClient) -> None:
    rows = (await get(client, "/v1/indicators/vn_aqi_h/values", area="193"))["items"]
    for row in rows:
        start = datetime.fromisoformat(row["time"]).astimezone(ZONE)
        assert row["label"] == f"{start.hour + 1:02}:00"
        assert row["day"] == start.date().isoformat()
    assert rows[-1]["period_end"] == iso(HOUR)
    answer = await client.get("/v1/indicators/vn_aqi_h/values?area=193&format=csv")
    assert [r["label"] for r in csv.DictReader(io.StringIO(answer.text))] == [r["label"] for r in rows]


async def test_months_and_years_end_by_the_calendar(client: httpx.AsyncClient, city: Any) -> None:
    for month in (1, 2, 12):
        await store(city, MONTHLY, local(2024, month, 1), float(month), 1, local(2025, 1, 2))
    await store(city, YEARLY, local(2024, 1, 1), 7.0, 1, local(2025, 1, 2))
    path = "/v1/indicators/{}/values"
    rows = await get(client, path.format(MONTHLY), area="193", **{"from": "2024-01-01", "to": "2024-12-31"})
    assert [(r["label"], r["period_start"], r["period_end"]) for r in rows["items"]] == [
        (f"2024-{m:02}", iso(local(2024, m, 1)), iso(end))
        for m, end in ((1, local(2024, 2, 1)), (2, local(2024, 3, 1)), (12, local(2025, 1, 1)))
    ]
    assert rows["indicator"]["period"] == "P1M"
    (year,) = (
        await get(client, path.format(YEARLY), area="193", **{"from": "2024-01-01", "to": "2024-12-31"})
    )["items"]
    assert (year["label"], year["period_end"]) == ("2024", iso(local(2025, 1, 1)))
    assert year["day"] == "2024-12-31"


async def test_what_was_known_of_a_month(client: httpx.AsyncClient, city: Any) -> None:
    first, second = local(2026, 10, 1, 1), local(2026, 10, 5, 1)
    await store(city, MONTHLY, local(2026, 9, 1), 20.0, 1, first)
    await store(city, MONTHLY, local(2026, 9, 1), 21.0, 2, second)

    async def known(at: datetime) -> list[tuple[float, int]]:
        rows = await get(
            client, f"/v1/indicators/{MONTHLY}/values", area="193", as_of=at.isoformat(),
            **{"from": "2026-09-01", "to": "2026-09-30"},
        )  # fmt: skip
        return [(row["value"], row["revision"]) for row in rows["items"]]

    assert await known(first - timedelta(seconds=1)) == []
    assert await known(second - timedelta(seconds=1)) == [(20.0, 1)]
    assert await known(second) == [(21.0, 2)]


async def test_a_value_is_explained(client: httpx.AsyncClient, city: Any) -> None:
    start = HOUR - timedelta(hours=2)
    await compute(city, [INDICATORS["vn_aqi_h"]], start, start + timedelta(hours=1), areas=["193"])
    body = await get(client, "/v1/indicators/vn_aqi_h/explain", area="193", time=iso(start))
    assert (body["equal"], body["differences"]) == (True, [])
    assert [each["revision"] for each in body["revisions"]] == [1, 2]
    assert body["stored"]["value"] == body["recomputed"]["value"]
    (station,) = body["stations"]
    assert station["code"] == "ha-long-air-1"
    assert set(station["details"]["nowcast"]) == {"pm2_5", "pm10"}
    assert {each["code"]: each["good"] for each in station["inputs"]}["pm2_5"] == 5 * 12
    assert body["rule"]["clause"] == INDICATORS["vn_aqi_h"].source.clause.en

    before = await get(
        client, "/v1/indicators/vn_aqi_h/explain", area="193", time=iso(start),
        as_of=body["revisions"][0]["computed_at"],
    )  # fmt: skip
    assert (before["stored"]["revision"], before["equal"]) == (1, False)
    assert before["why_different"] == "a later revision superseded it"


async def test_the_newest_value_is_explained_where_no_time_is_given(client: httpx.AsyncClient) -> None:
    body = await get(client, "/v1/indicators/vn_aqi_h/explain", area="193")
    assert body["time"] == iso(HOUR - timedelta(hours=1))
    assert body["stored"]["reason"] == "insufficient_data"


async def test_what_can_not_be_explained_is_told(client: httpx.AsyncClient) -> None:
    path = "/v1/indicators/vn_aqi_h/explain"
    body = assert_problem(await client.get(f"{path}?area=193&time=2020-01-01"), 404, "not-found")
    assert "no value of vn_aqi_h is stored for 193" in body["detail"]
    assert "the newest one is of" in body["detail"]
    body = assert_problem(await client.get(f"{path}?area=Ha+Long"), 422, "invalid-parameter")
    assert "193" in body["errors"][0]["did_you_mean"]
    body = assert_problem(await client.get("/v1/indicators/vn_aqi/explain?area=193"), 404, "not-found")
    assert "vn_aqi_h" in body["did_you_mean"]
    for wrong in ("time=2026-13", "time=2026-11-22T08:00:00", "time=noon", "as_of=then"):
        body = assert_problem(await client.get(f"{path}?area=193&{wrong}"), 422, "invalid-parameter")
        assert body["errors"][0]["parameter"] == wrong.partition("=")[0]
    assert_problem(await client.get(path), 422, "invalid-parameter")
