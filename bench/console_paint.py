"""Chromium for `bench.console`: when the map stands on the screen, beside the bytes of the page alone."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from playwright.sync_api import sync_playwright

from bench.console_city import INDICATOR
from bench.figure import Figure, out, steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

AIM_MS: Final = 1500
_ARGUMENTS: Final = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
_DESK: Final = {"width": 1440, "height": 900}
#: loads until a browser keeps files and what it has compiled of them
_LOADS_TO_WARM: Final = 2
_PATIENCE_MS: Final = 60_000
#: for what a browser does for its own window first
_SETTLED_MS: Final = 2000
#: Each frame asks whether every field has a colour and the gateways are drawn; where the next frame begins,
#: that one is on the screen.
_WATCH: Final = """
const look = () => {
  const fields = [...document.querySelectorAll(".map-field")];
  const colour = (field) => field.style.fill && !field.style.fill.includes("url(");
  const gateways = document.querySelector(".map-canvas")?.dataset.layers?.includes("gateways");
  const stands = fields.length && fields.every(colour) && gateways;
  requestAnimationFrame(stands ? () => (window.stands = performance.now()) : look);
};
requestAnimationFrame(look);"""
_IS_THERE: Final = "window.stands && performance.getEntriesByName('first-contentful-paint').length"
_TIMES: Final = """() => ({
  map: window.stands,
  first: performance.getEntriesByName("first-contentful-paint")[0].startTime,
})"""
_PARTS: Final = """() => {
  const files = performance.getEntriesByType("resource").map((entry) => entry.name);
  const parts = [...document.querySelectorAll("style, #app")].map((part) => part.outerHTML);
  return { files: files.filter((name) => !name.includes("_nicegui_ws")), page: parts.join("") };
}"""
_STATIC: Final = """async ({ files, page }) => {
  const began = performance.now();
  await Promise.all(files.map(async (file) => (await fetch(file)).arrayBuffer()));
  document.body.innerHTML = page;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return performance.now() - began;
}"""


def figures(address: str, runs: int) -> dict[str, Figure]:
    """Return ms until the map and until anything is painted, with files and without them in the browser.

    The limit of each: the page's files from the same server, fetched and not run, and then its finished
    elements painted at once.
    """
    what = "ms until all districts have their colours and gateways stand on the screen, "
    found = {
        "map_cold_ms": Figure(what=what + "nothing cached", aim=f"< {AIM_MS} ms"),
        "map_warm_ms": Figure(what=what + "opened before", aim=f"< {AIM_MS} ms"),
        "first_cold_ms": Figure(what="ms until first contentful paint, nothing cached"),
        "first_warm_ms": Figure(what="the same, opened before"),
    }
    with _chromium() as browser:
        for _ in steps(range(runs), "painting"):
            for name, (times, limit) in _one(browser, address).items():
                found[f"map_{name}_ms"].add(times["map"], limit)
                found[f"first_{name}_ms"].add(times["first"], limit)
    return found


def _one(browser: Browser, address: str) -> dict[str, tuple[dict[str, float], float]]:
    with browser.new_context(viewport=_DESK, bypass_csp=True) as context:
        cold, parts = _load(context, address)
        for _ in range(_LOADS_TO_WARM):
            warm, _ = _load(context, address)
        warm_limit = _static(context, address, parts)
    with browser.new_context(viewport=_DESK, bypass_csp=True) as context:
        cold_limit = _static(context, address, parts)
    return {"cold": (cold, cold_limit), "warm": (warm, warm_limit)}


def _load(context: BrowserContext, address: str) -> tuple[dict[str, float], dict[str, Any]]:
    page = context.new_page()
    page.add_init_script(_WATCH)
    page.wait_for_timeout(_SETTLED_MS)
    page.goto(f"{address}/?indicator={INDICATOR}")
    page.wait_for_function(_IS_THERE, timeout=_PATIENCE_MS)
    page.wait_for_load_state("networkidle")
    found: tuple[dict[str, float], dict[str, Any]] = page.evaluate(_TIMES), page.evaluate(_PARTS)
    page.close()
    return found


def _static(context: BrowserContext, address: str, parts: dict[str, Any]) -> float:
    page = _blank(context, address)
    took: float = page.evaluate(_STATIC, parts)
    page.close()
    return took


def _blank(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.wait_for_timeout(_SETTLED_MS)
    page.goto(f"{address}/health/ready")
    return page


@contextmanager
def _chromium() -> Iterator[Browser]:
    """Run Chromium.

    Raises:
        RuntimeError: none is installed.
    """
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        raise RuntimeError("there is no Chromium: install it (Debian: apt-get install chromium)")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        out.print(f"Chromium {browser.version}, headless")
        yield browser
        browser.close()
