"""The service that publishes months as they settle, and again when their values change."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog

from api.open_data.plan import NoCityError, read_plan
from api.open_data.publish import BusyError, months_to_publish, publish
from api.open_data.store import Store, StoreError
from storage.errors import StorageError, is_transient
from storage.pool import connect

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from api.open_data.publish import Outcome
    from runtime.settings import Settings

_log = structlog.get_logger(__name__)

#: Months are looked at this often.
EVERY_S = 6 * 3600.0
#: … and so soon after something was away.
_AGAIN_S = 60.0
#: Of a data set so many months are looked at: later changes wait for `halong open-data publish`.
_REVISITED = 13


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Publish until `stop` is set; a database, a store or a city that is not there is waited for.

    Raises:
        SettingsError: the database or the target is not set.
        ManifestError: what is published cannot be read.
    """
    url, target = settings.require_database_url(), settings.require_open_data_target()
    while not stop.is_set():
        wait = EVERY_S
        try:
            async with await connect(url, name="halong open data") as conn:
                _report(await publish_settled(conn, settings, Store(target), datetime.now(UTC)))
        except (BusyError, NoCityError, StoreError, StorageError) as error:
            _log.warning("not published, trying again", action="open_data.waiting", error=str(error))
            wait = _AGAIN_S
        except Exception as error:
            if not is_transient(error):
                raise
            _log.warning("database is away, trying again", action="retry", error=str(error), wait_s=_AGAIN_S)
            wait = _AGAIN_S
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait)


async def stand_by(stop: asyncio.Event) -> None:
    """Wait until `stop` is set, where there is no place to publish to."""
    _log.warning("HALONG_OPEN_DATA_TARGET is not set: nothing is published", action="open_data.off")
    await stop.wait()


async def publish_settled(
    conn: AsyncConnection[Any], settings: Settings, store: Store, at: datetime
) -> list[Outcome]:
    """Publish what has settled of every data set and is not published as it is.

    Raises:
        NoCityError: no profile has been imported.
        BusyError: another process publishes.
        StoreError: the store does not answer.
    """
    plan = await read_plan(conn, settings)
    months = [
        (data_set, month)
        for data_set in plan.data_sets.values()
        for month in (await months_to_publish(conn, plan, data_set, at))[-_REVISITED:]
    ]
    return await publish(conn, store, plan, months)


def _report(outcomes: list[Outcome]) -> None:
    for each in outcomes:
        if each.what == "written" and each.version is not None:
            _log.info(
                "published",
                action="open_data.published",
                data_set=each.data_set,
                month=each.month,
                version=each.version.version,
                rows=each.version.rows,
                suppressed=each.version.suppressed,
                reason=each.version.reason.text_en,
            )
