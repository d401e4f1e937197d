"""Alerts on a real TimescaleDB, told over HTTP, SMTP and MQTT to real servers."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiomqtt
import pytest
from aiosmtpd.controller import Controller

from analytics import alert_actions as actions
from analytics import alert_messages as messages
from analytics import notify, values
from analytics.alert_run import evaluate
from analytics.indicator import INDICATORS
from analytics.results import Reason, Value
from devices import maintenance, profiles
from devices.alert_rules import AlertRule, Kind, Severity, Step
from devices.credentials import password_hash
from runtime.local.mosquitto import LocalMosquitto
from runtime.local.process import free_port
from storage.pool import connect
from tests.conftest import changed
from tests.integration.city import batch, register

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from psycopg import AsyncConnection

    from runtime.local.provision import Binaries
    from runtime.settings import Settings

HOUR = timedelta(hours=1)
#: a full hour, so that the last step has just ended
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
AT = NOW + timedelta(minutes=2)
SECRET = "a secret of this city"
DESK, DUTY = Step(target="desk"), Step(target="duty", after_min=15)


def rule(**changes: Any) -> AlertRule:
    usual: dict[str, Any] = {
        "code": "air_bad", "indicator": "vn_aqi_h", "kind": Kind.ABOVE, "threshold": 151.0, "clear": 145.0,
        "severity": Severity.WARNING, "name_en": "Air bad", "name_vi": "Không khí xấu",
        "escalation": (DESK, DUTY),
    }  # fmt: skip
    return AlertRule(**(usual | changes))


@dataclass
class Webhook:
    """A server that keeps what is posted to it and answers as it is told."""

    port: int = 0
    status: int = 200
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/T0K3N"

    @property
    def events(self) -> list[str]:
        return [json.loads(body)["event"] for _, body in self.posts]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:]) if k}
        body = await reader.readexactly(int(headers["content-length"]))
        self.posts.append((headers, body))
        writer.write(
            f"HTTP/1.1 {self.status} Told\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode()
        )
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def serving(webhook: Webhook) -> AsyncIterator[Webhook]:
    server = await asyncio.start_server(webhook.answer, "127.0.0.1", webhook.port)
    webhook.port = server.sockets[0].getsockname()[1]
    async with server:
        yield webhook


@pytest.fixture
async def webhook() -> AsyncIterator[Webhook]:
    async with serving(Webhook()) as found:
        yield found


class Mailbox:
    """Keeps the mails that a real SMTP server takes."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], email.message.EmailMessage]] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((envelope.rcpt_tos, mail))  # type: ignore[arg-type]
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box, port = Mailbox(), free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    yield box, port
    server.stop()


@pytest.fixture
async def city(conn: AsyncConnection[Any]) -> AsyncConnection[Any]:
    """The small city with the indicators' catalogue and one rule."""
    await register(conn, "gw-alerts")
    await values.write_catalogue(conn, INDICATORS.values())
    await actions.import_rules(conn, [rule()])
    return conn


@pytest.fixture
def told(settings: Settings, webhook: Webhook, mailbox: tuple[Mailbox, int]) -> Settings:
    targets = {"desk": webhook.url, "duty": "mailto:duty@example.org"}
    mail = {"smtp_url": f"smtp://127.0.0.1:{mailbox[1]}", "alert_sender": "halong@example.org"}
    return changed(settings, alert_targets=targets, alert_webhook_secret=SECRET, **mail)


async def store(
    conn: AsyncConnection[Any], time: datetime, value: float | None, indicator: str = "vn_aqi_h"
) -> None:
    """Store a value of the only area as analytics does: a revision where there is one."""
    area = (await (await conn.execute("SELECT id FROM areas WHERE code = '193'")).fetchone())[0]  # type: ignore[index]
    made = Value(value, 1.0, None if value is not None else Reason.INSUFFICIENT_DATA)
    async with conn.transaction():
        await values.store(conn, batch([(INDICATORS[indicator], area, time, made)]))


async def rows(conn: AsyncConnection[Any], query: str, *arguments: Any) -> list[Any]:
    return await (await conn.execute(query.encode(), arguments)).fetchall()


async def history(conn: AsyncConnection[Any]) -> list[tuple[str, str, str]]:
    return await rows(conn, "SELECT before, after, cause FROM alert_history ORDER BY id")


async def tick(conn: AsyncConnection[Any], settings: Settings, at: datetime) -> None:
    """Evaluate and wait until what is due was tried."""
    await evaluate(conn, settings, at)
    await notify.start(settings)


async def test_an_alert_from_its_value_to_its_end(
    city: AsyncConnection[Any], told: Settings, webhook: Webhook, mailbox: tuple[Mailbox, int]
) -> None:
    await store(city, NOW - 2 * HOUR, 100)
    await tick(city, told, AT - HOUR)
    assert webhook.posts == []
    await store(city, NOW - HOUR, 160)
    await tick(city, told, AT)
    await tick(city, told, AT + timedelta(minutes=5))
    ((headers, body),) = webhook.posts
    event = json.loads(body)
    assert (event["event"], event["alert"]["value"], event["alert"]["area"]) == ("active", 160, "193")
    assert headers["idempotency-key"] == event["key"]
    seconds = int(headers["x-halong-signature"].partition(",")[0].removeprefix("t="))
    assert headers["x-halong-signature"] == messages.signature(
        SECRET, datetime.fromtimestamp(seconds, UTC), body
    )
    await tick(city, told, AT + timedelta(minutes=16))
    ((recipients, mail),) = mailbox[0].mails
    assert recipients == ["duty@example.org"]
    assert mail["Subject"] == "[warning] CẢNH BÁO / active: Không khí xấu / Air bad, Hạ Long"
    assert "vn_aqi_h: 160 1 (ngưỡng / threshold 151)" in mail.get_content()
    await store(city, NOW, 120)
    await tick(city, told, AT + HOUR)
    assert webhook.events == ["active", "resolved"]
    assert len(mailbox[0].mails) == 2
    assert await history(city) == [
        ("inactive", "active", "value"),
        ("active", "active", "escalation"),
        ("active", "active", "escalation"),
        ("active", "resolved", "value"),
    ]
    assert await rows(city, "SELECT count(*) FROM alert_notifications WHERE sent_at IS NULL") == [(0,)]


async def test_readers_have_the_raised_alerts_of_an_area_and_may_write_nothing(
    city: AsyncConnection[Any], told: Settings, binaries: Binaries, scratch: Path
) -> None:
    broker = LocalMosquitto(binaries, scratch / "alerts-broker", alert_reader_password="reads alerts")
    gateway = {"gw-alerts": password_hash("secret")}
    with broker:
        broker.reload(gateway)
        mine = changed(told, mqtt_url=broker.platform_url)
        await store(city, NOW - HOUR, 160)
        await tick(city, mine, AT)
        (first,) = (await retained(broker, "alerts", "reads alerts", 20))["alerts"]
        assert (first["rule"], first["state"], first["value"], first["name_vi"]) == (
            "air_bad", "active", 160, "Không khí xấu",
        )  # fmt: skip
        (number,) = (await rows(city, "SELECT id FROM alerts"))[0]
        await actions.acknowledge(city, number, AT, who="Lan", note="", publish=True)
        await tick(city, mine, AT)
        assert (await retained(broker, "alerts", "reads alerts", 20))["alerts"][0]["state"] == "acknowledged"
        await store(city, NOW, 100)
        await tick(city, mine, AT + HOUR)
        assert (await retained(broker, "alerts", "reads alerts", 20))["alerts"] == []
        with pytest.raises(TimeoutError):
            await retained(broker, "gw-alerts", "secret", 0.5)
        async with reader(broker, "alerts", "reads alerts") as client:
            await client.publish("city/v1/alerts/193", b"{}", qos=1, retain=True)
        assert (await retained(broker, "alerts", "reads alerts", 20))["area"] == "193"


def reader(broker: LocalMosquitto, user: str, password: str) -> aiomqtt.Client:
    return aiomqtt.Client("127.0.0.1", broker.gateway_port, username=user, password=password)


async def retained(broker: LocalMosquitto, user: str, password: str, seconds: float) -> dict[str, Any]:
    async with reader(broker, user, password) as client:
        await client.subscribe("city/v1/alerts/#", qos=1)
        message = await asyncio.wait_for(anext(aiter(client.messages)), seconds)
        assert (message.retain, message.qos) == (True, 1)
        found: dict[str, Any] = json.loads(message.payload)  # type: ignore[arg-type]
        return found


async def test_several_processes_and_restarts_tell_everything_once(
    city: AsyncConnection[Any], database_url: str, told: Settings, webhook: Webhook
) -> None:
    await store(city, NOW - HOUR, 160)
    others = [await connect(database_url) for _ in range(3)]
    for _ in range(3):
        await asyncio.gather(*(evaluate(conn, told, AT) for conn in [city, *others]))
        await asyncio.gather(*(notify.deliver(conn, told) for conn in others))
        await notify.start(told)
    for conn in others:
        await conn.close()
    assert webhook.events == ["active"]
    assert await history(city) == [("inactive", "active", "value"), ("active", "active", "escalation")]


async def test_a_crash_between_writing_and_sending_loses_nothing_and_the_key_stays(
    city: AsyncConnection[Any], told: Settings, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_: Any) -> None:
        raise RuntimeError("killed")

    told = changed(told, mqtt_url=None)
    await store(city, NOW - HOUR, 160)
    with monkeypatch.context() as patched:
        patched.setattr(notify, "_note", dies)
        await tick(city, told, AT)
    assert webhook.events == ["active"]
    await tick(city, told, AT)
    assert webhook.events == ["active"]
    await city.execute("UPDATE alert_notifications SET claimed_until = now() - interval '1 second'")
    await tick(city, told, AT)
    assert webhook.events == ["active"] * 2
    assert len({headers["idempotency-key"] for headers, _ in webhook.posts}) == 1


async def test_a_channel_that_is_down_is_tried_again_and_stops_nothing(
    city: AsyncConnection[Any], told: Settings, webhook: Webhook, capsys: pytest.CaptureFixture[str]
) -> None:
    webhook.status = 500
    await store(city, NOW - HOUR, 160)
    await tick(city, told, AT)
    await store(city, NOW, 100)
    await tick(city, told, AT + HOUR)
    assert webhook.events == ["active"]
    ((attempts, error, wait),) = await rows(
        city,
        "SELECT attempts, last_error, extract(epoch FROM due_at - now())::float8 FROM alert_notifications "
        "WHERE channel = 'webhook' AND attempts > 0",
    )
    assert (attempts, error) == (1, "127.0.0.1 answered 500")
    assert 5 < wait <= 10
    webhook.status = 200
    await city.execute("UPDATE alert_notifications SET due_at = now()")
    await tick(city, told, AT + HOUR)
    assert webhook.events == ["active", "active", "resolved"]
    nowhere = changed(told, alert_targets={"desk": f"http://127.0.0.1:{free_port()}/T0K3N"})
    await store(city, NOW + HOUR, 170)
    await tick(city, nowhere, AT + 2 * HOUR)
    ((error,),) = await rows(
        city, "SELECT last_error FROM alert_notifications WHERE sent_at IS NULL AND channel = 'webhook'"
    )
    assert error == "ConnectError at 127.0.0.1"
    assert "T0K3N" not in capsys.readouterr().err
    assert await rows(city, "SELECT 1 FROM alert_notifications n WHERE n::text ~ 'T0K3N|secret of'") == []


async def test_a_broker_that_is_away_holds_up_nobody_else(
    city: AsyncConnection[Any], told: Settings, webhook: Webhook
) -> None:
    await store(city, NOW - HOUR, 160)
    await tick(city, changed(told, mqtt_url=f"mqtt://halong:Pa55word@127.0.0.1:{free_port()}"), AT)
    assert webhook.events == ["active"]
    ((attempts, error),) = await rows(
        city, "SELECT attempts, last_error FROM alert_notifications WHERE channel = 'mqtt'"
    )
    assert attempts == 1
    assert error
    assert "Pa55word" not in error


async def test_after_a_day_it_is_given_up(
    city: AsyncConnection[Any], told: Settings, webhook: Webhook
) -> None:
    webhook.status = 410
    await store(city, NOW - HOUR, 160)
    await tick(city, told, AT)
    await city.execute(
        "UPDATE alert_notifications SET due_at = now(), created_at = now() - interval '25 hours'"
    )
    await tick(city, told, AT)
    assert await rows(
        city, "SELECT gave_up_at IS NOT NULL FROM alert_notifications WHERE channel = 'webhook'"
    ) == [(True,)]
    await city.execute("UPDATE alert_notifications SET due_at = now()")
    await tick(city, told, AT)
    assert len(webhook.posts) == 2


async def test_a_password_is_not_sent_in_clear_text(
    city: AsyncConnection[Any], told: Settings, mailbox: Any
) -> None:
    mine = changed(told, smtp_url=f"smtp://halong:Pa55word@127.0.0.1:{mailbox[1]}")
    await city.execute("""UPDATE alert_rules SET escalation = '[{"target": "duty", "after_min": 0}]'""")
    await store(city, NOW - HOUR, 160)
    await tick(city, mine, AT)
    ((error,),) = await rows(city, "SELECT last_error FROM alert_notifications WHERE channel = 'email'")
    assert "offers no STARTTLS" in error
    assert mailbox[0].mails == []
    assert "Pa55word" not in error


async def test_a_target_that_nobody_set_up_is_told_of_in_the_history(
    city: AsyncConnection[Any], settings: Settings
) -> None:
    await store(city, NOW - HOUR, 160)
    await tick(city, settings, AT)
    assert await rows(city, "SELECT note FROM alert_history WHERE cause = 'escalation'") == [
        ("desk, after 0 min: not told, HALONG_ALERT_TARGETS has no desk",)
    ]


async def test_acknowledged_nobody_further_is_told(
    city: AsyncConnection[Any], told: Settings, mailbox: tuple[Mailbox, int]
) -> None:
    await store(city, NOW - HOUR, 160)
    await tick(city, told, AT)
    ((number,),) = await rows(city, "SELECT id FROM alerts")
    await actions.acknowledge(city, number, AT, who="Lan", note="on its way", publish=False)
    await tick(city, told, AT + HOUR)
    assert mailbox[0].mails == []
    assert (await history(city))[-1] == ("active", "acknowledged", "operator")
    with pytest.raises(actions.UnknownError, match="no alert 99"):
        await actions.acknowledge(city, 99, AT, who="Lan", note="", publish=False)


async def test_a_silence_keeps_it_quiet_until_it_ends(
    city: AsyncConnection[Any], told: Settings, webhook: Webhook
) -> None:
    # It cannot end before it is made: its times are moved to those of the values.
    until = {"ends_at": datetime.now(UTC) + HOUR, "reason": "gauge is being cleaned", "who": "Lan"}
    number = await actions.add_silence(city, rule="air_bad", area="193", alert=None, **until)  # type: ignore[arg-type]
    await actions.add_silence(city, rule=None, area="193", alert=None, **until)  # type: ignore[arg-type]
    times = [AT - HOUR, AT + timedelta(minutes=30)]
    await city.execute("UPDATE alert_silences SET starts_at = %s, ends_at = %s", times)
    await store(city, NOW - HOUR, 160)
    await tick(city, told, AT)
    await tick(city, told, AT + timedelta(minutes=29))
    assert webhook.posts == []
    assert await history(city) == [("inactive", "active", "value"), ("active", "silenced", "silence")]
    await tick(city, told, AT + timedelta(minutes=31))
    assert (await history(city))[2:] == [
        ("silenced", "active", "silence"),
        ("active", "active", "escalation"),
    ]
    assert webhook.events == ["active"]
    named = "SELECT actor, note FROM alert_history WHERE cause = 'silence' ORDER BY id"
    assert await rows(city, named) == [
        ("Lan", "gauge is being cleaned"),
        ("halong", "no silence is in force: that of Lan is over (gauge is being cleaned)"),
    ]
    with pytest.raises(actions.UnknownError, match=f"no silence {number + 99}"):
        await actions.end_silence(city, number + 99, "Lan")


async def test_late_data_are_noted_and_wake_nobody(
    city: AsyncConnection[Any], told: Settings, webhook: Webhook
) -> None:
    for hours in range(6, 0, -1):
        await store(city, NOW - hours * HOUR, 100)
        await tick(city, told, AT)
    for hours, value in ((5, 160.0), (4, 180.0), (3, 120.0)):
        await store(city, NOW - hours * HOUR, value)
    for _ in range(3):
        await tick(city, told, AT)
    assert webhook.posts == []
    assert await rows(
        city, "SELECT state, retrospective, since, value_end, peak, announced_at FROM alerts"
    ) == [("resolved", True, NOW - 4 * HOUR, NOW - 3 * HOUR, 180, None)]
    assert await history(city) == [("inactive", "resolved", "late_revision")]
    await store(city, NOW - 4 * HOUR, 90)
    for _ in range(2):
        await tick(city, told, AT)
    assert (await history(city))[1:] == [("resolved", "resolved", "late_revision")]


async def test_a_revision_of_the_newest_value_counts_as_a_value(
    city: AsyncConnection[Any], told: Settings, webhook: Webhook
) -> None:
    await store(city, NOW - HOUR, 100)
    await tick(city, told, AT)
    await store(city, NOW - HOUR, 160)
    await tick(city, told, AT)
    assert webhook.events == ["active"]
    await store(city, NOW - HOUR, 140)
    await tick(city, told, AT)
    assert webhook.events == ["active", "resolved"]


async def test_a_revision_that_is_not_committed_yet_is_not_passed_over(
    city: AsyncConnection[Any], database_url: str, told: Settings
) -> None:
    for hours in (3, 2, 1):
        await store(city, NOW - hours * HOUR, 100)
    await tick(city, told, AT)
    async with await connect(database_url) as slow, slow.transaction():
        await store(slow, NOW - 3 * HOUR, 160)
        await tick(city, told, AT)
        assert await history(city) == []
    await tick(city, told, AT)
    await tick(city, told, AT)
    assert await history(city) == [("inactive", "resolved", "late_revision")]


async def test_after_an_outage_only_what_is_still_so_is_told(
    city: AsyncConnection[Any], told: Settings, webhook: Webhook
) -> None:
    await store(city, NOW - 13 * HOUR, 100)
    await tick(city, told, AT - 12 * HOUR)
    for hours, value in ((12, 160), (11, 170), (10, 100), (9, 160), (8, 165)):
        await store(city, NOW - hours * HOUR, value)
    await tick(city, told, AT)
    assert webhook.posts == []
    assert [after for _, after, _ in await history(city)] == ["active", "resolved", "active"]
    for hours in range(7, 0, -1):
        await store(city, NOW - hours * HOUR, 160)
    await tick(city, told, AT)
    assert webhook.events == ["active"]


async def test_a_rule_that_is_changed_looks_again_and_one_that_ends_takes_its_alert_along(
    city: AsyncConnection[Any], told: Settings
) -> None:
    await store(city, NOW - HOUR, 120)
    await tick(city, told, AT)
    assert await history(city) == []
    await actions.change_rule(city, "air_bad", {"threshold": 101, "clear": None}, "Lan")
    await tick(city, told, AT)
    assert (await history(city))[0] == ("inactive", "active", "value")
    await actions.change_rule(city, "air_bad", {"enabled": False}, "Lan")
    await tick(city, told, AT)
    assert (await history(city))[-1] == ("active", "resolved", "rule")


async def test_a_rule_that_gets_another_indicator_looks_at_its_values_though_they_are_older(
    city: AsyncConnection[Any], told: Settings
) -> None:
    await store(city, NOW - 6 * HOUR, 40, "rain_1h")
    await store(city, NOW - HOUR, 160)
    await tick(city, told, AT)
    await actions.change_rule(
        city, "air_bad", {"indicator": "rain_1h", "threshold": 50, "clear": None}, "Lan"
    )
    await tick(city, told, AT)
    assert (await history(city))[-1] == ("active", "resolved", "value")
    counted = Counting(city)
    await evaluate(counted, told, AT)  # type: ignore[arg-type]
    assert counted.statements == 1


async def test_data_that_are_missing_for_long_enough(city: AsyncConnection[Any], told: Settings) -> None:
    gone = rule(code="air_missing", kind=Kind.MISSING, threshold=None, clear=None, hold_min=180)
    await actions.import_rules(city, [gone])
    for hours, value in ((4, 50.0), (3, None), (2, None), (1, None)):
        await store(city, NOW - hours * HOUR, value)
        await tick(city, told, AT - (hours - 1) * HOUR)
    assert [after for _, after, cause in await history(city) if cause == "value"] == ["pending", "active"]
    await store(city, NOW, 50)
    await tick(city, told, AT + HOUR)
    assert (await history(city))[-1] == ("active", "resolved", "value")


async def test_a_rise_needs_the_hour_before(city: AsyncConnection[Any], told: Settings) -> None:
    steep = rule(code="rain_rise", indicator="rain_1h", kind=Kind.RISE, threshold=20.0, clear=None)
    await actions.import_rules(city, [steep])
    for n in range(9):
        await store(city, NOW - timedelta(minutes=10 * (9 - n)), 4.0 * n, "rain_1h")
        await tick(city, told, AT - timedelta(minutes=10 * (8 - n)))
    ((since, value),) = await rows(city, "SELECT since, value FROM alerts")
    assert (since, value) == (NOW - timedelta(minutes=20), pytest.approx(24))


async def test_an_import_leaves_alone_what_somebody_changed(conn: AsyncConnection[Any]) -> None:
    declared = profiles.load("quang_ninh").alert_rules
    assert await actions.import_rules(conn, declared) == len(declared)
    assert await actions.import_rules(conn, declared) == 0
    await actions.change_rule(conn, "air_bad", {"threshold": 201, "clear": 195}, "Lan")
    await actions.delete_rule(conn, "rain_hour", "Lan")
    assert await actions.import_rules(conn, declared) == 0
    assert await rows(
        conn, "SELECT threshold, deleted_at IS NULL FROM alert_rules WHERE code IN ('air_bad', 'rain_hour') "
        "ORDER BY code"
    ) == [(201, True), (30, False)]  # fmt: skip
    other = [rule(code="gateways_silent", threshold=1.0, clear=None)]
    assert await actions.import_rules(conn, other) == 1
    await actions.create_rule(conn, rule(code="rain_hour"), "Minh")
    with pytest.raises(ValueError, match="there is a rule 'rain_hour'"):
        await actions.create_rule(conn, rule(code="rain_hour"), "Minh")


SILENT = AlertRule(
    code="gateway_silent", kind=Kind.SILENT, hold_min=15, severity=Severity.WARNING, name_en="Gateway silent",
    name_vi="Gateway mất liên lạc", escalation=(DESK, DUTY),
)  # fmt: skip


async def heard(conn: AsyncConnection[Any], at: datetime, *, online: bool = True) -> None:
    """Note a message of the gateway, or its will."""
    status = {"column": "last_seen" if online else "status_at", "online": online, "at": at}
    await conn.execute(
        f"""INSERT INTO gateway_status (gateway_id, online, {status["column"]})
            SELECT id, %(online)s, %(at)s FROM gateways WHERE code = 'gw-alerts'
            ON CONFLICT (gateway_id) DO UPDATE
            SET (online, {status["column"]}) = (%(online)s, %(at)s)""".encode(),
        status,
    )


async def listening(conn: AsyncConnection[Any], start: datetime, end: datetime) -> None:
    """Have ingest note every ten seconds that it listens."""
    counts = "messages, observations, duplicates, refused, replayed, retries, batches, in_flight"
    await conn.execute(
        f"""INSERT INTO ingest_metrics (time, client_id, seconds, {counts})
            SELECT t, 'ingest-0', 10, 0, 0, 0, 0, 0, 0, 0, 0
            FROM generate_series(%s::timestamptz, %s, interval '10 seconds') t
            ON CONFLICT DO NOTHING""".encode(),
        [start, end],
    )


def minutes(number: float) -> datetime:
    return NOW + timedelta(minutes=number)


@pytest.fixture
async def quiet(city: AsyncConnection[Any]) -> AsyncConnection[Any]:
    """The city with a rule about its gateway, which was heard an hour ago for the last time."""
    await actions.import_rules(city, [SILENT])
    await heard(city, NOW)
    return city


async def test_a_gateway_that_is_not_heard_is_an_alert_until_it_is_heard(
    quiet: AsyncConnection[Any], told: Settings, webhook: Webhook
) -> None:
    await listening(quiet, minutes(-60), minutes(60))
    for at in (9, 11, 14, 15, 16, 17, 20):
        await tick(quiet, told, minutes(at))
    assert webhook.events == ["active"]
    event = json.loads(webhook.posts[0][1])["alert"]
    assert (event["gateway"], event["area"], event["indicator"], event["value"]) == (
        "gw-alerts", "193", None, None
    )  # fmt: skip
    assert event["since"] == NOW.isoformat().replace("+00:00", "Z")
    async with await connect(str(told.database_url)) as another:
        await tick(another, told, minutes(20))
    await heard(quiet, minutes(21))
    await tick(quiet, told, minutes(21))
    await tick(quiet, told, minutes(22))
    assert webhook.events == ["active", "resolved"]
    assert [line for line in await history(quiet) if line[2] == "gateway"] == [
        ("inactive", "pending", "gateway"),
        ("pending", "active", "gateway"),
        ("active", "resolved", "gateway"),
    ]


async def test_a_will_counts_at_once_and_a_message_after_it_ends_it(
    quiet: AsyncConnection[Any], told: Settings
) -> None:
    await listening(quiet, minutes(-60), minutes(60))
    await heard(quiet, minutes(1), online=False)
    await tick(quiet, told, minutes(2))
    assert await rows(quiet, "SELECT state, since FROM alerts") == [("pending", NOW)]
    await heard(quiet, minutes(3))
    await tick(quiet, told, minutes(4))
    assert await rows(quiet, "SELECT state FROM alerts") == [("inactive",)]


async def test_while_ingest_does_not_listen_no_gateway_is_silent(
    quiet: AsyncConnection[Any], told: Settings
) -> None:
    await listening(quiet, minutes(-60), minutes(5))
    await tick(quiet, told, minutes(30))
    await listening(quiet, minutes(30), minutes(60))
    await tick(quiet, told, minutes(39))
    assert await history(quiet) == []
    await tick(quiet, told, minutes(41))
    assert await history(quiet) == [("inactive", "active", "gateway"), ("active", "active", "escalation")]


async def test_a_gateway_that_is_switched_off_takes_its_alert_along_and_a_silence_keeps_it_quiet(
    quiet: AsyncConnection[Any], told: Settings, webhook: Webhook
) -> None:
    await listening(quiet, minutes(-60), minutes(120))
    await quiet.execute(
        "INSERT INTO alert_silences (area, starts_at, ends_at, reason, created_by) "
        "VALUES ('193', %s, %s, 'mast is being painted', 'Lan')",
        [NOW, minutes(45)],
    )
    await tick(quiet, told, minutes(30))
    assert [after for _, after, _ in await history(quiet)] == ["active", "silenced"]
    assert webhook.posts == []
    await quiet.execute("UPDATE gateways SET enabled = false")
    await tick(quiet, told, minutes(31))
    assert (await history(quiet))[-1] == ("silenced", "resolved", "rule")


async def test_planned_maintenance_keeps_a_silent_gateway_quiet_until_it_is_over(
    quiet: AsyncConnection[Any], told: Settings, webhook: Webhook
) -> None:
    await listening(quiet, minutes(-60), minutes(120))
    # An area that the gateway stands in counts as well as the gateway itself.
    for kind, code, start, end in (("gateway", "gw-alerts", 0, 30), ("area", "193", 30, 60)):
        await maintenance.add(
            quiet, kind, code, minutes(start), minutes(end), reason="new mast", who="Lan"
        )  # fmt: skip
    for at in (12, 20, 29, 31, 45, 59):
        await tick(quiet, told, minutes(at))
    assert await history(quiet) == []
    await tick(quiet, told, minutes(60))
    assert [after for _, after, _ in await history(quiet)][:1] == ["active"]
    assert webhook.events == ["active"]


async def test_nothing_to_do_is_one_query(city: AsyncConnection[Any], told: Settings) -> None:
    await store(city, NOW - HOUR, 160)
    await tick(city, told, AT)
    await tick(city, told, AT)
    counted = Counting(city)
    await evaluate(counted, told, AT)  # type: ignore[arg-type]
    assert counted.statements == 1


class Counting:
    """A connection that counts what is executed on it."""

    def __init__(self, conn: AsyncConnection[Any]) -> None:
        self._conn, self.statements = conn, 0

    def __getattr__(self, name: str) -> Any:
        self.statements += name in {"execute", "cursor", "transaction"}
        return getattr(self._conn, name)


async def test_a_delivery_without_a_database_raises_nothing(
    city: AsyncConnection[Any], told: Settings, webhook: Webhook
) -> None:
    await store(city, NOW - HOUR, 160)
    away = changed(told, database_url=f"postgresql://nobody:x@127.0.0.1:{free_port()}/none")
    await evaluate(city, away, AT)
    await notify.start(away)
    assert webhook.posts == []
    await tick(city, told, AT)
    assert webhook.events == ["active"]
