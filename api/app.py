"""The HTTP application: `create_app(settings)`; other packages may mount on it afterwards (not below /v1)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from psycopg import Error
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette_compress import CompressMiddleware, add_compress_type, remove_compress_type

from api import middleware, openapi, problems
from api.cache import AnswerCache, Cached
from api.explorer import add_explorer
from api.export_jobs import Exports
from api.formats.kinds import KINDS, PACKED
from api.head import Head
from api.known import Registry
from api.limits import BodyLimit
from api.metrics import Metrics, PoolCollector
from api.oidc.tokens import tokens
from api.open_data.state import Published
from api.rates import Buckets, Clients, RateLimit
from api.routers import live
from api.routes import described, routes
from api.security import no_visitor
from runtime.settings import Settings
from storage.errors import StorageError
from storage.migrate import pending
from storage.pool import connect, open_pool

#: a query that takes longer is stopped: no page of any resource comes near it
_STATEMENT_TIMEOUT_MS = 30_000
_COMPRESS_FROM_BYTES = 1_000
#: what pages of other origins may send, and read
_ASKED_BY_PAGES = (
    "Authorization",
    "X-API-Key",
    "If-None-Match",
    "If-Modified-Since",
    "Last-Event-ID",
    "X-Request-ID",
)
_TOLD_TO_PAGES = (
    "Link", "ETag", "Last-Modified", "Content-Disposition", "X-Request-ID", "RateLimit", "RateLimit-Policy",
    "Retry-After",
)  # fmt: skip
_COMPRESSED = (
    *(kind.media_type for kind in KINDS.values() if kind.media_type not in PACKED),
    problems.MEDIA_TYPE,
)


def create_app(settings: Settings) -> FastAPI:
    """Return the application; its lifespan opens the connection pool.

    `app.state` holds `settings`, `metrics`, `cache`, `tokens` and, while it runs, `pool` and `registry`;
    pages that are mounted may set `visitor`, which tells whose cookies came with a request without a key.

    Raises:
        SettingsError: HALONG_DATABASE_URL is not set, or HALONG_OIDC_ROLES names a role that is none.
    """
    settings.require_database_url()
    published = Published(settings)
    app = FastAPI(
        title="halong",
        version=version("halong"),
        lifespan=_lifespan,
        routes=list(routes(with_open_data=published.is_on)),
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
    )
    app.state.settings, app.state.metrics = settings, Metrics()
    app.state.cache = AnswerCache(settings.api_cache_mb * 1_000_000)
    app.state.enrolments, app.state.mqtt_tokens = Buckets(), Buckets()
    app.state.clients, app.state.open_data = Clients(), published
    app.state.tokens, app.state.visitor = tokens(settings), no_visitor
    app.openapi = lambda: openapi.document(  # type: ignore[method-assign]
        app, described(with_open_data=published.is_on)
    )
    add_explorer(app)
    _add_error_handlers(app)
    _add_middleware(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the pool for as long as the application runs.

    Raises:
        StorageError: the database cannot be reached, or its schema is older than this version.
    """
    settings: Settings = app.state.settings
    url = settings.require_database_url()
    await require_schema(url)
    options = f"-c statement_timeout={_STATEMENT_TIMEOUT_MS}"
    async with open_pool(
        url, name="halong api", max_size=settings.api_pool_size, timeout=5, options=options
    ) as pool:
        app.state.pool, app.state.registry = pool, Registry(pool)
        collector = PoolCollector(pool)
        app.state.metrics.registry.register(collector)
        app.state.exports = Exports(pool, app.state.registry, settings)
        jobs = asyncio.create_task(app.state.exports.run(), name="api.exports")
        async with live.following(app):
            yield
        jobs.cancel()
        await asyncio.gather(jobs, return_exceptions=True)
        if app.state.tokens is not None:
            await app.state.tokens.issuer.close()
        app.state.metrics.registry.unregister(collector)


async def require_schema(url: str) -> None:
    """Check that the database has the schema of this version.

    Raises:
        StorageError: it lacks a migration, or cannot be reached.
    """
    async with await connect(url, name="halong api") as conn:
        if missing := await pending(conn):
            names = ", ".join(each.name for each in missing)
            raise StorageError(
                f"the database lacks {len(missing)} migrations ({names}): run `halong migrate`"
            )


def _add_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(problems.Problem, problems.on_problem)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, problems.on_http_error)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, problems.on_invalid_request)  # type: ignore[arg-type]
    app.add_exception_handler(Error, problems.on_database_error)  # type: ignore[arg-type]


def _add_middleware(app: FastAPI) -> None:
    """Wrap the application; the last one added is the outermost."""
    app.add_middleware(middleware.LastResort)
    app.add_middleware(middleware.EntityTag)
    for media_type in _COMPRESSED:
        add_compress_type(media_type)
    # Proxies and readers of streams take events as they are.
    remove_compress_type("text/event-stream")
    app.add_middleware(CompressMiddleware, minimum_size=_COMPRESS_FROM_BYTES)
    app.add_middleware(Cached, cache=app.state.cache, metrics=app.state.metrics)
    settings: Settings = app.state.settings
    app.add_middleware(middleware.PlainFiles)
    app.add_middleware(BodyLimit)
    app.add_middleware(RateLimit, settings=settings, clients=app.state.clients, metrics=app.state.metrics)
    app.add_middleware(middleware.SecurityHeaders)
    if settings.api_cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.api_cors_origins,
            allow_methods=["GET", "HEAD"],
            allow_headers=_ASKED_BY_PAGES,
            expose_headers=_TOLD_TO_PAGES,
        )
    app.add_middleware(Head)
    app.add_middleware(middleware.RequestId)
    app.add_middleware(middleware.Measured, metrics=app.state.metrics)
