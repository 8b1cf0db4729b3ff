"""report.html in Chromium: opened, clicked through and photographed.

usage: test_report.py MAKE_PAGE FOLDER

Speaks Chromium's DevTools protocol over two pipes, so it needs no package and no port. Fails on a
console message, an exception, a request to anywhere, or a script of the hostile texts that ran.
Exit status 77: there is no Chromium.
"""

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ITEMS = 12_000


class Browser:
    """One headless Chromium with one page."""

    def __init__(self, program: str, profile: str) -> None:
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()

        def pipes() -> None:  # the protocol wants descriptors 3 and 4
            first, second = os.dup(to_browser), os.dup(from_browser)
            os.dup2(first, 3)
            os.dup2(second, 4)

        self._process = subprocess.Popen(
            [
                program,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--remote-debugging-pipe",
                f"--user-data-dir={profile}",
                "about:blank",
            ],
            preexec_fn=pipes,
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._buffer = b""
        self._number = 0
        self._session = ""
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")

    def _receive(self, timeout_s: float) -> dict[str, Any]:
        end = time.monotonic() + timeout_s
        while b"\0" not in self._buffer:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._in], [], [], left)[0]:
                raise TimeoutError("Chromium did not answer")
            got = os.read(self._in, 1 << 20)
            if not got:
                raise ConnectionError("Chromium ended")
            self._buffer += got
        line, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(line)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._out, data) :]
        while True:
            answer = self._receive(60)
            if answer.get("id") != self._number:
                self.events.append(answer)
                continue
            if "error" in answer:
                raise RuntimeError(f"{method}: {answer['error']}")
            return answer["result"]

    def run(self, expression: str) -> Any:
        """The value of an expression in the page."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, expression: str) -> None:
        for _ in range(600):
            if self.run(expression):
                return
            time.sleep(0.05)
        raise TimeoutError(expression)

    def open(self, page: Path) -> None:
        self.events.clear()
        self.call("Page.navigate", url=page.as_uri())
        self.wait("document.readyState === 'complete' && !!document.getElementById('item0')")

    def click(self, selector: str) -> None:
        """A real mouse click in the middle of an element."""
        box = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call(
                "Input.dispatchMouseEvent",
                type=kind,
                x=box[0],
                y=box[1],
                button="left",
                clickCount=1,
            )

    def key(self, name: str) -> None:
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name)

    def choose(self, selector: str, value: str) -> None:
        self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            f" e.value = {json.dumps(value)};"
            " e.dispatchEvent(new Event('input', {bubbles: true})); })()"
        )

    def screen(self, width: int, height: int) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )

    def photograph(self, file: Path) -> None:
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=False)
        file.write_bytes(base64.b64decode(shot["data"]))

    def complaints(self) -> list[str]:
        """Console messages, exceptions, log entries and requests beside the page itself."""
        self.run("0")
        out = []
        for event in self.events:
            method, params = event.get("method", ""), event.get("params", {})
            if method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
                out.append(f"{method}: {json.dumps(params)[:300]}")
            elif method == "Network.requestWillBeSent":
                url = params["request"]["url"]
                if params.get("type") != "Document" and not url.startswith("data:"):
                    out.append("request: " + url)
            elif method in ("Page.javascriptDialogOpening", "Target.targetCreated"):
                out.append(method)
        return out

    def end(self) -> None:
        with contextlib.suppress(Exception):
            self.call("Browser.close")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()


def check(what: str, found: Any, expected: Any) -> None:
    if found != expected:
        raise AssertionError(f"{what}: {found!r}, expected {expected!r}")
    print("ok", what)


def sound(browser: Browser, where: str) -> None:
    check(f"nothing hostile ran ({where})", browser.run("window.hacked === undefined"), True)
    check(f"no console message, no request ({where})", browser.complaints(), [])


COUNT = "document.getElementById('f-count').textContent"
OPTIONS = "document.querySelectorAll('#list [role=option][data-at]').length"


def click_through(browser: Browser, folder: Path) -> None:
    check("charts drawn", browser.run("document.querySelectorAll('#forest-chart .row').length"), 8)
    check("bars drawn", browser.run("document.querySelectorAll('#speed-chart .bar').length"), 9)
    # Three looks were taken, and of the 8 pairs of a schedule the rest are to come.
    check("looks drawn", browser.run("document.querySelectorAll('#looks-chart .look').length"), 3)
    check(
        "looks to come drawn",
        browser.run("document.querySelectorAll('#looks-chart .coming').length"),
        13,
    )
    check("all items", browser.run(COUNT), f"{ITEMS} of {ITEMS}")
    check("a page of them", browser.run(OPTIONS), 300)
    check(
        "every button has a name",
        browser.run(
            "[...document.querySelectorAll('button, select, input')]"
            ".every(e => e.textContent.trim() || e.labels?.length)"
        ),
        True,
    )
    browser.photograph(folder / "light.png")
    browser.choose("#f-kind", "wrong")
    check("flips to wrong", browser.run(COUNT + ".split(' ')[0]"), str(expected_flips()))
    check("no flips to right", flips_to_right(browser), "0")
    browser.choose("#f-kind", "flips")
    browser.click("#item3")
    check("opened", browser.run("document.querySelector('[aria-selected=true]').id"), "item3")
    check("three outputs", browser.run("document.querySelectorAll('#detail pre').length"), 3)
    hostile = "#detail script, #detail img, #detail svg, #detail iframe"
    check("hostile text is text", browser.run(f"document.querySelectorAll('{hostile}').length"), 0)
    browser.run("document.getElementById('list').focus()")
    browser.key("ArrowDown")
    check("next by key", browser.run("document.querySelector('[aria-selected=true]').id"), "item4")
    browser.key("End")
    browser.key("Home")
    check("first by key", browser.run("document.querySelector('[aria-selected=true]').id"), "item0")
    check(
        "divergence marked",
        browser.run("document.querySelector('#detail mark').textContent"),
        "\U0001f600",
    )
    browser.photograph(folder / "item.png")
    sound(browser, "items")


def flips_to_right(browser: Browser) -> str:
    browser.choose("#f-kind", "right")
    return browser.run(COUNT + ".split(' ')[0]")


def expected_flips() -> int:
    return sum(1 for i in range(0, ITEMS, 10) if i % 97 != 5)


def switch(browser: Browser, folder: Path) -> None:
    browser.choose("#f-kind", "all")
    browser.run("scrollTo(0, 0)")
    browser.click("#language")
    check("Chinese", browser.run("document.documentElement.lang"), "zh")
    check("Chinese heading", browser.run("document.querySelector('#verdict h2').innerText"), "结论")
    check(
        "Chinese options",
        browser.run("document.querySelector('#f-kind option').textContent"),
        "所有题",
    )
    browser.photograph(folder / "chinese.png")
    before = browser.run("getComputedStyle(document.body).backgroundColor")
    browser.click("#theme")
    after = browser.run("getComputedStyle(document.body).backgroundColor")
    check("another theme", before != after, True)
    browser.photograph(folder / "dark.png")
    browser.click("#language")
    check(
        "English again", browser.run("document.querySelector('#verdict h2').innerText"), "Verdict"
    )
    browser.choose("#f-text", "item 6000:")
    browser.wait(COUNT + ".startsWith('1 of')")
    for i in range(25):  # every text of the corpus, opened
        browser.choose("#f-text", f"item {i}:")
        browser.wait(f"document.querySelector('#detail pre')?.textContent.includes('item {i}:')")
    sound(browser, "corpus opened")
    browser.call("Emulation.setEmulatedMedia", media="print")
    shown = browser.run("getComputedStyle(document.getElementById('items')).display")
    check("print leaves the browser of items out", shown, "none")
    pdf = base64.b64decode(browser.call("Page.printToPDF")["data"])
    (folder / "print.pdf").write_bytes(pdf)
    check("prints", pdf[:5], b"%PDF-")
    browser.call("Emulation.setEmulatedMedia", media="")
    sound(browser, "print")


def main(make_page: str, folder: Path) -> int:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        print("no chromium here: skipped")
        return 77
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    page, chinese = folder / "report.html", folder / "report.zh.html"
    subprocess.run([make_page, str(page), str(ITEMS)], check=True)
    subprocess.run([make_page, str(chinese), "50", "zh"], check=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(program, profile)
        try:
            browser.screen(1200, 1000)
            browser.open(page)
            timing = browser.run(
                "(t => [t.domInteractive, t.loadEventEnd])"
                "(performance.getEntriesByType('navigation')[0])"
            )
            print(
                f"{page.stat().st_size / 1e6:.0f} MB, interactive after {timing[0]:.0f} ms, "
                f"loaded after {timing[1]:.0f} ms"
            )
            sound(browser, "opened")
            click_through(browser, folder)
            switch(browser, folder)
            browser.open(chinese)
            check(
                "opens in Chinese",
                browser.run("document.querySelector('#flags h2').innerText"),
                "测量可靠吗?",
            )
            sound(browser, "Chinese page")
            browser.screen(390, 844)
            for part in ("verdict", "forest", "items"):
                browser.run(f"document.getElementById('{part}').scrollIntoView()")
                browser.photograph(folder / f"phone_{part}.png")
            wide = browser.run("document.documentElement.scrollWidth")
            check("a phone need not scroll sideways", wide <= 390, True)
        finally:
            browser.end()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
