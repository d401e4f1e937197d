"""SQL and formulas in whatever others may write; what stands in the tables is looked at afterwards."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import time
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import cbor2
import httpx
import pytest

from api import keys
from tests.attacks.http.tables import contents
from tests.integration.city import register
from tests.integration.test_ingest import gateway_client, ingesting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import AsyncConnection

    from runtime.settings import Settings
    from tests.conftest import Broker

SQL = (
    "' OR '1'='1",
    "'; DROP TABLE observations CASCADE; CREATE TABLE broken_into (); --",
    '"; DELETE FROM things; --',
    "1); UPDATE gateways SET enabled = false; --",
    "193' UNION SELECT key_hash::text, prefix, name FROM api_keys --",
    "$$; COPY areas TO PROGRAM 'true'; --",
    "\\'; SELECT pg_terminate_backend(pid) FROM pg_stat_activity; --",
    "%(code)s %s {} $1",
)
#: written by what is attacked when nothing is wrong
_OWN = ("api_keys", "ingest_metrics", "live_outbox", "live_events", "live_gateways", "live_datastreams")
_FORMULAS = ("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1+1)", '=HYPERLINK("http://evil.example")')


def attempts(document: dict[str, Any]) -> Iterator[str]:
    """Addresses that have an attack at each parameter of each operation, one after the other in turn."""
    turn = cycle(SQL)
    for path, item in document["paths"].items():
        parameters = item.get("get", {}).get("parameters", [])
        needed = {p["name"]: str(p.get("example", "193")) for p in parameters if p.get("required")}
        for parameter in parameters:
            for attack in islice(turn, 3):
                given = needed | {parameter["name"]: attack}
                if path == "/v1/live":  # which has no end unless it is told so
                    given = {"follow": "false"} | given
                yield _address(path, parameters, given)


def _address(path: str, parameters: list[dict[str, Any]], given: dict[str, str]) -> str:
    query = []
    for each in parameters:
        name, value = each["name"], quote(given.get(each["name"], ""), safe="")
        if each["in"] == "path":
            path = path.replace("{" + name + "}", value)
        elif each["in"] == "query" and name in given:
            query.append(f"{name}={value}")
    return f"{path}?{'&'.join(query)}"


@pytest.mark.attack(
    "SQL in each parameter of each operation that reads", "422, 404 or no rows; all tables as before"
)
@pytest.mark.slow
async def test_sql_in_parameters(address: str, city: AsyncConnection[Any]) -> None:
    _, key = await keys.create(city, "someone")
    before = await contents(city, *_OWN)
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=60) as http:
        document = (await http.get("/openapi.json")).json()
        addresses = list(attempts(document))
        assert len(addresses) > 300
        for each in addresses:
            answer = await http.get(each)
            assert answer.status_code in {200, 401, 404, 422}, f"{each}: {answer.text}"
            assert key.prefix not in answer.text, each
    assert await contents(city, *_OWN) == before


@pytest.mark.attack(
    "SQL in each text of a body that writes", "422, 404, or stored word for word; no other row"
)
async def test_sql_in_bodies(address: str, city: AsyncConnection[Any]) -> None:
    text, _ = await keys.create(city, "operator", "admin")
    before = await contents(city, *_OWN, "alert_silences")
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    async with httpx.AsyncClient(
        base_url=address, trust_env=False, timeout=60, headers={"x-api-key": text}
    ) as http:
        for attack in SQL:
            silence = await http.post(
                "/v1/alert-silences", json={"area": "193", "ends_at": until, "reason": attack}
            )
            assert silence.status_code in {200, 201}, silence.text
            assert silence.json()["reason"] == attack
            for field in ("area", "rule", "ends_at"):
                body = {"area": "193", "ends_at": until, "reason": "x"} | {field: attack}
                assert (await http.post("/v1/alert-silences", json=body)).status_code in {404, 422}
            for path in ("/v1/exports", "/v1/alert-rules"):
                schema = dict.fromkeys(("resource", "code", "indicator", "format", "name_en", "area"), attack)
                assert (await http.post(path, json=schema)).status_code in {404, 405, 422}
            for path in ("/v1/alert-rules/", "/v1/alerts/"):
                for method in ("PATCH", "DELETE"):
                    answer = await http.request(method, path + quote(attack, safe=""), json={"note": attack})
                    assert answer.status_code in {404, 405, 422}
        for method, path in (("DELETE", "/v1/alert-silences/"), ("GET", "/v1/exports/")):
            answer = await http.request(method, path + quote(SQL[1], safe=""))
            assert answer.status_code in {404, 422}
        for header in ("x-api-key", "authorization"):
            answer = await http.get("/v1/areas", headers={header: f"Bearer {SQL[0]}"})
            assert answer.status_code == 401
    assert await contents(city, *_OWN, "alert_silences") == before


def messages(gateway: str) -> Iterator[bytes]:
    """Payloads that have the attack at each place where a text may stand."""
    now = int(time.time() * 1000)
    for attack in SQL:
        good = {"device": f"{gateway}-aq", "time": now, "pm2_5": 31.2}
        yield json.dumps({"readings": [good | {"device": attack}]}).encode()
        yield json.dumps({"readings": [good | {"time": attack}]}).encode()
        yield json.dumps({"readings": [good | {"pm2_5": attack}]}).encode()
        yield json.dumps({"readings": [good | {attack: 1}]}).encode()
        yield json.dumps({"seq": attack, "readings": [good]}).encode()
        yield json.dumps({attack: [good]}).encode()
        yield json.dumps([{"bn": attack, "n": attack, "u": attack, "v": 1, "t": now / 1000}]).encode()
        yield json.dumps([{"n": "pm2_5", "vs": attack}]).encode()
        yield cbor2.dumps([{0: attack, 1: attack, 3: attack, 2: attack}])
        yield attack.encode()


@pytest.mark.attack(
    "SQL at each place of a payload, by a gateway with an account",
    "refused and kept as it came, what is right beside it stored; all other tables as before",
)
async def test_sql_in_payloads(
    conn: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str
) -> None:
    ids = await register(conn, gateway_code)
    changing = (
        "observations", "refusals", "gateway_status", "gateway_status_history", "arrivals",
        "unknown_things", "unknown_properties", "unknown_progress",
    )  # fmt: skip
    before = await contents(conn, *_OWN, *changing)
    sent = list(messages(gateway_code))
    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        for each in sent:
            await client.publish(f"city/v1/{gateway_code}/up/observations", each, qos=1)
            await client.publish(f"city/v1/{gateway_code}/up/status", each, qos=1)
        async with asyncio.timeout(60):
            while await _refused(conn) < set(sent):
                await asyncio.sleep(0.1)
        assert await contents(conn, *_OWN, *changing) == before
        assert {(row[0], row[1]) for row in await _observed(conn)} == {
            (ids[f"{gateway_code}-aq", "pm2_5"], 31.2)
        }
        good = {"seq": 1, "readings": [{"time": int(time.time() * 1000), "pm10": 5}]}
        await client.publish(f"city/v1/{gateway_code}/up/observations", json.dumps(good), qos=1)
        async with asyncio.timeout(60):
            while (ids[gateway_code, "pm10"], 5.0) not in await _observed(conn):
                await asyncio.sleep(0.1)


async def _refused(conn: AsyncConnection[Any]) -> set[bytes]:
    rows = await (await conn.execute("SELECT DISTINCT payload FROM refusals")).fetchall()
    return {bytes(row[0]) for row in rows}


async def _observed(conn: AsyncConnection[Any]) -> list[tuple[int, float]]:
    return await (await conn.execute("SELECT datastream_id, value FROM observations")).fetchall()


@pytest.mark.attack("formulas as names, in CSV and in the file of an export", "a quote before them: text")
async def test_csv_formulas(address: str, city: AsyncConnection[Any]) -> None:
    for number, formula in enumerate(_FORMULAS):
        await city.execute(
            "UPDATE things SET name = %s WHERE id = (SELECT id FROM things ORDER BY id OFFSET %s LIMIT 1)",
            [formula, number],
        )
    async with httpx.AsyncClient(base_url=address, trust_env=False) as http:
        text = (await http.get("/v1/things?format=csv&limit=1000")).text
    names = {row["name"] for row in csv.DictReader(io.StringIO(text, newline=""))}
    assert {f"'{formula}" for formula in _FORMULAS} & names
    assert [name for name in names if name.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
