"""The limit of an answer: the API's own server and middleware, with bytes that it holds ready.

`python -m bench.constant FOLDER` answers /v1/constant/NAME with the file NAME of a folder.
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

    async def answer(request: Request) -> Response:
        return Response(ready[request.path_params["name"]], media_type="application/json")

    app.router.routes.insert(0, Route("/v1/constant/{name}", answer))


async def serve(folder: Path) -> None:
    """Serve until told to end."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run(settings(), stop, on_app=lambda app: answering(folder, app))


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
