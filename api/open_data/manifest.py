"""The manifest of a data set: every version of every month, with sizes, checksums and reasons. Pure."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  (msgspec reads the annotations)
from typing import Literal

import msgspec

#: of the manifest and of the files' layout; another number publishes every month again
FORMAT = 1
NAME = "manifest.json"


class ManifestError(ValueError):
    """A manifest cannot be read."""


class File(msgspec.Struct, frozen=True):
    """A published file: its name beside the manifest, its size and its SHA-256 in hexadecimal."""

    name: str
    media_type: str
    bytes: int
    sha256: str


class Reason(msgspec.Struct, frozen=True):
    """Why a version was written.

    `values`: so many were revised (of them by another `formula`) or added since the version before. `rules`:
    what is published, or how, has changed. `complete`: the month was not over before.
    """

    code: Literal["first", "values", "rules", "complete"]
    text_en: str
    text_vi: str
    revised: int = 0
    added: int = 0
    formula: int = 0


class Version(msgspec.Struct, frozen=True):
    """A state of a month. `as_of`: the instant whose values it has. `rules`: a digest of how it was made."""

    version: int
    reason: Reason
    as_of: datetime
    written_at: datetime
    software: str
    rules: str
    rows: int
    #: rows that have a value, or a suppressed one
    filled: int
    suppressed: int
    #: the month was not over, or not settled
    provisional: bool
    files: tuple[File, ...]

    def file(self, media_type: str) -> File:
        """Return its file of a media type.

        Raises:
            KeyError: there is none.
        """
        for each in self.files:
            if each.media_type == media_type:
                return each
        raise KeyError(media_type)


class Manifest(msgspec.Struct, frozen=True):
    """What is published of a data set: month (2026-10) to versions, the oldest first."""

    data_set: str
    months: dict[str, tuple[Version, ...]] = {}
    format: int = FORMAT

    def current(self, month: str) -> Version | None:
        """Return the version of a month that is in force."""
        versions = self.months.get(month, ())
        return versions[-1] if versions else None

    def with_version(self, month: str, version: Version) -> Manifest:
        """Return the manifest with another version of a month."""
        versions = (*self.months.get(month, ()), version)
        return Manifest(self.data_set, dict(sorted({**self.months, month: versions}.items())))

    def find(self, name: str) -> tuple[Version, File] | None:
        """Return the file of that name, of whatever version."""
        for versions in self.months.values():
            for version in versions:
                for file in version.files:
                    if file.name == name:
                        return version, file
        return None


def encode(manifest: Manifest) -> bytes:
    """Return a manifest as JSON text for people and programs."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def decode(text: bytes) -> Manifest:
    """Return a manifest from its JSON text.

    Raises:
        ManifestError: it is not one, or of another format.
    """
    try:
        found = msgspec.json.decode(text, type=Manifest)
    except msgspec.MsgspecError as error:
        raise ManifestError(
            f"the manifest cannot be read ({error}): restore it, or publish elsewhere"
        ) from error
    if found.format != FORMAT:
        raise ManifestError(f"the manifest has format {found.format}, not {FORMAT}: publish elsewhere")
    return found
