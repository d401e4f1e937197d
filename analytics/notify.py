"""Telling of alerts by webhook, e-mail and MQTT: at least once, with a key by which a repetition is known."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from datetime import UTC, datetime
from email.header import Header
from email.mime.text import MIMEText
from email.utils import format_datetime
from secrets import token_hex
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import aiomqtt
import httpx
import structlog

from analytics import alert_messages as messages
from analytics import alert_outbox as outbox
from runtime.broker_client import client
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from psycopg import AsyncConnection

    from runtime.settings import Settings

log = structlog.get_logger(__name__)

#: Notifications that are sent at the same time, and how long each may take.
_TOGETHER = 20
_TIMEOUT_S = 10
#: Longer than everything that is done with a claim.
_LEASE_S = 60

#: One delivery at a time in each event loop; a task that nobody refers to may vanish.
_running: dict[asyncio.AbstractEventLoop, asyncio.Task[None]] = {}


class ChannelError(Exception):
    """A notification was not taken; the message holds no address and no secret."""


def channel(settings: Settings, target: str) -> str | None:
    """Return how a target of HALONG_ALERT_TARGETS is told, None where there is none of this name."""
    if target not in settings.alert_targets:
        return None
    return "email" if _address(settings, target).startswith("mailto:") else "webhook"


def start(settings: Settings) -> asyncio.Task[None]:
    """Send what is due, in the background, and return the task; one that runs goes on."""
    loop = asyncio.get_running_loop()
    task = _running.get(loop)
    if task is None or task.done():
        task = _running[loop] = loop.create_task(_deliver(settings), name="halong alerts")
        task.add_done_callback(lambda _: _running.pop(loop, None))
    return task


async def _deliver(settings: Settings) -> None:
    """Send on a connection of its own; whatever goes wrong is told and tried at a later tick."""
    try:
        async with await connect(settings.require_database_url(), name="halong alerts") as conn:
            await deliver(conn, settings)
    except Exception as error:  # noqa: BLE001  (a channel must not end analytics)
        log.warning("notifications wait", action="alert_wait", error=str(error))


async def deliver(conn: AsyncConnection[Any], settings: Settings) -> int:
    """Send everything that is due and return how many were taken by their channel.

    Args:
        conn: a connection in autocommit mode that nothing else uses meanwhile.
        settings: targets, secret, mail server, broker.
    """
    count = 0
    while rows := await outbox.claim(conn, limit=_TOGETHER, lease_s=_LEASE_S):
        others = [row for row in rows if row["channel"] != "mqtt"]
        results = await asyncio.gather(*(_send(settings, row) for row in others))
        for row, error in zip(others, results, strict=True):
            count += await _note(conn, row, error)
        if published := [row for row in rows if row["channel"] == "mqtt"]:
            count += await _publish(conn, settings, published)
    return count


async def _note(conn: AsyncConnection[Any], row: outbox.Row, error: str | None) -> bool:
    about = {"alert": row["alert_id"], "channel": row["channel"], "target": row["target"]}
    if error is None:
        await outbox.sent(conn, [row["id"]])
        log.info("told of an alert", action="alert_told", **about)
        return True
    gave_up = await outbox.failed(conn, row["id"], error)
    event = "gave up telling of an alert" if gave_up else "not told of an alert, trying again"
    log.warning(event, action="alert_untold", error=error, attempts=row["attempts"], **about)
    return False


async def _send(settings: Settings, row: outbox.Row) -> str | None:
    """Return what went wrong, None if nothing did."""
    if row["target"] not in settings.alert_targets:
        return f"HALONG_ALERT_TARGETS has no {row['target']!r}: add it"
    send = _mail if row["channel"] == "email" else _post
    try:
        await asyncio.wait_for(send(settings, row), 2 * _TIMEOUT_S)
    except ChannelError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001  (an error's text may hold the address, which may hold a secret)
        return f"{type(error).__name__} at {_host(_address(settings, row['target']))}"
    return None


async def _post(settings: Settings, row: outbox.Row) -> None:
    """POST the event; any answer of 2xx means that it was taken.

    Raises:
        ChannelError: another answer.
    """
    url, body = _address(settings, row["target"]), messages.encode(messages.event(row))
    headers = {"Content-Type": "application/json", "User-Agent": "halong", "Idempotency-Key": row["key"]}
    if settings.alert_webhook_secret is not None:
        secret = settings.alert_webhook_secret.get_secret_value()
        headers["X-Halong-Signature"] = messages.signature(secret, datetime.now(UTC), body)
    async with httpx.AsyncClient(timeout=_TIMEOUT_S) as http:
        answer = await http.post(url, content=body, headers=headers)
    if not answer.is_success:
        raise ChannelError(f"{_host(url)} answered {answer.status_code}")


async def _mail(settings: Settings, row: outbox.Row) -> None:
    """Send the event as a mail, from a thread: smtplib waits.

    Raises:
        ChannelError: no mail server is set, or it would get the password in clear text.
    """
    if settings.smtp_url is None:
        raise ChannelError("HALONG_SMTP_URL is not set: set it, for example smtp://user:password@host:587")
    when = row["since"].astimezone(settings.zone)
    mail = MIMEText(messages.text(row, settings.time_zone, when), "plain", "utf-8")
    # EmailMessage of Python 3.11 folds a long subject between two encoded words and loses the blank there.
    subject: Any = Header(messages.subject(row), "utf-8", header_name="Subject")
    mail["Subject"] = subject
    mail["From"] = settings.alert_sender
    mail["To"] = ", ".join(unquote(_address(settings, row["target"])).removeprefix("mailto:").split(","))
    mail["Date"] = format_datetime(row["time"])
    mail["Message-ID"] = f"<{row['key']}@halong>"
    mail["Auto-Submitted"] = "auto-generated"
    await asyncio.to_thread(_hand_over, str(settings.smtp_url), mail)


def _hand_over(url: str, mail: MIMEText) -> None:
    parts = urlsplit(url)
    host, user = parts.hostname or "", unquote(parts.username or "")
    tls = ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=_TIMEOUT_S, context=tls)
    else:
        server = smtplib.SMTP(host, parts.port or 25, timeout=_TIMEOUT_S)
    with server:
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=tls)
            server.ehlo()
        elif user and parts.scheme == "smtp":
            raise ChannelError(
                f"{host} offers no STARTTLS: the password is not sent in clear text; use smtps://"
            )
        if user:
            server.login(user, unquote(parts.password or ""))
        server.send_message(mail)


async def _publish(conn: AsyncConnection[Any], settings: Settings, rows: Sequence[outbox.Row]) -> int:
    """Publish the raised alerts of the areas concerned, retained: a reader that comes later has them, too."""
    done: set[str] = set()
    error: str | None = None
    try:
        async with asyncio.timeout(2 * _TIMEOUT_S):
            await _publish_areas(conn, settings, {row["target"] for row in rows}, done)
    except (aiomqtt.MqttError, ChannelError, TimeoutError) as raised:
        error = str(raised) or "the broker does not answer"
    results = [await _note(conn, row, None if row["target"] in done else error) for row in rows]
    return sum(results)


async def _publish_areas(
    conn: AsyncConnection[Any], settings: Settings, areas: Iterable[str], done: set[str]
) -> None:
    if settings.mqtt_url is None:
        raise ChannelError("HALONG_MQTT_URL is not set: analytics needs it to publish alerts")
    async with client(str(settings.mqtt_url), f"alerts-{token_hex(4)}", timeout=_TIMEOUT_S) as broker:
        for area in areas:
            async with conn.transaction():
                await outbox.lock_area(conn, area)
                body = messages.standing(area, await outbox.standing(conn, area), datetime.now(UTC))
                await broker.publish(f"{settings.topic_root}/alerts/{area}", body, qos=1, retain=True)
            done.add(area)


def _address(settings: Settings, target: str) -> str:
    return settings.alert_targets[target].get_secret_value()


def _host(url: str) -> str:
    parts = urlsplit(url)
    return parts.hostname or "the mail server"
