"""How long browsers keep the console's files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
import nicegui
import pytest

from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = f"/_nicegui/{nicegui.__version__}"


@pytest.fixture
def browser(database_url: str, tmp_path: Path) -> Iterator[httpx.Client]:
    with (
        serving(database_url, tmp_path / "console.log", HALONG_API_PUBLIC="true") as address,
        httpx.Client(base_url=address) as client,
    ):
        yield client


def test_files_of_nicegui_are_kept_for_good_and_ours_while_they_are_unchanged(browser: httpx.Client) -> None:
    page = browser.get("/?view=planner").text
    (planner,) = re.findall(r'"halong-planner/": ?"([^"]+)"', page)
    (charts,) = re.findall(r'"nicegui-echart": ?"([^"]+)"', page)
    for path in (f"{FILES}/static/quasar.umd.prod.js", charts):
        assert browser.get(path).headers["cache-control"] == "public, max-age=31536000, immutable"
    ours = browser.get(f"{planner}asking.js")
    assert ours.headers["cache-control"] == "no-cache"
    assert "export async function read" in ours.text
    again = browser.get(f"{planner}asking.js", headers={"If-None-Match": ours.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", ours.headers["etag"])
    changed = browser.get(f"{planner}asking.js", headers={"If-None-Match": '"another"'})
    assert (changed.status_code, changed.text) == (200, ours.text)


def test_what_is_no_file_is_not_kept(browser: httpx.Client) -> None:
    missing = browser.get(f"{FILES}/static/nothing.js")
    assert missing.status_code == 404
    assert "immutable" not in missing.headers.get("cache-control", "")
    assert "immutable" not in browser.get("/").headers.get("cache-control", "")
