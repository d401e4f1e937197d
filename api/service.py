"""The API as a service among others in one process: it takes no signals and stops when it is told."""

import asyncio
import gc
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog
import uvicorn
from fastapi import FastAPI

from api.app import create_app, require_schema
from api.connections import Config, Door, HttpConnection, Limits
from runtime.memory import keep_freed
from runtime.settings import Settings

if TYPE_CHECKING:
    from api.metrics import Metrics

_log = structlog.get_logger(__name__)

#: how long open requests may go on after the stop
_GRACE_S = 5
#: after which the system ends a connection whose client takes nothing of what was sent
_DEAF_MS = 60_000
#: open files beside those of connections: libraries, the database, files that are sent
_OTHER_FILES = 1024
#: what a page of the console sends at once is some kilobytes
_MOST_MESSAGE_BYTES = 1024 * 1024


class _Server(uvicorn.Server):
    """A server that leaves signals to its caller, says when it begins, and waits for no request for ever."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application and take requests."""
        await super().startup(sockets=sockets)
        if self.started:
            # What is loaded by now stays: to look through it for garbage holds up all requests for 0.1 s.
            gc.collect()
            gc.freeze()
            self._on_started()

    async def on_tick(self, counter: int) -> bool:
        """End connections whose request does not come, once a second."""
        if counter % 10 == 0:
            now = asyncio.get_running_loop().time()
            for connection in tuple(self.server_state.connections):
                if isinstance(connection, HttpConnection):
                    connection.check(now)
        return await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signal."""
        yield


async def run(
    settings: Settings,
    stop: asyncio.Event,
    *,
    on_app: Callable[[FastAPI], None] | None = None,
    on_listening: Callable[[str], None] | None = None,
) -> None:
    """Serve until `stop` is set, then finish the requests that are open.

    Args:
        settings: address and port (0: any free one), database, whether a key is needed.
        stop: ends the service.
        on_app: called with the application before it starts; mounts a console, for example.
        on_listening: called with the address, such as http://127.0.0.1:8000, once requests are taken in.

    Raises:
        StorageError: the database cannot be reached or lacks a migration.
        OSError: the port is taken.
    """
    keep_freed()
    await require_schema(settings.require_database_url())
    _allow_files(_most_connections(settings))
    app = create_app(settings)
    if on_app is not None:
        on_app(app)
    with _listen(settings) as listener:
        address = _address(listener)

        def tell() -> None:
            _log.info(f"API listens on {address}", action="api.listening", address=address)
            if on_listening is not None:
                on_listening(address)

        await serve(app, settings, listener, stop, on_started=tell)


async def serve(
    app: FastAPI,
    settings: Settings,
    listener: socket.socket,
    stop: asyncio.Event,
    *,
    on_started: Callable[[], None] = lambda: None,
) -> None:
    """Serve an application on a listening socket until `stop` is set."""
    config = Config(
        app,
        _door(app, settings),
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # A client's address decides how often it may ask: only what is configured may say another one.
        proxy_headers=bool(settings.api_trusted_proxies),
        forwarded_allow_ips=list(settings.api_trusted_proxies),
        timeout_graceful_shutdown=_GRACE_S,
        ws_max_size=_MOST_MESSAGE_BYTES,
    )
    server = _Server(config, on_started)
    watch = asyncio.create_task(_stop_when_told(server, app, stop), name="api.stop")
    try:
        await server.serve(sockets=[listener])
    except SystemExit:
        # uvicorn leaves the process when the lifespan fails; its caller may have other services to stop.
        raise RuntimeError("the API could not start: its log says why") from None
    finally:
        watch.cancel()


async def _stop_when_told(server: uvicorn.Server, app: FastAPI, stop: asyncio.Event) -> None:
    await stop.wait()
    # A stream has no end of its own: the server would wait for it as for any open request.
    if (hub := getattr(app.state, "live", None)) is not None:
        hub.close()
    server.should_exit = True


def _door(app: FastAPI, settings: Settings) -> Door:
    limits = Limits(
        _most_connections(settings), settings.api_connections_address, settings.api_trusted_proxies
    )
    metrics: Metrics | None = getattr(app.state, "metrics", None)
    if metrics is None:
        return Door(limits)
    door = Door(limits, metrics.note_refused_connection)
    metrics.watch_connections(lambda: len(door))
    return door


def _most_connections(settings: Settings) -> int:
    return settings.api_connections and settings.api_connections + settings.api_live_clients


def _allow_files(connections: int) -> None:
    """Raise the process's own limit of open files as far as the system lets it: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _listen(settings: Settings) -> socket.socket:
    """Return a listening socket; connections that come before the start wait in its queue."""
    host, port = settings.api_host, settings.api_port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise OSError(
            error.errno, f"the API cannot listen on {host}:{port} ({error.strerror}): set HALONG_API_PORT"
        ) from error
    # Connections have what their listener has. asyncio sets it only for sockets that name their protocol:
    # without it the end of an answer waits until the client has acknowledged its beginning, 40 ms and more.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _DEAF_MS)
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
