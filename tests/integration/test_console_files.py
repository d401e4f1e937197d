"""How long browsers keep the console's files."""

from __future__ import annotations

import hashlib
import re
import socket
import struct
from itertools import product
from typing import TYPE_CHECKING

import httpx
import nicegui
import pytest

from tests.conftest import REPOSITORY, database
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

CONSOLE = REPOSITORY / "dashboards" / "console"
FILES = f"/_nicegui/{nicegui.__version__}"


@pytest.fixture(scope="module")
def browser(
    postgres_dsn: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    log = tmp_path_factory.mktemp("console") / "log"
    with (
        database(postgres_dsn, template) as url,
        serving(url, log, HALONG_API_PUBLIC="true") as address,
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


def test_who_leaves_amid_a_file_spoils_it_for_nobody(browser: httpx.Client) -> None:
    """A page that is left asks for many files and hears none out; the next one gets each of them whole."""
    scripts = [f"{FILES}/static/{each}" for each in ("utils/dynamic_properties.js", "nicegui.js")]
    encodings = [f"gzip;q=0.{n}" for n in range(1, 10)]
    here = (browser.base_url.host, browser.base_url.port)
    for path, encoding in product(scripts, encodings):
        asked = f"GET {path} HTTP/1.1\r\nHost: {here[0]}\r\nAccept-Encoding: {encoding}\r\n\r\n"
        with socket.create_connection(here) as left:
            left.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closed by RST
            left.sendall(asked.encode())
    wholes = {path: browser.get(path, headers={"Accept-Encoding": "identity"}).content for path in scripts}
    for path, encoding in product(scripts, encodings):
        assert browser.get(path, headers={"Accept-Encoding": encoding}).content == wholes[path]


def test_what_is_no_file_is_not_kept(browser: httpx.Client) -> None:
    missing = browser.get(f"{FILES}/static/nothing.js")
    assert missing.status_code == 404
    assert "immutable" not in missing.headers.get("cache-control", "")
    assert "immutable" not in browser.get("/").headers.get("cache-control", "")
