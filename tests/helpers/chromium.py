"""Debian's chromium without a screen or a network, driven by selenium."""

from __future__ import annotations

import base64
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--allow-file-access-from-files=false",
)
#: Seconds that a page may take on a machine that is busy with other tests.
PATIENCE = 120


def started(profile: Path) -> Any:
    """A browser with a new profile; skips where there is no browser, driver or selenium."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    binary = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("chromium and chromedriver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.chrome.service.Service(driver)
    browser = webdriver.Chrome(options=options, service=service)
    browser.set_script_timeout(PATIENCE)
    return browser


class Visitor:
    """What a test does in a browser."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser
        resize(browser, 1200, 900)

    def opens(self, address: str | Path, until: str = "picture") -> None:
        """Open a page and wait until it has drawn."""
        text = address.as_uri() if isinstance(address, Path) else address
        self.browser.get("about:blank")
        self.browser.get(text)
        self.waits(f"performance.getEntriesByName('first-{until}').length > 0")

    def runs(self, script: str, *arguments: Any) -> Any:
        """The value of a script's `return`."""
        return self.browser.execute_script(script, *arguments)

    def awaits(self, script: str, *arguments: Any) -> Any:
        """The value of the body of an asynchronous function with `args`."""
        text = (
            "const done = arguments[arguments.length - 1], args = [...arguments];"
            f"(async () => {{ {script} }})().then((value) => done({{ value }}), "
            "(error) => done({ error: String(error) }));"
        )
        answer = self.browser.execute_async_script(text, *arguments)
        assert "error" not in answer, answer
        return answer.get("value")

    def waits(self, condition: str) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + PATIENCE
        while not self.runs(f"return {condition}"):
            notice = self.runs("return document.getElementById('notice')?.textContent")
            assert not notice, notice
            assert time.monotonic() < end, f"{condition} never came true"
            time.sleep(0.05)

    def does(self, action: str, what: str = "picture") -> None:
        """Run a script, and wait until what it changes is drawn."""
        self.awaits(
            "const drawn = new Promise((resolve) => document.addEventListener('ganzoo:drawn', "
            f"(event) => event.detail === '{what}' && resolve()));"
            f"{action}; await drawn;"
        )

    def sets(self, field: str, value: object, what: str = "picture", event: str = "input") -> None:
        """Fill in a field or drag a slider, and wait until what it changes is drawn."""
        self.does(
            f"const it = document.getElementById({field!r}); it.value = {value!r};"
            f"it.dispatchEvent(new Event({event!r}))",
            what,
        )

    def pixels(self, selector: str) -> np.ndarray:
        """The colours of the canvases that a selector finds: uint8 [N, H, W, 4]."""
        found = self.runs(
            "return [...document.querySelectorAll(arguments[0])].map((canvas) => {"
            "const { width, height } = canvas, context = canvas.getContext('2d');"
            "const { data } = context.getImageData(0, 0, width, height);"
            "let text = ''; for (const byte of data) text += String.fromCharCode(byte);"
            "return [height, width, btoa(text)]; })",
            selector,
        )
        arrays = [np.frombuffer(base64.b64decode(text), np.uint8) for _, _, text in found]
        return np.stack([a.reshape(h, w, 4) for a, (h, w, _) in zip(arrays, found, strict=True)])

    def complaints(self) -> list[str]:
        """What the browser's console holds since the last call, but for what these tests cause."""
        messages = [entry["message"] for entry in self.browser.get_log("browser")]
        return [text for text in messages if "willReadFrequently" not in text]

    def asked_for(self) -> list[str]:
        """The addresses of everything that the page has loaded."""
        return self.runs("return performance.getEntriesByType('resource').map((one) => one.name)")


def resize(browser: Any, width: int, height: int) -> None:
    """Set the size of the page."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
