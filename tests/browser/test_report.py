"""report.html in Chromium: opened, clicked through and photographed.

usage: test_report.py MAKE_PAGE REPORT_TEST FOLDER AXE

REPORT_TEST writes the whole pages of the golden situations; AXE is axe-core's axe.min.js, left out
where the file is missing.

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
        message: dict[str, Any] = {
            "id": self._number,
            "method": method,
            "params": params,
        }
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
            "Runtime.evaluate",
            expression=expression,
            returnByValue=True,
            awaitPromise=True,
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

    def open(self, page: Path, part: str = "detail") -> None:
        """`part`: the id of what only that page has."""
        self.events.clear()
        self.call("Page.navigate", url=page.as_uri())
        self.wait(f"document.readyState === 'complete' && !!document.getElementById('{part}')")

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
        known = {"Tab": (9, ""), "Enter": (13, "\r")}
        number, text = known.get(name, (0, ""))
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=name,
                code=name,
                windowsVirtualKeyCode=number,
                text=text if kind == "keyDown" else "",
            )

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
            if method in (
                "Runtime.consoleAPICalled",
                "Runtime.exceptionThrown",
                "Log.entryAdded",
            ):
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
    check(
        f"nothing hostile ran ({where})",
        browser.run("window.hacked === undefined"),
        True,
    )
    check(f"no console message, no request ({where})", browser.complaints(), [])


COUNT = "document.getElementById('f-count').textContent"
OPTIONS = "document.querySelectorAll('#list [role=option][data-at]').length"


def click_through(browser: Browser, folder: Path) -> None:
    check(
        "charts drawn",
        browser.run("document.querySelectorAll('#forest-chart .row').length"),
        8,
    )
    check(
        "bars drawn",
        browser.run("document.querySelectorAll('#speed-chart .bar').length"),
        9,
    )
    # Three looks were taken, and of the 8 pairs of a schedule the rest are to come.
    check(
        "looks drawn",
        browser.run("document.querySelectorAll('#looks-plot-chart .look').length"),
        3,
    )
    check(
        "looks to come drawn",
        browser.run("document.querySelectorAll('#looks-plot-chart .coming').length"),
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
    check(
        "opened",
        browser.run("document.querySelector('[aria-selected=true]').id"),
        "item3",
    )
    check(
        "three outputs",
        browser.run("document.querySelectorAll('#detail pre').length"),
        3,
    )
    hostile = "#detail script, #detail img, #detail svg, #detail iframe"
    check(
        "hostile text is text",
        browser.run(f"document.querySelectorAll('{hostile}').length"),
        0,
    )
    browser.run("document.getElementById('list').focus()")
    browser.key("ArrowDown")
    check(
        "next by key",
        browser.run("document.querySelector('[aria-selected=true]').id"),
        "item4",
    )
    browser.key("End")
    browser.key("Home")
    check(
        "first by key",
        browser.run("document.querySelector('[aria-selected=true]').id"),
        "item0",
    )
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
    check(
        "Chinese heading",
        browser.run("document.querySelector('#verdict h2').innerText"),
        "结论",
    )
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
        "English again",
        browser.run("document.querySelector('#verdict h2').innerText"),
        "Verdict",
    )
    browser.choose("#f-text", "item 6000:")
    browser.wait(COUNT + ".startsWith('1 of')")
    for i in range(25):  # every text of the corpus, opened
        browser.choose("#f-text", f"item {i}:")
        browser.wait(f"document.querySelector('#detail').textContent.includes('item {i}:')")
    sound(browser, "corpus opened")
    browser.call("Emulation.setEmulatedMedia", media="print")
    shown = browser.run("getComputedStyle(document.getElementById('items')).display")
    check("print leaves the browser of items out", shown, "none")
    pdf = base64.b64decode(browser.call("Page.printToPDF")["data"])
    (folder / "print.pdf").write_bytes(pdf)
    check("prints", pdf[:5], b"%PDF-")
    browser.call("Emulation.setEmulatedMedia", media="")
    sound(browser, "print")


# What each card of the first screen must hold, by its data-part.
PARTS = ("verdict", "action", "interval", "margin", "fidelity", "gain", "flags")
FIRST_SCREEN = """(() => {
  scrollTo(0, 0);
  const seen = e => {
    if (!e || !e.innerText.trim()) return 'missing';
    const box = e.getBoundingClientRect();
    return box.width > 0 && box.top >= 0 && box.bottom <= 900 && box.right <= innerWidth
      ? 'seen' : 'at ' + Math.round(box.bottom);
  };
  const cards = [...document.querySelectorAll('.card')].map(card => Object.fromEntries(
    %s.map(part => [part, seen(card.querySelector('[data-part=' + part + ']'))])));
  const run = document.querySelector('[data-part=run]');
  return {cards, run: seen(run), says: run.innerText};
})()""".replace("%s", json.dumps(PARTS))


def golden_pages(report_test: str, folder: Path) -> list[Path]:
    pages = folder / "golden"
    shutil.rmtree(pages, ignore_errors=True)
    pages.mkdir()
    subprocess.run(
        [report_test, "--gtest_filter=Situations/Golden.*"],
        env={**os.environ, "ASSAY_GOLDEN_PAGES": str(pages)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return sorted(pages.iterdir())


def first_screens(browser: Browser, pages: list[Path]) -> None:
    """The first 900 pixels say what to do, how sure that is, and when and where it was measured."""
    check("golden situations", len(pages), 28)
    browser.screen(1200, 900)
    in_chinese = ("one_worse.zh.html", "inconclusive.zh.html", "invalid.zh.html")
    for page in pages:
        if page.name.endswith(".zh.html") and page.name not in in_chinese:
            continue
        browser.open(page)
        found = browser.run(FIRST_SCREEN)
        missing = [
            f"card {number}: {part} {where}"
            for number, card in enumerate(found["cards"])
            for part, where in card.items()
            if where != "seen"
        ]
        check(f"on the first screen of {page.name}", (missing, found["run"]), ([], "seen"))
        check(f"a card of {page.name}", len(found["cards"]) > 0, True)
        told = "NVIDIA H200" if "no_baseline_samples" not in page.name else "机器|machine"
        begun = (
            "2026-01-01 09:00 UTC" if page.name.startswith("decided") else "1970-01-01 00:16 UTC"
        )
        day = found["says"].startswith(begun)
        check(
            f"date and GPU of {page.name}",
            (day, says(told, found["says"])),
            (True, True),
        )
        check(f"no complaint of {page.name}", browser.complaints(), [])


def says(words: str, text: str) -> bool:
    return any(word in text for word in words.split("|"))


def photographs(browser: Browser, pages: list[Path], folder: Path) -> None:
    for page in pages:
        name = page.name.removesuffix(".html")
        if name.split(".")[0] not in ("one_worse", "inconclusive", "decided"):
            continue
        for size, (width, height) in {
            "desktop": (1200, 900),
            "phone": (390, 844),
        }.items():
            browser.screen(width, height)
            browser.open(page)
            for theme in ("light", "dark"):
                browser.run(f"document.documentElement.dataset.theme = '{theme}'")
                browser.photograph(folder / f"{name}.{size}.{theme}.png")
            wide = browser.run("document.documentElement.scrollWidth")
            check(f"{name} need not scroll sideways ({size})", wide <= width, True)
        browser.screen(794, 1123)  # a sheet of A4 at 96 pixels an inch
        browser.call("Emulation.setEmulatedMedia", media="print")
        browser.photograph(folder / f"{name}.print.png")
        browser.call("Emulation.setEmulatedMedia", media="")


def accessible(
    browser: Browser, pages: list[Path], axe: Path, part: str = "detail"
) -> None:
    """No finding of axe-core that is serious or worse, in either theme."""
    if not axe.exists():
        print(f"left out: axe-core is not in {axe.parent} (tools/setup --test, with npm)")
        return
    source = axe.read_text()
    for page in pages:
        browser.screen(1200, 900)
        browser.open(page, part)
        browser.run(source + ";0")
        for theme in ("light", "dark"):
            browser.run(f"document.documentElement.dataset.theme = '{theme}'")
            found = browser.run(
                "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations"
                ".filter(v => v.impact === 'serious' || v.impact === 'critical')"
                ".map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 120))))"
            )
            check(f"axe-core on {page.name}, {theme}", found, [])


FOCUS = "document.activeElement"


SEEN = "[...document.querySelectorAll('h2, figcaption')].map(e => e.innerText)"


def history(browser: Browser, page: Path, folder: Path, axe: Path) -> None:
    """The page of assay history: three runs of two variants."""
    browser.screen(1200, 900)
    browser.open(page, "language")
    sound(browser, "history")
    for part, count in {"figure svg": 4, "svg .interval": 12, "svg .point": 12, "tbody tr": 6}.items():
        found = browser.run(f"document.querySelectorAll('main {part}').length")
        check(f"{part} of the history", found, count)
    check("its title", browser.run("document.querySelector('h1').textContent")[:7], "hostile")
    english = browser.run(SEEN)
    check("it is in English", "Difference to the baseline in points" in english[1], True)
    browser.photograph(folder / "history.light.png")
    browser.click("#language")
    check("and in Chinese", "与基线的差值（百分点）" in browser.run(SEEN)[1], True)
    check("nothing of it is lost", len(browser.run(SEEN)), len(english))
    browser.screen(390, 844)
    wide = browser.run("document.documentElement.scrollWidth")
    check("a phone need not scroll the history sideways", wide <= 390, True)
    browser.photograph(folder / "history.phone.png")
    sound(browser, "history in Chinese")
    accessible(browser, [page], axe, "language")


def keyboard(browser: Browser, page: Path) -> None:
    browser.screen(1200, 900)
    browser.open(page)
    browser.key("Tab")
    check("the first stop skips to the verdict", browser.run(FOCUS + ".className"), "skip")
    for stop in ("language", "theme"):
        browser.key("Tab")
        check(f"then {stop}", browser.run(FOCUS + ".id"), stop)
    browser.run("document.querySelector('#differences .sort').focus()")
    first = "document.querySelector('#differences tbody tr').innerText.split('\\t')"
    browser.key("Enter")
    sort = "document.querySelector('#differences thead th').getAttribute('aria-sort')"
    check("a head sorts by Enter", browser.run(sort), "ascending")
    check("by words", browser.run(first)[0], "Task code")
    browser.run("document.querySelectorAll('#differences .sort')[2].focus()")
    browser.key("Enter")
    check("by numbers", browser.run(first)[2], "-60.0 [-75.3, -42.1]")
    browser.key("Enter")
    check("the other way", browser.run(first)[2], "+0.0 [-11.2, +11.2]")
    browser.key("Enter")
    check("and back", browser.run(first)[:2], ["Task math", "fp8"])
    browser.run("document.querySelector('#differences td a').focus()")
    browser.key("Enter")
    browser.wait(COUNT + ".startsWith('24 of')")
    check(
        "a number of flips leads to its items",
        browser.run(COUNT + " + ' ' + document.querySelector('#f-wrong').value"),
        "24 of 80 2",
    )
    browser.run("document.querySelector('#detail summary').focus()")
    open_first = "document.querySelector('#detail details').open"
    check("the question is open", browser.run(open_first), True)
    browser.key("Enter")
    check("and folds by Enter", browser.run(open_first), False)
    check("no complaint", browser.complaints(), [])


def links(browser: Browser) -> None:
    """Deep links, questions, prompts and thoughts, with hostile names."""
    name = "document.querySelector('#detail h3').textContent"
    number = 4000
    identity = browser.run(
        f"JSON.parse(document.getElementById('index').textContent).items[{number}][1]"
    )
    browser.run(f"location.hash = '#item=task1/' + encodeURIComponent({json.dumps(identity)})")
    browser.wait(f"{name}.includes({json.dumps(identity)})")
    check("a link opens its item", browser.run(FOCUS + ".id"), "list")
    question = "document.querySelector('#detail .asked').textContent"
    check("its question", browser.run(question).startswith(f"Question {number}: "), True)
    browser.run("document.querySelectorAll('#detail details')[1].open = true")
    browser.wait("!!document.querySelectorAll('#detail details')[1].querySelector('pre')")
    prompt = browser.run(
        "document.querySelectorAll('#detail details')[1].querySelector('pre').textContent"
    )
    start = "<|user|>" + "x" * 800 + "你 Question "
    check("its prompt", prompt.startswith(start + f"{number}: "), True)
    browser.run("location.hash = '#items?task=task0&right=bf16&wrong=nvfp4'")
    expected = sum(1 for i in range(0, ITEMS, 30) if i % 97 != 5)
    browser.wait(COUNT + f".startsWith('{expected} of')")
    check("right in one, wrong in another", browser.run(COUNT), f"{expected} of {ITEMS}")
    why = "[...document.querySelectorAll('#detail .why')].map(e => e.textContent)"
    check(
        "why it scored so",
        browser.run(why)[0].startswith("why: line 3 differs: "),
        True,
    )
    browser.run("location.hash = '#items?flag=truncated'")
    browser.wait(COUNT + f".startsWith('{ITEMS // 50} of')")
    browser.run("location.hash = '#items?task=task2'")
    browser.wait(COUNT + f".startsWith('{ITEMS // 3} of')")
    check(
        "a question that may not be shown",
        browser.run("!document.querySelector('#detail .asked')"),
        True,
    )
    browser.run("location.hash = '#items?task=task1'")
    browser.wait("!!document.querySelector('#detail summary')")
    folded = (
        "[...document.querySelectorAll('#detail .cols details')]"
        ".map(d => [d.open, d.innerText.slice(0, 8)])"
    )
    check("thoughts are folded", browser.run(folded)[0], [False, "thoughts"])
    browser.run("location.hash = '#item=%E0%A4%A/none'")  # no UTF-8
    sound(browser, "links")
    browser.run("location.hash = ''")
    browser.run(
        "for (const id of ['f-task', 'f-right', 'f-wrong', 'f-flag'])"
        " document.getElementById(id).value = ''"
    )
    browser.choose("#f-kind", "all")


def pace(browser: Browser, page: Path) -> None:
    """How soon the page is there and how long a filter takes: told, not tested."""
    browser.open(page)
    paint = browser.run(
        "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1"
    )
    took = browser.run(
        """(() => {
          const times = {};
          for (const [id, value] of [['f-kind', 'wrong'], ['f-kind', 'all'], ['f-flag', '0'],
                                     ['f-flag', ''], ['f-wrong', '2'], ['f-wrong', '']]) {
            const select = document.getElementById(id), start = performance.now();
            select.value = value;
            select.dispatchEvent(new Event('input', {bubbles: true}));
            document.body.offsetHeight;
            times[id + '=' + value] = Math.round(performance.now() - start);
          }
          return times;
        })()"""
    )
    print(
        f"{page.stat().st_size / 1e6:.0f} MB: first paint after {paint:.0f} ms; filters, ms: {took}"
    )


def main(make_page: str, report_test: str, folder: Path, axe: Path) -> int:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        print("no chromium here: skipped")
        return 77
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    page, chinese = folder / "report.html", folder / "report.zh.html"
    subprocess.run([make_page, str(page), str(ITEMS)], check=True)
    subprocess.run([make_page, str(chinese), "50", "zh"], check=True)
    moved = folder / "history.html"
    subprocess.run([make_page, str(moved), "history"], check=True)
    golden = golden_pages(report_test, folder)
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
            pace(browser, page)
            links(browser)
            click_through(browser, folder)
            switch(browser, folder)
            browser.open(chinese)
            check(
                "opens in Chinese",
                browser.run("document.querySelector('#flags h2').innerText"),
                "测量可靠吗\uff1f",
            )
            sound(browser, "Chinese page")
            browser.screen(390, 844)
            for part in ("verdict", "charts", "items"):
                browser.run(f"document.getElementById('{part}').scrollIntoView()")
                browser.photograph(folder / f"phone_{part}.png")
            wide = browser.run("document.documentElement.scrollWidth")
            check("a phone need not scroll sideways", wide <= 390, True)
            first_screens(browser, golden)
            photographs(browser, golden, folder)
            named = {page.name: page for page in golden}
            keyboard(browser, named["one_worse.en.html"])
            looked_at = ("one_worse.en.html", "invalid.zh.html", "decided.en.html")
            accessible(browser, [*(named[name] for name in looked_at), chinese], axe)
            history(browser, moved, folder, axe)
        finally:
            browser.end()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]).absolute()))
