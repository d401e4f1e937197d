"""What quality control found, where observations are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.integration.api.seed import HOUR

if TYPE_CHECKING:
    import httpx
    from psycopg import AsyncConnection


async def test_flags_by_name_beside_the_observations(
    client: httpx.AsyncClient, city: AsyncConnection[Any]
) -> None:
    asked = {"thing": "ha-long-air-1", "property": "pm2_5", "to": HOUR.isoformat()}
    before = (await client.get("/v1/observations", params=asked)).json()["items"]
    assert len(before) > 2
    assert all(item["flags"] == [] for item in before)
    await city.execute(
        "INSERT INTO observation_flags (time, datastream_id, flags, excluded, rule_version) "
        "SELECT %s, d.id, 9, true, 'test' FROM datastreams d JOIN things t ON t.id = d.thing_id "
        "JOIN observed_properties p ON p.id = d.observed_property_id "
        "WHERE t.code = 'ha-long-air-1' AND p.code = 'pm2_5'",
        [before[1]["time"]],
    )
    after = (await client.get("/v1/observations", params=asked)).json()["items"]
    assert [item["flags"] for item in after[:3]] == [[], ["range", "spike"], []]
    assert after[1]["value"] == before[1]["value"]
    lines = (await client.get("/v1/observations", params=asked | {"format": "csv"})).text.splitlines()
    assert lines[0].startswith("time,value,quality,flags,")
    assert [line.split(",")[3] for line in lines[1:4]] == ["", "range spike", ""]
