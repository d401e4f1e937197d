"""Why a local service can't be had."""

from __future__ import annotations


class LocalServiceError(RuntimeError):
    """A local service can't be brought, started or stopped; the text says what to do."""


class ProvisionError(LocalServiceError):
    """The server programs can be neither found nor brought."""
