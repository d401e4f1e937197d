"""The routes of the API: what FastAPI makes of them takes seconds, and is the same for every application."""

import json
from functools import cache

from fastapi import APIRouter, Depends
from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from api.parameters import only_known_parameters
from api.rights import require_rules
from api.routers import (
    alert_silences,
    alerts,
    areas,
    asyncapi,
    automatic,
    calibrations,
    changes,
    commands,
    comparisons,
    configs,
    enrolments,
    explanations,
    exports,
    fallback,
    firmware,
    gateways,
    indicators,
    installations,
    live,
    liveness,
    maintenance,
    mqtt_tokens,
    observations,
    open_data,
    registry,
    registry_streams,
    revisions,
    sensors,
    status,
    things,
    unknown,
)
from api.security import Access

_ROUTERS = (
    areas.router,
    things.router,
    installations.router,
    observations.router,
    exports.router,
    indicators.router,
    comparisons.router,
    revisions.router,
    explanations.router,
    gateways.router,
    unknown.router,
    automatic.router,
    maintenance.router,
    firmware.router,
    enrolments.router,
    alerts.router,
    alert_silences.router,
    commands.router,
    configs.router,
    mqtt_tokens.router,
    registry.router,
    registry_streams.router,
    calibrations.router,
    sensors.router,
    changes.router,
    live.router,
    liveness.router,
    status.router,
)


@cache
def routes(*, with_open_data: bool) -> tuple[BaseRoute, ...]:
    """Return the routes, made once; the document tells of open data only where there are any."""
    require_rules(route.operation_id for router in _ROUTERS for route in router.routes)  # type: ignore[attr-defined]
    every = APIRouter()
    for router in _ROUTERS:
        every.include_router(router, dependencies=[Access, Depends(only_known_parameters)])
    every.include_router(enrolments.open_router, dependencies=[Depends(only_known_parameters)])
    every.include_router(status.health)
    every.include_router(asyncapi.router)
    every.include_router(open_data.router, include_in_schema=with_open_data)
    every.include_router(fallback.router)
    return tuple(every.routes)


@cache
def described(*, with_open_data: bool) -> str:
    """Return what FastAPI says of the routes, made once: an OpenAPI document as JSON, without its title."""
    return json.dumps(get_openapi(title="", version="", routes=routes(with_open_data=with_open_data)))
