"""The limit of an answer: the API's own server and middleware, with bytes that it holds ready.

`python -m bench.constant FOLDER` answers /v1/constant/made/NAME with the file NAME of a folder, whose tag is
computed as that of every answer that is made; at /v1/constant/kept/NAME its tag is ready as well.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from api.service import run
from runtime.settings import settings

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request


def answering(folder: Path, app: FastAPI) -> None:
    """Answer with the files of a folder, read once, before anything else."""
    ready = {each.name: each.read_bytes() for each in folder.iterdir()}
    tags = {"made": {}, "kept": {"ETag": 'W/"constant"'}}

    async def answer(request: Request) -> Response:
        form, name = request.path_params["form"], request.path_params["name"]
        return Response(ready[name], media_type="application/json", headers=tags[form])

    app.router.routes.insert(0, Route("/v1/constant/{form}/{name}", answer))


async def serve(folder: Path) -> None:
    """Serve until told to end."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run(settings(), stop, on_app=lambda app: answering(folder, app))


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
