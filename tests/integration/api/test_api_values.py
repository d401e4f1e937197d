"""Values of many indicators, areas and periods at once, in both shapes, and of areas without their own."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from api.values import CHOICES
from tests.integration.api.seed import HOUR
from tests.integration.api.test_api_contract import assert_fits, assert_problem
from tests.integration.api.test_api_indicators import MONTHLY, ZONE, local, store
from tests.integration.api.test_api_resources import get, iso, pages

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

PATH = "/v1/indicators/values"


async def test_many_indicators_of_many_areas_in_one_request(client: httpx.AsyncClient) -> None:
    body = await get(client, PATH, indicator="vn_aqi_h,rain_1h", area="193,22", period="P1D")
    keys = [(row["indicator"], row["area"], row["time"]) for row in body["items"]]
    assert len(keys) == 1 + 6 + 6
    assert keys[0] == ("rain_1h", "193", iso(HOUR - timedelta(hours=1)))
    assert [each["code"] for each in body["indicators"]] == ["rain_1h", "vn_aqi_h"]
    assert body["time_zone"] == ZONE.key
    assert body["derived_from"] == []
    found = [row for page in await pages(client, PATH, indicator="vn_aqi_h,rain_1h", limit=4) for row in page]
    assert [(row["indicator"], row["area"], row["time"]) for row in found] == keys


async def test_small_rows_say_the_same_with_one_head(client: httpx.AsyncClient) -> None:
    asked = {"indicator": "vn_aqi_h,rain_1h", "period": "P1D"}
    whole, small = await get(client, PATH, **asked), await get(client, PATH, shape="compact", **asked)
    rows = [dict(zip(small["columns"], row, strict=True)) for row in small["rows"]]
    assert rows == [
        {
            name: row[name] if name != "category" else (row["category"] or {}).get("code")
            for name in small["columns"]
        }
        for row in whole["items"]
    ]
    assert {each["code"] for each in small["areas"]} == {"193", "22"}
    assert {each["code"] for each in small["indicators"]} == {"vn_aqi_h", "rain_1h"}
    chunks = await pages_of_rows(client, shape="compact", limit=5, **asked)
    assert [row for chunk in chunks for row in chunk] == small["rows"]


async def test_an_empty_period_tells_where_there_are_values(app: FastAPI, client: httpx.AsyncClient) -> None:
    full = await get(client, PATH, indicator="vn_aqi_h,rain_1h", area="193", period="P1D")
    assert "available" not in full
    times = [datetime.fromisoformat(row["time"]) for row in full["items"]]
    schema = app.openapi()["paths"][PATH]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    for shape in ("rows", "compact"):
        asked = {"indicator": "vn_aqi_h,rain_1h", "area": "193", "period": "2001-01", "shape": shape}
        empty = await get(client, PATH, **asked)
        assert empty["available"] == {"from": iso(min(times)), "to": iso(max(times) + timedelta(hours=1))}
        assert_fits(empty, schema, app)
    nowhere = await get(client, PATH, indicator="vn_aqi_h", area="196", period="2001-01")
    assert nowhere["available"] is None


async def test_a_spreadsheet_tells_what_it_holds_and_that_it_holds_nothing(client: httpx.AsyncClient) -> None:
    asked = f"{PATH}?indicator=vn_aqi_h&area=193&format=xlsx"
    full, empty = (
        await sheet_about(client, f"{asked}&period=P1D"),
        await sheet_about(client, f"{asked}&period=2001-01"),
    )
    assert full["request"].endswith(f"{asked}&period=P1D")
    assert full["vn_aqi_h area_rule"].startswith("the worst valid station")
    assert "(193, in force from 2020-01-01)" in full["vn_aqi_h cite_as"]
    assert "note" not in full
    assert empty["note"] == "no rows: nothing that the request asks for is stored"
    assert empty["vn_aqi_h name"] == full["vn_aqi_h name"]


async def sheet_about(client: httpx.AsyncClient, path: str) -> dict[str, str]:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content))["about"]
    return {str(name): str(value) for name, value, *_ in sheet.iter_rows(values_only=True)}


async def pages_of_rows(client: httpx.AsyncClient, **params: Any) -> list[Any]:
    body = await get(client, PATH, **params)
    found = [body["rows"]]
    while body["next"]:
        body = (await client.get(body["next"])).json()
        found.append(body["rows"])
    return found


async def test_every_field_may_be_chosen(client: httpx.AsyncClient, app: FastAPI) -> None:
    fields = ",".join(CHOICES)
    body = await get(client, PATH, indicator="vn_aqi_h", area="22", fields=fields)
    assert body["columns"] == list(CHOICES)
    row = dict(zip(body["columns"], body["rows"][-1], strict=True))
    assert row["label"] == f"{HOUR.astimezone(ZONE):%H:%M}".replace("00:00", "24:00")
    assert row["details"] == {"dominant": "pm2_5"}
    assert row["area_valid_from"] == "2020-01-01"
    schema = app.openapi()["paths"][PATH]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert_fits(body, schema, app)


async def test_the_map_takes_only_what_it_needs(client: httpx.AsyncClient) -> None:
    light = await client.get(f"{PATH}/latest?fields=indicator,area,value,category")
    whole = await client.get(f"{PATH}/latest")
    body = light.json()
    assert body["rows"] == [
        [row["indicator"], row["area"], row["value"], (row["category"] or {}).get("code")]
        for row in whole.json()["items"]
    ]
    assert all(isinstance(each["categories"], list) for each in body["indicators"])


async def test_encoded_rows_fit_the_documented_schema(client: httpx.AsyncClient, app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    for address in (
        f"{PATH}?indicator=vn_aqi_h,rain_1h&area=06652",
        f"{PATH}?indicator=vn_aqi_h&shape=compact",
        "/v1/indicators/vn_aqi_h/values?limit=3",
        "/v1/indicators/vn_aqi_h/values?shape=compact",
        f"{PATH}/latest",
        f"{PATH}/latest?area=06652",
        f"{PATH}/latest?shape=compact",
        "/v1/indicators/vn_aqi_h/comparison?period=P1D",
        "/v1/indicators/vn_aqi_h/ranking?period=PT1H",
        "/v1/indicators/vn_aqi_h/revisions?area=193",
    ):
        path = address.partition("?")[0].replace("/vn_aqi_h/", "/{code}/")
        content = paths[path]["get"]["responses"]["200"]["content"]["application/json"]
        answer = await client.get(address)
        assert answer.status_code == 200, answer.text
        assert_fits(answer.json(), content["schema"], app)


async def test_a_unit_of_2025_is_answered_by_its_district_and_says_so(client: httpx.AsyncClient) -> None:
    body = await get(client, PATH, indicator="vn_aqi_h", area="06652", period="P1D")
    assert [(row["area"], row["stands_for"]) for row in body["items"]] == [("193", ["06652"])] * 6
    (derived,) = body["derived_from"]
    assert (derived["area"], derived["relation"], derived["indicators"]) == (
        "06652",
        "predecessor",
        ["vn_aqi_h"],
    )
    (other,) = derived["derived_from"]
    assert (other["code"], other["is_main"], other["valid_to"]) == ("193", True, "2025-07-01")
    assert 0 < other["land_share"] < 0.1
    own = await get(client, PATH, indicator="vn_aqi_h", area="193", period="P1D")
    assert [row["stands_for"] for row in own["items"]] == [[]] * 6
    assert own["derived_from"] == []


async def test_files_say_it_too(client: httpx.AsyncClient) -> None:
    text = (await client.get(f"{PATH}?indicator=vn_aqi_h&area=06652&format=csv")).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {(row["area"], row["stands_for"], row["area_valid_from"]) for row in rows} == {
        ("193", "06652", "2020-01-01")
    }
    few = (await client.get(f"{PATH}?indicator=vn_aqi_h&area=193&fields=time,value&format=csv")).text
    assert few.splitlines()[0] == "time,value"


async def test_the_newest_values_as_a_map_and_as_a_file(client: httpx.AsyncClient) -> None:
    features = (await get(client, f"{PATH}/latest", format="geojson", fields="indicator,value"))["features"]
    assert [each["properties"]["indicator"] for each in features] == ["rain_1h", "vn_aqi_h", "vn_aqi_h"]
    assert {each["geometry"]["type"] for each in features} == {"Point"}
    text = (await client.get(f"{PATH}/latest?format=csv&area=06652")).text
    assert {row["stands_for"] for row in csv.DictReader(io.StringIO(text))} == {"06652"}
    assert_problem(await client.get(f"{PATH}/latest?format=csv&fields=details"), 422, "invalid-parameter")


async def test_the_newest_value_of_a_unit_of_2025(client: httpx.AsyncClient) -> None:
    body = await get(client, f"{PATH}/latest", area="06652")
    assert {(row["indicator"], row["area"]) for row in body["items"]} == {
        ("vn_aqi_h", "193"),
        ("rain_1h", "193"),
    }
    assert body["derived_from"][0]["from"] is None


async def test_values_of_its_own_come_first(client: httpx.AsyncClient, city: Any) -> None:
    await city.execute(
        """INSERT INTO indicator_values (time, indicator, area_id, value, completeness, version, revision)
           SELECT %s, 'vn_aqi_h', id, 33, 1, 1, 1 FROM areas WHERE code = '06652'""",
        [HOUR - timedelta(hours=2)],
    )
    body = await get(client, PATH, indicator="vn_aqi_h", area="06652", period="P1D")
    found = [(row["area"], row["time"]) for row in body["items"]]
    assert found == [("193", iso(HOUR - timedelta(hours=h))) for h in (6, 5, 4, 3)] + [
        ("06652", iso(HOUR - timedelta(hours=2)))
    ]


async def test_within_is_a_tree_of_a_day(client: httpx.AsyncClient) -> None:
    rows = (await get(client, PATH, indicator="vn_aqi_h", within="22", period="P1D"))["items"]
    assert {row["area"] for row in rows} == {"22", "193"}
    rows = (await get(client, PATH, indicator="vn_aqi_h", within="22", level="district", period="P1D"))[
        "items"
    ]
    assert {row["area"] for row in rows} == {"193"}
    today = await get(
        client, PATH, indicator="vn_aqi_h", within="22", level="commune", at="now", period="P1D"
    )
    assert {row["area"] for row in today["items"]} == {"193"}
    assert len(today["derived_from"]) == len(today["items"][0]["stands_for"]) > 5
    body = assert_problem(
        await client.get(f"{PATH}?indicator=vn_aqi_h&within=06652&at=2024-01-01"), 422, "invalid-parameter"
    )
    assert "was not in force on 2024-01-01" in body["detail"]


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("2026-W47", local(2026, 11, 16), local(2026, 11, 23)),
        ("2026-11", local(2026, 11, 1), local(2026, 12, 1)),
        ("2026-11-01/2026-11-20", local(2026, 11, 1), local(2026, 11, 21)),
        ("2026-11-01/P1M", local(2026, 11, 1), local(2026, 12, 1)),
    ],
)
async def test_periods_are_told_as_instants(
    client: httpx.AsyncClient, period: str, start: Any, end: Any
) -> None:
    body = await get(client, PATH, indicator="vn_aqi_h", period=period)
    assert (body["from"], body["to"], body["time_zone"]) == (iso(start), iso(end), ZONE.key)


async def test_now_is_the_start_of_the_step_that_runs(client: httpx.AsyncClient) -> None:
    for indicator, period, is_daily in (("vn_aqi_h", "P7D/now", False), ("pm2_5_d", "P7D", True)):
        before = datetime.now(ZONE)
        body = await get(client, PATH, indicator=indicator, period=period)
        starts = [at.replace(minute=0, second=0, microsecond=0) for at in (before, datetime.now(ZONE))]
        starts = [at.replace(hour=0) for at in starts] if is_daily else starts
        assert body["to"] in {iso(start.astimezone(UTC)) for start in starts}


@pytest.mark.parametrize(
    ("query", "parameter", "meant"),
    [
        ("", "indicator", None),
        ("indicator=,", "indicator", None),
        ("indicator=vn_aqi", "indicator", "vn_aqi_h"),
        ("indicator=vn_aqi_h&area=Ha+Long", "area", "193"),
        ("indicator=vn_aqi_h&within=Ha+Long", "within", "193"),
        ("indicator=vn_aqi_h&area=193&within=22", "within", None),
        ("indicator=vn_aqi_h&period=2026-Q3", "period", None),
        ("indicator=vn_aqi_h&period=P7D&from=P1D", "period", None),
        ("indicator=vn_aqi_h&periode=P7D", "periode", "period"),
        ("indicator=vn_aqi_h&level=districts", "level", "district"),
        ("indicator=vn_aqi_h&shape=compct", "shape", "compact"),
        ("indicator=vn_aqi_h&fields=valeu", "fields", "value"),
        ("indicator=vn_aqi_h&shape=rows&fields=value", "fields", None),
        ("indicator=vn_aqi_h&cursor=WyJhIiwxLCIyMDI2LTExLTIyVDAwOjAwOjAwIl0", "cursor", None),
    ],
)
async def test_a_wrong_question_is_told_what_would_be_right(
    client: httpx.AsyncClient, query: str, parameter: str, meant: str | None
) -> None:
    body = assert_problem(await client.get(f"{PATH}?{query}"), 422, "invalid-parameter")
    (fault,) = body["errors"]
    assert fault["parameter"] == parameter
    assert fault["expected"]
    if meant is not None:
        assert meant in fault["did_you_mean"]


async def test_too_many_series_are_told_with_the_limit(client: httpx.AsyncClient, city: Any) -> None:
    await city.execute(
        """INSERT INTO indicator_values (time, indicator, area_id, value, completeness, version, revision)
           SELECT %s, i.code, a.id, 1, 1, 1, 1 FROM indicators i, areas a
           WHERE a.reporting AND i.code <> 'vn_aqi_h'""",
        [HOUR - timedelta(hours=3)],
    )
    codes = ",".join(each["code"] for each in (await get(client, "/v1/indicators"))["items"])
    body = assert_problem(await client.get(f"{PATH}?indicator={codes}"), 422, "invalid-parameter")
    assert "more than 1,000" in body["detail"]
    assert "latest" in body["errors"][0]["expected"]


async def test_what_was_known_of_many(client: httpx.AsyncClient, city: Any) -> None:
    await store(city, MONTHLY, local(2026, 9, 1), 20.0, 1, local(2026, 10, 1, 1))
    await store(city, MONTHLY, local(2026, 9, 1), 21.0, 2, local(2026, 10, 5, 1))
    for day, value in (("2026-10-02", 20.0), ("2026-10-06", 21.0)):
        body = await get(
            client, PATH, indicator=f"{MONTHLY},vn_aqi_h", area="193", period="2026-09", as_of=day
        )
        assert [row["value"] for row in body["items"]] == [value]
