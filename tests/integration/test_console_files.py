"""How long browsers keep the console's files."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import httpx
import nicegui
import pytest

from tests.conftest import REPOSITORY
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONSOLE = REPOSITORY / "dashboards" / "console"
FILES = f"/_nicegui/{nicegui.__version__}"


@pytest.fixture
def browser(database_url: str, tmp_path: Path) -> Iterator[httpx.Client]:
    with (
        serving(database_url, tmp_path / "console.log", HALONG_API_PUBLIC="true") as address,
        httpx.Client(base_url=address) as client,
    ):
        yield client


def test_files_are_kept_for_good_and_answered_by_304(browser: httpx.Client) -> None:
    page = browser.get("/?view=planner").text
    (planner,) = re.findall(r'"halong-planner/": ?"([^"]+)"', page)
    (charts,) = re.findall(r'"nicegui-echart": ?"([^"]+)"', page)
    for path in (f"{FILES}/static/quasar.umd.prod.js", charts, f"{planner}asking.js"):
        assert browser.get(path).headers["cache-control"] == "public, max-age=31536000, immutable"
    ours = browser.get(f"{planner}asking.js")
    assert "export async function read" in ours.text
    again = browser.get(f"{planner}asking.js", headers={"If-None-Match": ours.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", ours.headers["etag"])
    changed = browser.get(f"{planner}asking.js", headers={"If-None-Match": '"another"'})
    assert (changed.status_code, changed.text) == (200, ours.text)


def test_the_addresses_of_our_files_say_what_is_in_them(browser: httpx.Client) -> None:
    (address, digest) = re.findall(r'"halong-planner/": ?"([^"]+/([0-9a-f]+)/)"', browser.get("/").text)[0]
    folder = hashlib.sha256()
    for name in sorted(path.name for path in (CONSOLE / "planner").glob("*.js")):
        folder.update(name.encode() + b"\0" + browser.get(f"{address}{name}").content)
    assert folder.hexdigest().startswith(digest)


def test_a_file_comes_as_a_browser_unpacks_it(browser: httpx.Client) -> None:
    path, answers = f"{FILES}/static/nicegui.js", {}
    for encoding in ("br", "gzip", "identity", "br", "gzip"):
        answers[encoding] = browser.get(path, headers={"Accept-Encoding": encoding})
        assert answers[encoding].headers.get("content-encoding", "identity") == encoding
    assert len({answer.content for answer in answers.values()}) == 1
    for encoding in ("br", "gzip", "identity"):  # a browser goes on with what it has of a file that says so
        asked = {
            "Range": "bytes=9-",
            "If-Range": answers[encoding].headers["etag"],
            "Accept-Encoding": encoding,
        }
        part = browser.get(path, headers=asked)
        assert (part.status_code, part.content) == (200, answers["br"].content)
        assert part.headers["accept-ranges"] == "none"


def test_an_answer_from_memory_says_nothing_of_who_asked_first(browser: httpx.Client) -> None:
    path = f"{FILES}/static/nicegui.js"
    for _ in range(2):
        headers = browser.get(path, headers={"X-Request-ID": "mine"}).headers
        assert "x-request-id" not in headers
        assert headers["x-content-type-options"] == "nosniff"


def test_what_is_no_file_is_not_kept(browser: httpx.Client) -> None:
    missing = browser.get(f"{FILES}/static/nothing.js")
    assert missing.status_code == 404
    assert "immutable" not in missing.headers.get("cache-control", "")
    assert "immutable" not in browser.get("/").headers.get("cache-control", "")
