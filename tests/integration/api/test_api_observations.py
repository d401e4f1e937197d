"""Observations of many datastreams, summed up, down-sampled, and as files."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from devices.registry import datastream_ids
from storage import observations
from tests.integration.api.seed import HOUR, STEPS

if TYPE_CHECKING:
    import httpx
    from psycopg import AsyncConnection

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
VALUES = [10.0 + n for n in range(STEPS)]


async def get(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get("/v1/observations", params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def store(conn: AsyncConnection[Any], thing: str, times: np.ndarray, values: np.ndarray) -> None:
    rows = observations.empty(len(times))
    rows["datastream_id"] = (await datastream_ids(conn))[thing, "pm2_5"]
    rows["time"], rows["value"], rows["quality"] = times, values, 0
    await observations.copy_in(conn, rows)


async def test_all_of_a_thing_come_by_datastream_and_time_over_pages(client: httpx.AsyncClient) -> None:
    body = await get(client, thing="ha-long-air-1", limit=50)
    assert body["datastream"] is None
    kinds = {each["id"]: each["observed_property"] for each in body["datastreams"]}
    rows = body["items"]
    while body["next"]:
        body = (await client.get(body["next"])).json()
        rows += body["items"]
    assert [(row["datastream"], row["time"]) for row in rows] == sorted(
        (row["datastream"], row["time"]) for row in rows
    )
    by_kind = {kind: [r["value"] for r in rows if r["datastream"] == i] for i, kind in kinds.items()}
    assert by_kind == {"pm2_5": VALUES, "pm10": [2 * each for each in VALUES]}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (
            {"area": "193"},
            {("ha-long-air-1", "pm2_5"), ("ha-long-air-1", "pm10"), ("ha-long-rain-1", "rainfall")},
        ),
        ({"area": "193", "property": "pm2_5,pm10"}, {("ha-long-air-1", "pm2_5"), ("ha-long-air-1", "pm10")}),
        ({"property": "pm2_5"}, {("ha-long-air-1", "pm2_5"), ("mong-cai-air-1", "pm2_5")}),
        (
            {"thing": ["mong-cai-air-1", "ha-long-rain-1"]},
            {("mong-cai-air-1", "pm2_5"), ("ha-long-rain-1", "rainfall")},
        ),
    ],
)
async def test_datastreams_are_chosen_by_what_they_belong_to(
    client: httpx.AsyncClient, query: dict[str, Any], found: set[tuple[str, str]]
) -> None:
    body = await get(client, **query)
    assert {(each["thing"], each["observed_property"]) for each in body["datastreams"]} == found


async def test_datastreams_are_chosen_by_number(client: httpx.AsyncClient) -> None:
    one = (await get(client, thing="ha-long-air-1", property="pm10"))["datastream"]
    assert (await get(client, datastream=one["id"]))["datastream"] == one
    assert (await client.get("/v1/observations?datastream=99999")).status_code == 422


async def test_days_are_local_and_say_how_complete_they_are(
    client: httpx.AsyncClient, city: AsyncConnection[Any]
) -> None:
    """Two whole local days of mong-cai-air-1, the second without its last six hours."""
    midnight = datetime(2026, 3, 2, tzinfo=ZONE)
    first = observations.to_microseconds(midnight.astimezone(UTC))
    times = first + np.arange(288 + 216, dtype="i8") * 300_000_000
    await store(city, "mong-cai-air-1", times, np.arange(len(times), dtype=float))
    period = {"from": "2026-03-01", "to": "2026-03-04"}
    days = (await get(client, thing="mong-cai-air-1", rollup="day", **period))["items"]
    assert [(d["time"], d["n"], d["completeness"]) for d in days] == [
        ("2026-03-01T17:00:00Z", 288, 1.0),
        ("2026-03-02T17:00:00Z", 216, 0.75),
    ]
    assert (days[0]["minimum"], days[0]["maximum"], days[0]["mean"]) == (0, 287, 143.5)
    assert (days[1]["first"], days[1]["last"], days[1]["total"]) == (288, 503, sum(range(288, 504)))
    hours = (await get(client, thing="mong-cai-air-1", rollup="hour", limit=100, **period))["items"]
    assert len(hours) == 24 + 18
    assert {hour["completeness"] for hour in hours} == {1.0}
    # a day belongs to a period by its start, and is whole
    some = await get(
        client, thing="mong-cai-air-1", rollup="day", **{"from": "2026-03-02", "to": "2026-03-02"}
    )
    assert [day["n"] for day in some["items"]] == [288]
    later = {"from": "2026-03-01T17:00:00.000001Z", "to": "2026-03-04"}
    assert [
        day["n"] for day in (await get(client, thing="mong-cai-air-1", rollup="day", **later))["items"]
    ] == [216]


async def test_means_and_totals_are_without_the_noise_of_adding_up(
    client: httpx.AsyncClient, city: AsyncConnection[Any]
) -> None:
    start = observations.to_microseconds(datetime(2026, 3, 2, tzinfo=UTC))
    times = start + np.arange(10) * 360_000_000
    await store(city, "mong-cai-air-1", times, np.full(10, 12.3) + np.arange(10) % 2 / 10)
    period = {"from": "2026-03-02T00:00:00Z", "to": "2026-03-02T01:00:00Z"}
    (row,) = (await get(client, thing="mong-cai-air-1", rollup="hour", **period))["items"]
    assert (row["mean"], row["total"], row["minimum"], row["maximum"]) == (12.35, 123.5, 12.3, 12.4)


async def test_points_are_what_was_measured(client: httpx.AsyncClient, city: AsyncConnection[Any]) -> None:
    times = observations.to_microseconds(datetime(2026, 3, 2, tzinfo=UTC)) + np.arange(60_480) * 10_000_000
    values = np.round(np.random.default_rng(3).normal(size=60_480).cumsum(), 3)
    await store(city, "mong-cai-air-1", times, values)
    period = {"from": "2026-03-02T00:00:00Z", "to": "2026-03-09T00:00:00Z"}
    measured = dict(zip(times.tolist(), values.tolist(), strict=True))
    for method in ("lttb", "minmax"):
        body = await get(client, thing="mong-cai-air-1", points=800, method=method, **period)
        assert (body["drawn_from"], body["points"], body["next"]) == ("observations", 800, None)
        shown = [(micros(row["time"]), row["value"]) for row in body["items"]]
        assert 700 <= len(shown) <= 800
        assert all(measured[time] == value for time, value in shown)
        assert (shown[0][0], shown[-1][0]) == (times[0], times[-1])
        if method == "minmax":
            assert {values.min(), values.max()} <= {value for _, value in shown}


async def test_points_of_a_long_period_are_hourly(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.series._DRAWN_FROM_OBSERVATIONS", 100)
    body = await get(client, thing="ha-long-air-1", property="pm2_5", points=100, method="minmax")
    assert body["drawn_from"] == "hourly extremes"
    assert len(body["items"]) == 12
    assert [row["value"] for row in body["items"][:4]] == [10, 21, 22, 33]
    body = await get(client, thing="ha-long-air-1", property="pm2_5", points=100)
    assert (body["drawn_from"], [row["value"] for row in body["items"][:2]]) == ("hourly means", [15.5, 27.5])


def micros(text: str) -> int:
    return observations.to_microseconds(datetime.fromisoformat(text))


async def test_files_hold_all_rows_with_what_quality_control_found(
    client: httpx.AsyncClient, city: AsyncConnection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("api.series").series._BATCH, "none", 25)
    ids = await datastream_ids(city)
    flagged = HOUR - timedelta(minutes=5 * 30)
    await city.execute(
        "INSERT INTO observation_flags VALUES (%s, %s, 8, true, '1'), (%s, %s, 3, true, '1')",
        [flagged, ids["ha-long-air-1", "pm10"], flagged, ids["ha-long-rain-1", "rainfall"]],
    )
    read = {}
    for form in ("parquet", "arrow", "xlsx", "csv", "geojson"):
        answer = await client.get("/v1/observations", params={"area": "193", "format": form})
        assert answer.status_code == 200, answer.text
        read[form] = answer.content
    table = pq.read_table(io.BytesIO(read["parquet"]))
    rows = table.to_pylist()
    assert len(rows) == 2 * STEPS
    assert table.equals(pa.ipc.open_stream(read["arrow"]).read_all())
    assert [row["value"] for row in rows if row["property"] == "pm2_5"] == VALUES
    assert [(row["property"], row["time"]) for row in rows if row["flags"]] == [("pm10", flagged)]
    assert [row["quality"] for row in rows].count("suspect") == 1
    assert {(row["thing"], row["longitude"], row["latitude"]) for row in rows} == {
        ("ha-long-air-1", 107.046, 20.961)
    }
    sheet = openpyxl.load_workbook(io.BytesIO(read["xlsx"])).worksheets[0]
    assert sheet.max_row == 1 + 2 * STEPS
    assert sheet["A2"].value == rows[0]["time"].astimezone(ZONE).replace(tzinfo=None)
    assert len(read["csv"].splitlines()) == 1 + 2 * STEPS
    features = json.loads(read["geojson"])["features"]
    assert len(features) == 2 * STEPS
    assert features[0]["geometry"] == {"type": "Point", "coordinates": [107.046, 20.961]}


async def test_a_file_of_days_and_one_of_points(client: httpx.AsyncClient) -> None:
    days = await client.get("/v1/observations?thing=ha-long-air-1&rollup=day&format=parquet&from=P3D")
    table = pq.read_table(io.BytesIO(days.content))
    assert sum(table["n"].to_pylist()) == 2 * STEPS
    assert table.schema.metadata[b"rollup"] == b"day"
    points = await client.get("/v1/observations?thing=ha-long-air-1&property=pm10&points=20&format=csv")
    assert len(points.text.splitlines()) == 21


async def test_what_is_too_much_at_once_is_told_with_what_to_do(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.routers.observations.MOST_OBSERVATIONS", 500)
    answer = await client.get("/v1/observations?area=193&format=csv")
    assert answer.status_code == 422
    assert "POST /v1/exports" in answer.json()["errors"][0]["expected"]
    assert (await client.get("/v1/observations?area=193")).status_code == 200


async def test_what_there_is_not_is_told_with_what_there_is(client: httpx.AsyncClient) -> None:
    answer = await client.get(
        "/v1/observations?thing=ha-long-air-1", headers={"accept": "image/png, text/html"}
    )
    assert answer.status_code == 406
    assert answer.json()["type"] == "urn:halong:problem:not-acceptable"
    assert "application/vnd.apache.parquet (format=parquet)" in answer.json()["detail"]


async def test_a_failure_in_the_middle_is_no_whole_file(
    client: httpx.AsyncClient, city: AsyncConnection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from api import series

    monkeypatch.setitem(series._BATCH, "none", 25)
    real, calls = series.page, []

    async def fails_later(*arguments: Any) -> pa.RecordBatch:
        calls.append(arguments)
        if len(calls) == 3:
            raise RuntimeError("the third page")
        return await real(*arguments)

    monkeypatch.setattr(series, "page", fails_later)
    client._transport.raise_app_exceptions = True  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="the third page"):
        await client.get("/v1/observations?thing=ha-long-air-1&format=csv")
