"""What keeps the API's answers from waiting for nothing."""

from __future__ import annotations

import inspect
import socket
from typing import TYPE_CHECKING, Any

from fastapi.routing import APIRoute

from api.routes import _ROUTERS
from api.service import _listen
from runtime.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi.dependencies.models import Dependant

SETTINGS = Settings.model_validate({"database_url": "postgresql://nobody@localhost/none", "api_port": 0})


def test_the_end_of_an_answer_does_not_wait_for_the_clients_acknowledgement() -> None:
    with _listen(SETTINGS) as listener, socket.create_connection(listener.getsockname()):
        taken, _ = listener.accept()
        with taken:
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def calls(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call
    for each in dependant.dependencies:
        yield from calls(each)


def waits(call: Any) -> bool:
    """Tell whether a dependency runs on the event loop, and not in a thread."""
    found = call if inspect.isroutine(call) or inspect.isclass(call) else type(call).__call__
    return inspect.iscoroutinefunction(found) or inspect.isasyncgenfunction(found)


def test_no_dependency_of_a_route_runs_in_a_thread() -> None:
    routes = [each for router in _ROUTERS for each in router.routes if isinstance(each, APIRoute)]
    assert len(routes) > 30
    threads = {f"{each.path}: {call}" for each in routes for call in calls(each.dependant) if not waits(call)}
    assert not threads
