"""/v1/status, /health and /metrics."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import Field

from api.openapi import example
from api.parameters import Connection, now
from api.problems import RETRY_LATER, Problem
from api.queries import Row, gateways
from api.queries import status as queries
from api.schemas import series as schemas
from api.schemas.common import Model
from storage.errors import StorageError
from storage.migrate import pending

router = APIRouter(prefix="/v1", tags=["status"])
health = APIRouter(tags=["health"])

_STATES = ("online", "silent", "offline", "never_heard")


class Live(Model):
    """The process answers."""

    status: Literal["live"] = "live"


class Ready(Model):
    """The service can answer requests."""

    status: Literal["ready"] = "ready"
    database: Literal["reachable"] = "reachable"
    schema_state: Annotated[Literal["current"], Field(serialization_alias="schema")] = "current"


@router.get(
    "/status",
    operation_id="getStatus",
    summary="How the city is doing",
    response_model=schemas.Status,
    responses=example(schemas.STATUS),
)
async def get_status(
    conn: Connection,
    minutes: Annotated[int, Query(ge=1, le=60, description="Minutes that the rates look back.")] = 5,
) -> Any:
    """Counts, gateways by state, how fresh the data are, and the last minutes' rates."""
    present = now()
    flow = await queries.flow(conn, minutes)
    refused = await queries.refused(conn, minutes)
    states = dict.fromkeys(_STATES, 0) | await gateways.count_by_state(conn)
    newest = flow["newest_observation"]
    return {
        "time": present,
        "counts": await queries.counts(conn),
        "gateways": states,
        "freshness": {
            "newest_observation": newest,
            "newest_observation_age_s": newest and round((present - newest).total_seconds(), 1),
            "newest_indicator_value": (await queries.newest_value(conn))["newest_value"],
        },
        "rates": _rates(flow, refused, minutes),
    }


@health.get(
    "/health/live",
    operation_id="getLive",
    summary="The process answers",
    responses=example({"status": "live"}),
)
async def get_live() -> Live:
    """For a supervisor: restart the process if this fails."""
    return Live()


@health.get(
    "/health/ready",
    operation_id="getReady",
    summary="Requests can be answered",
    responses=example({"status": "ready", "database": "reachable", "schema": "current"}),
)
async def get_ready(conn: Connection) -> Ready:
    """For a load balancer: the database answers and has the schema that this version needs."""
    try:
        missing = await pending(conn)
    except StorageError as error:
        raise Problem("not-ready", str(error), headers=RETRY_LATER) from None
    if missing:
        text = f"the database lacks migration {missing[0].name}: run `halong migrate`"
        raise Problem("not-ready", text, headers=RETRY_LATER)
    return Ready()


@health.get(
    "/metrics",
    operation_id="getMetrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses=example(
        'halong_api_requests_total{method="GET",route="/v1/areas",status="200"} 3.0', "text/plain"
    ),
)
async def get_metrics(request: Request) -> Response:
    """Requests by route, times, the connection pool, the process."""
    return Response(request.app.state.metrics.text(), media_type=CONTENT_TYPE_LATEST)


def _rates(flow: Row, refused: Row, minutes: int) -> Row:
    return {
        "minutes": minutes,
        "observations": flow["observations"],
        "observations_per_s": round(flow["observations"] / (minutes * 60), 3),
        "datastreams_active": flow["datastreams_active"],
        "refused_messages": refused["messages"],
        "refused_readings": refused["readings"],
    }
