"""Where published files are kept: a folder, or an S3-compatible store, through one interface (obstore)."""

from __future__ import annotations

import os
from asyncio import to_thread
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from api.open_data import manifest as manifests
from api.open_data.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from obstore.store import ClientConfig, RetryConfig

    from api.open_data.manifest import File

_MANIFEST_TYPE = "application/json"
_RETRIES: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}


class StoreError(OSError):
    """The store cannot be read or written; the message says what to look at."""


class Store:
    """Published files by data set and name. What is put is there as a whole or not at all."""

    def __init__(self, target: str) -> None:
        """Open a store.

        Args:
            target: a folder, which is made, or s3://bucket/prefix. Address and credentials of the store are
                read from the environment: AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
                AWS_REGION.

        Raises:
            StoreError: the target has another scheme, or the folder cannot be made.
        """
        self.target = target
        self._store, self._is_local = _open(target)

    async def manifest(self, data_set: str) -> Manifest:
        """Return a data set's manifest: an empty one, where nothing is published.

        Raises:
            StoreError: the store does not answer.
            ManifestError: what is there is no manifest.
        """
        try:
            return manifests.decode(await to_thread(self._get, f"{data_set}/{manifests.NAME}"))
        except FileNotFoundError:
            return Manifest(data_set)
        except (BaseError, OSError) as error:
            raise self._failed("read", error) from error

    async def put_manifest(self, manifest: Manifest) -> None:
        """Put a manifest in the place of the one before.

        Raises:
            StoreError: it cannot be written.
        """
        path = f"{manifest.data_set}/{manifests.NAME}"
        await self._put(path, manifests.encode(manifest), _MANIFEST_TYPE)

    async def put_file(self, data_set: str, file: File, source: Path) -> None:
        """Copy a local file to its place.

        Raises:
            StoreError: it cannot be written.
        """
        await self._put(f"{data_set}/{file.name}", source, file.media_type)

    async def read(self, data_set: str, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield the bytes of a file from `start` to before `end`, in parts.

        The name is to be one of a manifest: it is not checked here.

        Raises:
            StoreError: it is not there, or the store does not answer.
        """
        try:
            parts = await to_thread(self._parts, f"{data_set}/{name}", start, end)
            while part := await to_thread(_following, parts):
                yield part
        except (BaseError, OSError) as error:
            raise self._failed("read", error) from error

    # Waiting calls, in threads of Python's: obstore's asynchronous ones let go of Python's objects in threads
    # of Rust's, which aborts a command that ends meanwhile.

    def _get(self, path: str) -> bytes:
        return bytes(obstore.get(self._store, path).bytes())

    def _parts(self, path: str, start: int, end: int) -> Iterator[Any]:
        found = obstore.get(self._store, path, options={"range": (start, end)} if end > start else {})
        return iter(found.stream())

    async def _put(self, path: str, content: bytes | Path, media_type: str) -> None:
        # A folder keeps no media types.
        attributes = None if self._is_local else {"Content-Type": media_type}
        try:
            await to_thread(obstore.put, self._store, path, content, attributes=attributes)
        except (BaseError, OSError) as error:
            raise self._failed("written", error) from error

    def _failed(self, what: str, error: BaseException) -> StoreError:
        hint = (
            "look at its folder and rights" if self._is_local else "look at AWS_ENDPOINT_URL and AWS_… keys"
        )
        return StoreError(f"{self.target} cannot be {what} ({_first_line(error)}): {hint}")


def _following(parts: Iterator[Any]) -> bytes:
    """Return the next part, which is not empty, or nothing at the end."""
    return bytes(next(parts, b""))


def _open(target: str) -> tuple[LocalStore | S3Store, bool]:
    scheme = urlsplit(target).scheme
    if scheme == "s3":
        try:
            return S3Store.from_url(target, client_options=_client(), retry_config=_RETRIES), False
        except (BaseError, ValueError) as error:
            raise StoreError(
                f"{target} is no store: give s3://bucket/prefix ({_first_line(error)})"
            ) from error
    if scheme:
        raise StoreError(f"{target}: open data go to a folder or to s3://bucket/prefix, not to {scheme}://")
    try:
        return LocalStore(Path(target).absolute(), mkdir=True), True
    except (BaseError, OSError) as error:
        raise StoreError(f"the folder {target} cannot be made ({_first_line(error)})") from error


def _client() -> ClientConfig:
    # A store without TLS is meant where its address says so.
    is_plain = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
    return {"connect_timeout": "5s", "timeout": "60s", "allow_http": is_plain}


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
