"""Commands of `halong`, as somebody types them, over a test's database."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

from runtime.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch, database_url: str, command: str) -> Iterator[None]:
    """Have `halong COMMAND …` find a database, and print lines that are not broken."""
    monkeypatch.setenv("HALONG_DATABASE_URL", database_url)
    monkeypatch.setattr(f"runtime.commands.{command}.out", Console(width=250, highlight=False))
    settings.cache_clear()
    yield
    settings.cache_clear()
