"""docs/examples/mqtt.js in a real browser, with MQTT.js from npm and real brokers."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import REPOSITORY
from tests.integration.api.browsing import OWN, Live, live
from tests.integration.test_ingest import gateway_client
from tests.npm import install

if TYPE_CHECKING:
    from tests.conftest import Broker

__all__ = ["live"]

_FOLDER = REPOSITORY / "tests" / "mqttjs"
_EXAMPLE = (REPOSITORY / "docs" / "examples" / "mqtt.js").read_text("utf-8")
#: the page is of no server: to the browser it comes from elsewhere, and asks for this machine
_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-features=LocalNetworkAccessChecks")
_PAGE = f"""<script src="/mqtt.min.js"></script><script>
{_EXAMPLE}
const said = [];
let tokens = 0;
const token = async () => {{
  tokens += 1;
  return (await fetch("/token")).json();
}};
listen(token, (gateway, kind, payload) => said.push([gateway, kind, new TextDecoder().decode(payload)]));
</script>"""


def test_the_example_in_the_document_is_the_file() -> None:
    page = (REPOSITORY / "docs" / "browsers.md").read_text("utf-8")
    assert f"```js\n{_EXAMPLE}```" in page


@pytest.mark.browser
async def test_the_browser_example_hears_gateways_and_renews_its_token(live: Live, broker: Broker) -> None:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("no chromium: install Debian's package chromium to run the browser tests")
    playwright = pytest.importorskip("playwright.async_api", reason="no playwright: install halong[test]")
    install(_FOLDER, "MQTT.js")
    given: list[dict[str, Any]] = []

    async def token(route: Any) -> None:
        given.append(await live.token("193"))
        # It says that it ends soon: in 12 s, of which the last 10 are for the next one.
        ends = (datetime.now(UTC) + timedelta(seconds=12)).isoformat()
        await route.fulfill(body=json.dumps(given[-1] | {"expires_at": ends}))

    async with playwright.async_playwright() as driver, gateway_client(broker, "ha-long-1") as gateway:
        browser = await driver.chromium.launch(executable_path=chromium, args=list(_ARGUMENTS))
        page = await browser.new_page()
        await page.route("**/token", token)
        await page.route(
            "**/mqtt.min.js", lambda route: route.fulfill(path=_FOLDER / "node_modules/mqtt/dist/mqtt.min.js")
        )
        await page.route("**/page", lambda route: route.fulfill(body=_PAGE, content_type="text/html"))
        await page.goto("http://halong.example/page")
        for number in range(3):

            async def is_heard(number: int = number) -> bool:
                await gateway.publish(OWN, str(number).encode(), qos=1)
                found: bool = await page.evaluate(f"said.some(([, , text]) => text === '{number}')")
                return found

            await page.wait_for_function(f"tokens > {number}")
            while not await is_heard():
                await page.wait_for_timeout(200)
        said = await page.evaluate("said")
        # Cut off, it comes back with another.
        tokens = await page.evaluate("tokens")
        await live.conn.execute("UPDATE mqtt_tokens SET ended_at = now()")
        await page.wait_for_function(f"tokens > {tokens}")
        await browser.close()
    assert {tuple(each[:2]) for each in said} == {("ha-long-1", "observations")}
    assert len({each["user_name"] for each in given}) > 3
