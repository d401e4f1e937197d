"""What the API knows of open data: the plan and the manifests, read again after a while."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from api.open_access import is_open
from api.open_data.data_sets import open_indicators
from api.open_data.plan import NoCityError, read_plan
from api.open_data.store import Store
from api.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from psycopg_pool import AsyncConnectionPool
    from starlette.requests import Request

    from api.open_data.manifest import Manifest
    from api.open_data.plan import Plan
    from runtime.settings import Settings

T = TypeVar("T")

#: s after which the city's plan is read again
_PLAN_S: Final = 60.0
#: s after which a manifest is read again
_MANIFEST_S: Final = 15.0


class Published:
    """The published data sets; nothing is where HALONG_OPEN_DATA_TARGET is not set."""

    def __init__(self, settings: Settings) -> None:
        """Open the store.

        Raises:
            StoreError: the target is neither a folder that can be made nor s3://bucket/prefix.
        """
        self._settings = settings
        self._store = Store(settings.open_data_target) if settings.open_data_target else None
        self._read: dict[str, tuple[float, Any]] = {}

    @property
    def is_on(self) -> bool:
        """Whether there is open data here."""
        return self._store is not None

    @property
    def store(self) -> Store:
        """Where the files are.

        Raises:
            Problem: 404, nothing is published here.
        """
        if self._store is None:
            raise Problem("not-found", "no open data are published here: HALONG_OPEN_DATA_TARGET is not set")
        return self._store

    async def plan(self, pool: AsyncConnectionPool[Any]) -> Plan:
        """Return what the city publishes.

        Raises:
            NoCityError: no profile has been imported.
        """

        async def read() -> Plan:
            async with pool.connection() as conn:
                return await read_plan(conn, self._settings)

        return await self._kept("", _PLAN_S, read)

    async def manifest(self, data_set: str) -> Manifest:
        """Return a data set's manifest.

        Raises:
            Problem: 404, nothing is published here.
            StoreError: the store does not answer.
        """
        store = self.store
        return await self._kept(data_set, _MANIFEST_S, lambda: store.manifest(data_set))

    async def _kept(self, key: str, seconds: float, read: Callable[[], Awaitable[T]]) -> T:
        until, found = self._read.get(key, (0.0, None))
        if until <= time.monotonic():
            found = await read()
            self._read[key] = time.monotonic() + seconds, found
        kept: T = found
        return kept


async def is_open_request(request: Request) -> bool:
    """Tell whether anyone may read what is asked for, though the rest asks for a key."""
    published: Published = request.app.state.open_data
    if not published.is_on:
        return False
    path = getattr(request.scope.get("route"), "path_format", "")
    query = {name: request.query_params.getlist(name) for name in request.query_params}
    try:
        plan = await published.plan(request.app.state.pool)
    except NoCityError:
        return False
    return is_open(path, request.path_params.get("code"), query, open_indicators(plan.data_sets))
