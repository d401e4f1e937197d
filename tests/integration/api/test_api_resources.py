"""Every resource against a real database with known content."""

from __future__ import annotations

import base64
import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.integration.api.seed import BINARY, HOUR, PAYLOAD, STEPS
from tests.integration.api.test_api_contract import assert_problem

if TYPE_CHECKING:
    import httpx


async def get(client: httpx.AsyncClient, path: str, **params: Any) -> Any:
    answer = await client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def pages(client: httpx.AsyncClient, path: str, **params: Any) -> list[list[Any]]:
    found, following = [], await client.get(path, params=params)
    while True:
        assert following.status_code == 200, following.text
        body = following.json()
        found.append(body["items"])
        if body["next"] is None:
            assert "link" not in following.headers
            return found
        assert following.headers["link"] == f'<{body["next"]}>; rel="next"'
        following = await client.get(body["next"])


def iso(time: Any) -> str:
    return str(time.isoformat().replace("+00:00", "Z"))


async def test_areas_of_each_generation(client: httpx.AsyncClient) -> None:
    everything = (await get(client, "/v1/areas", limit=1000))["items"]
    districts = (await get(client, "/v1/areas", level="district"))["items"]
    assert len(districts) == 13
    assert len(everything) == 1 + 13 + 54
    before = (await get(client, "/v1/areas", at="2025-06-30", limit=1000))["items"]
    after = (await get(client, "/v1/areas", at="2025-07-01", limit=1000))["items"]
    assert {area["level"] for area in before} == {"province", "district"}
    assert {area["level"] for area in after} == {"province", "commune"}
    assert len((await get(client, "/v1/areas", parent="22", level="district", reporting=True))["items"]) == 13


async def test_areas_have_boundaries_only_when_asked(client: httpx.AsyncClient) -> None:
    plain = (await get(client, "/v1/areas", level="district"))["items"]
    drawn = (await get(client, "/v1/areas", level="district", boundaries=True))["items"]
    assert all(area["boundary"] is None for area in plain)
    assert {area["boundary"]["type"] for area in drawn} <= {"Polygon", "MultiPolygon"}


async def test_areas_as_a_map(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/areas.geojson", params={"level": "district"})
    assert answer.headers["content-type"] == "application/geo+json"
    body = answer.json()
    assert body["type"] == "FeatureCollection"
    assert {feature["type"] for feature in body["features"]} == {"Feature"}
    assert {feature["id"] for feature in body["features"]} >= {"193", "194"}
    assert all(feature["geometry"]["coordinates"] for feature in body["features"])
    assert body["features"][0]["properties"]["name_vi"]


async def test_an_area_knows_what_replaced_it(client: httpx.AsyncClient) -> None:
    area = await get(client, "/v1/areas/193")
    assert (area["name_vi"], area["valid_to"], area["parent"]) == ("Thành phố Hạ Long", "2025-07-01", "22")
    assert "06652" in {each["code"] for each in area["successors"]}
    ward = await get(client, "/v1/areas/06652")
    assert [each["code"] for each in ward["predecessors"]] == ["193"]


async def test_an_area_that_was_not_in_force(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/areas/193", params={"at": "2025-07-01"})
    assert answer.status_code == 404
    assert "2020-01-01 to 2025-07-01" in answer.json()["detail"]
    assert (await get(client, "/v1/areas/193", at="2025-06-30"))["code"] == "193"


async def test_things_by_area_gateway_and_kind(client: httpx.AsyncClient) -> None:
    async def codes(**params: Any) -> list[str]:
        return [thing["code"] for thing in (await get(client, "/v1/things", **params))["items"]]

    assert await codes() == ["ha-long-air-1", "ha-long-rain-1", "mong-cai-air-1"]
    assert await codes(area="193") == ["ha-long-air-1", "ha-long-rain-1"]
    assert await codes(area="06652") == ["ha-long-air-1"]
    assert await codes(area="22", kind="air_station") == ["ha-long-air-1", "mong-cai-air-1"]
    assert await codes(gateway="mong-cai-1") == ["mong-cai-air-1"]
    assert await codes(gateway="gw-new") == []


async def test_a_thing_with_its_newest_values(client: httpx.AsyncClient) -> None:
    thing = await get(client, "/v1/things/ha-long-air-1")
    assert thing["areas"] == ["06652", "193", "22"]
    latest = {each["observed_property"]: each["latest"] for each in thing["datastreams"]}
    newest = iso(HOUR - timedelta(minutes=5))
    assert latest["pm2_5"] == {"time": newest, "value": 10.0 + STEPS - 1, "quality": "suspect"}
    assert latest["pm10"]["quality"] == "good"
    assert (await get(client, "/v1/things/ha-long-rain-1"))["datastreams"][0]["latest"] is None


async def test_datastreams_and_properties(client: httpx.AsyncClient) -> None:
    streams = (await get(client, "/v1/datastreams", property="pm2_5"))["items"]
    assert sorted(each["thing"] for each in streams) == ["ha-long-air-1", "mong-cai-air-1"]
    assert await get(client, f"/v1/datastreams/{streams[0]['id']}") == streams[0]
    assert streams[0]["unit"] == "ug/m3"
    codes = [
        each["code"] for page in await pages(client, "/v1/observed-properties", limit=7) for each in page
    ]
    assert len(codes) == len(set(codes)) > 7
    assert {"pm2_5", "rainfall"} <= set(codes)


async def test_latest_by_area_and_property(client: httpx.AsyncClient) -> None:
    found = (await get(client, "/v1/latest", area="193"))["items"]
    assert {(each["thing"], each["observed_property"]) for each in found} == {
        ("ha-long-air-1", "pm2_5"),
        ("ha-long-air-1", "pm10"),
    }
    assert (await get(client, "/v1/latest", area="194"))["items"] == []
    assert [len(page) for page in await pages(client, "/v1/latest", limit=1)] == [1, 1]


async def test_observations_in_pages_are_complete_and_ordered(client: httpx.AsyncClient) -> None:
    stream = (await get(client, "/v1/datastreams", thing="ha-long-air-1", property="pm2_5"))["items"][0]
    found = await pages(client, f"/v1/datastreams/{stream['id']}/observations", limit=25)
    assert [len(page) for page in found] == [25, 25, 22]
    rows = [row for page in found for row in page]
    assert [row["value"] for row in rows] == [10.0 + n for n in range(STEPS)]
    assert rows == sorted(rows, key=lambda row: row["time"])
    named = await get(client, "/v1/observations", thing="ha-long-air-1", property="pm2_5", limit=100)
    assert named["items"] == rows
    assert named["datastream"] == stream


async def test_a_period_includes_its_start_and_not_its_end(client: httpx.AsyncClient) -> None:
    start = HOUR - timedelta(minutes=30)
    body = await get(
        client,
        "/v1/observations",
        thing="ha-long-air-1",
        property="pm10",
        **{"from": iso(start), "to": iso(start + timedelta(minutes=10))},
    )
    assert [row["time"] for row in body["items"]] == [iso(start), iso(start + timedelta(minutes=5))]
    assert (body["from"], body["to"]) == (iso(start), iso(start + timedelta(minutes=10)))


async def test_observations_by_hour(client: httpx.AsyncClient) -> None:
    body = await get(client, "/v1/observations", thing="ha-long-air-1", property="pm2_5", rollup="hour")
    assert body["rollup"] == "hour"
    assert len(body["items"]) == 6
    last = body["items"][-1]
    values = [10.0 + n for n in range(STEPS - 12, STEPS)]
    assert (last["n"], last["n_suspect"], last["mean"]) == (12, 1, sum(values) / 12)
    assert (last["minimum"], last["maximum"], last["first"], last["last"]) == (
        values[0],
        values[-1],
        values[0],
        values[-1],
    )
    paged = await pages(
        client, "/v1/observations", thing="ha-long-air-1", property="pm2_5", rollup="hour", limit=4
    )
    assert [row for page in paged for row in page] == body["items"]


async def test_observations_as_csv(client: httpx.AsyncClient) -> None:
    answer = await client.get(
        "/v1/observations",
        params={"thing": "ha-long-air-1", "property": "pm2_5"},
        headers={"accept": "text/csv"},
    )
    assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
    assert "ha-long-air-1-pm2_5.csv" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [float(row["value"]) for row in rows] == [10.0 + n for n in range(STEPS)]
    assert (rows[-1]["quality"], rows[0]["quality"]) == ("suspect", "good")


async def test_csv_goes_on_over_its_chunks(client: httpx.AsyncClient, monkeypatch: Any) -> None:
    monkeypatch.setattr("api.answers.CHUNK", 24)  # 72 rows end exactly on a chunk
    answer = await client.get(
        "/v1/observations", params={"thing": "ha-long-air-1", "property": "pm2_5", "format": "csv"}
    )
    assert len(answer.text.splitlines()) == 1 + STEPS


async def test_a_thing_that_does_not_measure_a_property(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/observations", params={"thing": "ha-long-rain-1", "property": "pm2_5"})
    assert answer.status_code == 404
    assert "/v1/things/ha-long-rain-1" in answer.json()["detail"]


async def test_indicators_are_declared_with_their_classes(client: httpx.AsyncClient) -> None:
    found = {each["code"]: each for each in (await get(client, "/v1/indicators"))["items"]}
    assert {"vn_aqi_h", "rain_1h", "iot_coverage"} <= set(found)
    assert found["vn_aqi_h"]["categories"][0]["colour"] == "#00E400"
    assert await get(client, "/v1/indicators/vn_aqi_h") == found["vn_aqi_h"]


async def test_values_of_an_indicator(client: httpx.AsyncClient) -> None:
    body = await get(client, "/v1/indicators/vn_aqi_h/values", area="193")
    assert [row["value"] for row in body["items"]] == [50, 60, 70, 80, 90, None]
    first, last = body["items"][0], body["items"][-1]
    assert (first["revision"], last["revision"]) == (2, 1)
    assert (last["reason"], last["category"], last["completeness"]) == ("insufficient_data", None, 0.25)
    assert first["category"]["name_vi"] == "Tốt"
    assert first["period_end"] == iso(HOUR - timedelta(hours=5))
    assert first["period_start"] == iso(HOUR - timedelta(hours=17))
    assert body["indicator"]["unit"] == first["unit"] == "1"


async def test_values_in_pages_by_area_then_time(client: httpx.AsyncClient) -> None:
    found = await pages(client, "/v1/indicators/vn_aqi_h/values", limit=5)
    rows = [(row["area"], row["time"]) for page in found for row in page]
    assert len(rows) == len(set(rows)) == 12
    assert rows == sorted(rows, key=lambda row: ([each[0] for each in rows].index(row[0]), row[1]))
    assert {area for area, _ in rows} == {"193", "22"}


async def test_values_of_several_areas_and_of_a_level(client: httpx.AsyncClient) -> None:
    path = "/v1/indicators/vn_aqi_h/values"
    assert len((await get(client, path, area="193,22"))["items"]) == 12
    assert len((await get(client, path, area=["193", "22"]))["items"]) == 12
    assert {row["area"] for row in (await get(client, path, level="province"))["items"]} == {"22"}


async def test_as_of_gives_the_revision_of_that_time(client: httpx.AsyncClient) -> None:
    computed = HOUR - timedelta(hours=5) + timedelta(minutes=2)

    async def first(as_of: Any) -> Any:
        body = await get(client, "/v1/indicators/vn_aqi_h/values", area="193", as_of=iso(as_of))
        return [(row["value"], row["revision"]) for row in body["items"]][:1]

    assert await first(computed - timedelta(seconds=1)) == []
    assert await first(computed) == [(40, 1)]
    assert await first(computed + timedelta(minutes=59)) == [(40, 1)]
    assert await first(computed + timedelta(hours=1)) == [(50, 2)]


async def test_values_as_csv_are_no_formulas(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/indicators/rain_1h/values", params={"format": "csv"})
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert row["reason"] == """'=HYPERLINK("http://x")"""
    assert row["area_name_vi"] == "Thành phố Hạ Long"
    assert row["value"] == ""
    many = await client.get("/v1/indicators/vn_aqi_h/values", params={"format": "csv", "limit": 1})
    rows = list(csv.DictReader(io.StringIO(many.text)))
    assert len(rows) == 12
    assert rows[0]["category_name_vi"] == "Tốt"


async def test_newest_values_of_all_indicators(client: httpx.AsyncClient) -> None:
    rows = (await get(client, "/v1/indicators/values/latest"))["items"]
    assert {(row["indicator"], row["area"]) for row in rows} == {
        ("vn_aqi_h", "193"),
        ("vn_aqi_h", "22"),
        ("rain_1h", "193"),
    }
    assert {row["time"] for row in rows} == {iso(HOUR - timedelta(hours=1))}
    paged = await pages(client, "/v1/indicators/values/latest", limit=1)
    assert [page[0] for page in paged] == rows
    assert (
        len((await get(client, "/v1/indicators/values/latest", indicator="vn_aqi_h", area="22"))["items"])
        == 1
    )


async def test_gateways_and_their_states(client: httpx.AsyncClient) -> None:
    found = {each["code"]: each for each in (await get(client, "/v1/gateways"))["items"]}
    assert {code: each["state"] for code, each in found.items()} == {
        "ha-long-1": "online",
        "ha-long-2": "silent",
        "mong-cai-1": "offline",
        "gw-new": "never_heard",
    }
    assert (found["ha-long-1"]["committed_seq"], found["ha-long-1"]["seq_gaps"]) == (4710, 1)
    assert (found["gw-new"]["committed_seq"], found["gw-new"]["messages"]) == (None, 0)
    assert found["ha-long-1"]["things"] == 2
    silent = (await get(client, "/v1/gateways", state="silent", area="193"))["items"]
    assert [each["code"] for each in silent] == ["ha-long-2"]
    assert [len(page) for page in await pages(client, "/v1/gateways", limit=3)] == [3, 1]


async def test_a_message_after_the_will_proves_life(client: httpx.AsyncClient, city: Any) -> None:
    await city.execute("UPDATE gateway_status SET last_seen = now() WHERE online IS FALSE")
    assert (await get(client, "/v1/gateways/mong-cai-1"))["state"] == "online"


async def test_a_gateway_with_its_history(client: httpx.AsyncClient) -> None:
    gateway = await get(client, "/v1/gateways/ha-long-1")
    assert [change["online"] for change in gateway["history"]] == [False, True, False]
    assert "password_hash" not in gateway


async def test_refusals_newest_first_with_their_payloads(client: httpx.AsyncClient) -> None:
    rows = (await get(client, "/v1/refusals"))["items"]
    assert len(rows) == 4
    assert rows == sorted(rows, key=lambda row: row["time"], reverse=True)
    assert (rows[0]["payload"], rows[0]["payload_encoding"]) == (PAYLOAD, "utf-8")
    assert base64.b64decode(rows[1]["payload"]) == BINARY
    assert rows[1]["payload_encoding"] == "base64"
    cut = rows[3]
    assert (cut["payload"], cut["payload_complete"], cut["payload_size"]) == ("é" * 1000, False, 3000)
    full = (await get(client, "/v1/refusals", payload="full", limit=100))["items"]
    assert full[3]["payload"] == "é" * 1500
    assert (await get(client, "/v1/refusals", payload="none"))["items"][0]["payload"] is None


async def test_one_refusal_with_its_whole_message(client: httpx.AsyncClient) -> None:
    listed = (await get(client, "/v1/refusals", payload="full", limit=100))["items"]
    assert [await get(client, f"/v1/refusals/{row['id']}") for row in listed] == listed
    assert_problem(await client.get("/v1/refusals/999"), 404, "not-found")


async def test_refusals_by_gateway_reason_and_page(client: httpx.AsyncClient) -> None:
    mine = (await get(client, "/v1/refusals", gateway="gw-stranger"))["items"]
    assert {row["reason"] for row in mine} == {"unknown_gateway"}
    assert len((await get(client, "/v1/refusals", reason="value_out_of_range"))["items"]) == 2
    assert [len(page) for page in await pages(client, "/v1/refusals", limit=3)] == [3, 1]
    assert (await get(client, "/v1/refusals", **{"from": "PT1M"}))["items"] == []


async def test_status(client: httpx.AsyncClient) -> None:
    body = await get(client, "/v1/status")
    assert body["gateways"] == {"online": 1, "silent": 1, "offline": 1, "never_heard": 1}
    assert body["counts"]["things"] == 3
    assert body["counts"]["messages"] == 3 * 4711
    assert body["freshness"]["newest_observation"] == iso(HOUR - timedelta(minutes=5))
    assert body["freshness"]["newest_indicator_value"] == iso(HOUR - timedelta(hours=1))
    assert (body["rates"]["refused_messages"], body["rates"]["refused_readings"]) == (2, 4)
