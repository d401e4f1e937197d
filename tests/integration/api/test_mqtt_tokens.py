"""MQTT tokens on real brokers: what a browser hears with one, and who gets how many."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import aiomqtt
import pytest

from api import keys
from api.app import create_app
from api.rates import Buckets
from devices.model import BROWSERS
from runtime.broker_client import client
from runtime.settings import Settings
from tests.attacks.test_mqtt_bombs import EVERYTHING
from tests.integration.api.browsing import (
    DENIED,
    FOREIGN,
    OWN,
    STATUS,
    TOPICS,
    Live,
    ask,
    cut_off_within,
    live,
    reasons,
    settings,
)
from tests.integration.api.conftest import client_of
from tests.integration.api.test_api_contract import assert_problem
from tests.integration.test_ingest import gateway_client
from tests.listening import heard, next_of

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from runtime.local.browser_broker import BrowserBroker
    from tests.conftest import Broker
    from tests.issuers import SigningIssuer

__all__ = ["live"]


@pytest.mark.attack(
    "listen over MQTT in a browser to gateways of another area, to down topics, to everything", "denied"
)
async def test_a_token_hears_the_gateways_of_its_areas_and_nothing_else(live: Live, broker: Broker) -> None:
    token = await live.token("193")
    assert (token["topics"], token["url"]) == (TOPICS, live.broker.url)
    async with (
        gateway_client(broker, "ha-long-1") as own,
        gateway_client(broker, "mong-cai-1") as foreign,
        live.browser(token) as browser,
    ):
        await own.publish(STATUS, b'{"online": true}', qos=1, retain=True)
        down = [f"city/v1/ha-long-1/down/{kind}" for kind in ("#", "config", "command", "committed")]
        other = [OWN.replace("ha-long-1", "+"), FOREIGN, f"$share/x/{OWN}", "city/v1/ha-long-1/up/#"]
        assert await reasons(browser, *EVERYTHING, *down, *other, "$CONTROL/#") == {DENIED}
        async with heard(browser, *token["topics"]) as said:
            assert await next_of(said) == (STATUS, b'{"online": true}')
            await foreign.publish(FOREIGN, b"foreign", qos=1)
            await own.publish(OWN, b"own", qos=1)
            assert await next_of(said) == (OWN, b"own")
        await own.publish(STATUS, b"", qos=1, retain=True)


async def test_a_token_of_the_whole_city_hears_every_gateway(live: Live, broker: Broker) -> None:
    token = await live.token()
    assert token["topics"] == ["city/v1/+/up/observations", "city/v1/+/up/status"]
    async with (
        gateway_client(broker, "mong-cai-1") as gateway,
        live.browser(token) as browser,
        heard(browser, *token["topics"], FOREIGN) as said,
    ):
        await gateway.publish(FOREIGN, b"x", qos=1)
        assert await next_of(said) == (FOREIGN, b"x")
        assert await reasons(browser, "#", "city/v1/#", "city/v1/+/down/#", "$SYS/#") == {DENIED}


async def test_a_token_may_be_for_some_gateways_alone(live: Live) -> None:
    assert (await live.token(gateways=["ha-long-1"]))["topics"] == [OWN, STATUS]


@pytest.mark.attack(
    "publish over MQTT in a browser, as its gateway or anything else", "refused; nobody hears it"
)
async def test_a_token_publishes_nothing(live: Live, broker: Broker) -> None:
    token = await live.token()
    async with (
        client(broker.platform_url, "") as halong,
        heard(halong, "#") as told,
        live.browser(token) as browser,
        live.browser(await live.token()) as other,
        heard(other, *token["topics"]) as said,
        gateway_client(broker, "ha-long-1") as gateway,
    ):
        for topic in (OWN, STATUS, "city/v1/ha-long-1/down/command", "$CONTROL/dynamic-security/v1", "x"):
            with pytest.raises(aiomqtt.MqttError, match="0x87"):
                await browser.deliver(topic, b"forged", retain=True)
        await gateway.publish(OWN, b"true", qos=1)
        assert await next_of(said) == (OWN, b"true")
        while (heard_last := await next_of(told)) != (OWN, b"true"):
            assert heard_last[1] != b"forged"


@pytest.mark.attack(
    "log in at the broker for browsers with what is no token, or another's; with a token elsewhere", "refused"
)
async def test_what_is_no_token_opens_nothing(live: Live, broker: Broker) -> None:
    one, other = await live.token("193"), await live.token("193")
    gateway = broker.add_gateway("ha-long-1")
    forged = (
        {"password": other["password"]},
        {"password": one["password"][:-1]},
        {"password": ""},
        {"username": "browser-0123456789abcdef"},
        {"username": None, "password": None},
        {"username": "halong", "password": "halong"},
        {"username": "ha-long-1", "password": gateway},
        {"username": BROWSERS, "password": broker.passwords[BROWSERS]},
    )
    assert [await live.logs_in(one, **changes) for changes in forged] == [False] * len(forged)
    assert await live.logs_in(one)
    for port in (broker.server.gateway_port, broker.server.platform_port):
        login = {"username": one["user_name"], "password": one["password"]}
        with pytest.raises(aiomqtt.MqttError):
            await aiomqtt.Client("127.0.0.1", port, **login).__aenter__()


async def test_who_has_enough_tokens_ends_one_or_waits(live: Live) -> None:
    key, _ = await live.key("193")
    answers = await asyncio.gather(*(live.ask(key) for _ in range(10)))
    made = [answer.json() for answer in answers if answer.status_code == 201]
    assert len(made) == 3, "not one more, of many at once"
    assert "has 3 MQTT tokens" in assert_problem(await live.ask(key), 429, "too-many-tokens")["detail"]
    assert (await live.ask((await live.key("193"))[0])).status_code == 201, "another key has its own"
    async with cut_off_within(live.browser(made[0])):
        assert (await live.end(key, made[0]["user_name"])).status_code == 204
    await live.conn.execute(
        "UPDATE mqtt_tokens SET created_at = now() - interval '1 day', expires_at = now() "
        "WHERE user_name = %s",
        [made[1]["user_name"]],
    )
    assert [(await live.ask(key)).status_code for _ in range(3)] == [201, 201, 429]
    assert_problem(await live.end(key, made[0]["user_name"]), 404, "not-found")


@pytest.mark.attack("end another's MQTT token", "404")
async def test_a_token_is_ended_by_its_owner_alone(live: Live) -> None:
    token = await live.token("193")
    key, _ = await live.key(role="admin")
    assert_problem(await live.end(key, token["user_name"]), 404, "not-found")
    assert await live.logs_in(token)


@pytest.mark.attack("ask for MQTT tokens without end", "429 after 60 a minute")
async def test_a_key_gets_so_many_tokens_a_minute(live: Live) -> None:
    key, _ = await live.key("193")
    live.app.state.mqtt_tokens = Buckets(clock=lambda: 0.0)
    answers = [await live.ask(key) for _ in range(61)]
    assert_problem(answers[59], 429, "too-many-tokens")
    assert_problem(answers[60], 429, "too-many-requests")
    assert "retry-after" in answers[60].headers


async def test_it_is_noted_who_got_and_ended_a_token_and_no_secret(live: Live) -> None:
    key, prefix = await live.key("193")
    answer = await live.ask(key)
    assert answer.headers["cache-control"] == "no-store"
    token = answer.json()
    await live.end(key, token["user_name"])
    admin, _ = await live.key(role="admin")
    async with client_of(live.app, authorization=f"Bearer {admin}") as http:
        ended, made = (await http.get("/v1/changes?kind=mqtt_token")).json()["items"]
    assert (made["code"], made["action"]) == (token["user_name"], "create")
    assert made["actor"] == f"key {prefix} (duty desk)"
    assert (made["after"]["owner"], made["after"]["gateways"]) == (f"key {prefix}", 2)
    assert (ended["action"], ended["fields"]) == ("change", ["ended_at"])
    rows = await (await live.conn.execute("SELECT mqtt_tokens::text FROM mqtt_tokens")).fetchall()
    assert len(rows) == 1
    assert token["password"] not in f"{rows}{made}{ended}"


async def test_a_person_gets_a_token_that_ends_with_theirs(
    database_url: str, city: AsyncConnection[Any], browsers: BrowserBroker, issuer: SigningIssuer
) -> None:
    oidc = {"oidc_issuer": issuer.url, "oidc_area_claim": "areas"}
    app = create_app(settings(database_url, browsers, **oidc))
    async with app.router.lifespan_context(app):
        text = issuer.token(roles=["operator"], areas=["193"], exp=int(time.time()) + 60)
        token = (await ask(app, text)).json()
    row = await (await city.execute("SELECT key_prefix, expires_at - now() FROM mqtt_tokens")).fetchone()
    assert row
    assert row[0] is None
    assert row[1].total_seconds() < 100
    assert token["topics"] == TOPICS


async def test_without_a_broker_for_browsers_it_is_said_what_to_do(
    database_url: str, city: AsyncConnection[Any]
) -> None:
    app = create_app(Settings.model_validate({"database_url": database_url}))
    async with app.router.lifespan_context(app):
        key, _ = await keys.create(city, "duty desk", "operator")
        problem = assert_problem(await ask(app, key), 409, "conflict")
    assert "HALONG_BROWSER_MQTT_URL" in problem["detail"]


async def test_while_the_broker_is_away_no_token_is_made(
    database_url: str, city: AsyncConnection[Any], browsers: BrowserBroker
) -> None:
    away = settings(database_url, browsers, browser_broker_url="mqtt://halong:x@127.0.0.1:1", mqtt_tokens=1)
    app = create_app(away)
    async with app.router.lifespan_context(app):
        key, _ = await keys.create(city, "duty desk", "operator")
        for _ in range(2):
            answer = await ask(app, key)
            assert_problem(answer, 503, "broker-away")
            assert "retry-after" in answer.headers
    row = await (await city.execute("SELECT count(*) FROM mqtt_tokens WHERE ended_at IS NULL")).fetchone()
    assert row == (0,)
