"""docs/examples/live.py and live.js do what they say, against a real server."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest

from runtime.local.process import free_port
from tests.conftest import REPOSITORY
from tests.integration.api.streams import serving, write

if TYPE_CHECKING:
    from psycopg import AsyncConnection

EXAMPLES = REPOSITORY / "docs" / "examples"
QUERY = "event=value&indicator=laeq_1h"
_PAGE = """<script>
%s
const said = [];
follow(%s, () => said.push("load"), (name, data) => said.push([name, data.value]));
</script>"""


async def test_the_python_example_goes_on_after_a_restart(
    database_url: str, city: AsyncConnection[Any]
) -> None:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(EXAMPLES / "live.py"),
        f"http://127.0.0.1:{port}",
        QUERY,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"no_proxy": "*"},
    )

    async def read(name: str) -> Any:
        assert process.stdout
        async with asyncio.timeout(40):
            while name not in (said := json.loads(await process.stdout.readline())):
                pass
        return said[name]

    try:
        async with serving(database_url, api_port=port):
            assert (await read("subscribed"))["indicators"] == ["laeq_1h"]
            await write(city, 1)
            assert (await read("value"))["value"] == 1
        await write(city, 2)
        async with serving(database_url, api_port=port):
            assert (await read("subscribed"))["resumed"]
            await write(city, 3)
            assert [(await read("value"))["value"] for _ in range(2)] == [2, 3]
    finally:
        process.kill()
        await process.wait()


async def test_the_example_in_the_document_is_the_file() -> None:
    page = (REPOSITORY / "docs" / "api.md").read_text("utf-8")
    assert f"```js\n{(EXAMPLES / 'live.js').read_text('utf-8')}```" in page


@pytest.mark.browser
async def test_the_browser_example_loads_and_follows_and_comes_back(
    database_url: str, city: AsyncConnection[Any]
) -> None:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("no chromium: install Debian's package chromium to run the browser tests")
    playwright = pytest.importorskip("playwright.async_api", reason="no playwright: install halong[test]")
    port = free_port()
    body = _PAGE % ((EXAMPLES / "live.js").read_text("utf-8"), json.dumps(QUERY))
    async with playwright.async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = await browser.new_page()
        await page.route("**/page", lambda route: route.fulfill(body=body, content_type="text/html"))
        async with serving(database_url, api_port=port) as address:
            await page.goto(f"{address}/page")
            await page.wait_for_function("said.length == 1")
            await write(city, 1)
            await page.wait_for_function("said.length == 2")
        await write(city, 2)
        async with serving(database_url, api_port=port):
            await page.wait_for_function("said.length == 3")
            await write(city, 3)
            await page.wait_for_function("said.length == 4")
        said = await page.evaluate("said")
        await browser.close()
    assert said == ["load", ["value", 1], ["value", 2], ["value", 3]]
