"""/asyncapi.yaml and /asyncapi.json: the wire contract for machines, readable without a key."""

from typing import Any

from fastapi import APIRouter, Request, Response

from api import yaml
from api.asyncapi import document

router = APIRouter(include_in_schema=False)


@router.get("/asyncapi.yaml")
async def get_yaml(request: Request) -> Response:
    """Return the AsyncAPI document as YAML."""
    return Response(yaml.dump(document(request.app.state.settings)), media_type="application/yaml")


@router.get("/asyncapi.json")
async def get_json(request: Request) -> Any:
    """Return the AsyncAPI document as JSON."""
    return document(request.app.state.settings)
