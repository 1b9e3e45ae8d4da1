"""The built site in Debian's chromium, for the tests that open it: fixtures `site` and `browser`, and their helpers.

Without chromium these tests are skipped, and say so; where CI=true they fail instead. ``TGSH_SITE`` names another site.
"""

import functools
import json
import os
import shutil
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SITE = Path(os.environ.get("TGSH_SITE", ROOT / "_build" / "committed" / "html"))
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars --window-size=1300,1000"
)
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
PROBES = (ROOT / "tests" / "browser.js").read_text()


def cannot(reason):
    """Skip what this machine cannot do; in CI, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must not skip: {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def site():
    """The address of the site, served on this machine only."""
    if not (SITE / "index.html").exists():
        cannot("the committed chapters are not rendered: `make render`")
    handler = functools.partial(SimpleHTTPRequestHandler, directory=SITE)
    handler.func.log_message = lambda *_: None
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        cannot("no chromium: `apt-get install chromium chromium-driver`")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in [*FLAGS.split(), f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    chrome = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    chrome.set_script_timeout(30)
    chrome.get("about:blank")  # its own start page asks for things, too
    yield chrome
    chrome.quit()


def open_page(browser, address):
    """Load a page; return the addresses it asked for, and the errors in its console."""
    browser.get("about:blank")  # the page before may still be asking for its own
    browser.get_log("performance"), browser.get_log("browser")
    browser.get(address)
    browser.execute_async_script(PROBES + "settle(arguments[0])")
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    errors = [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    return asked, errors


def probe(browser, call, *arguments):
    """What a function of tests/browser.js says of the open page."""
    return browser.execute_script(f"{PROBES} return {call}", *arguments)


def at_rest(browser):
    """Wait until the open page has been laid out anew and nothing in it moves or fades any more."""
    browser.execute_async_script(PROBES + "atRest(arguments[0])")


BLOCKED = 50  # ms that nothing may hold the main thread of a page for
WATCH = """
window.watch?.disconnect();
window.tasks = [];
window.watch = new PerformanceObserver((list) => tasks.push(...list.getEntries()));
watch.observe({ type: "longtask" });
"""
LONGEST = "return Math.max(0, ...[...tasks, ...watch.takeRecords()].map((task) => task.duration))"


def longest_task(browser, act):
    """Time in ms that the main thread of the open page computed without a break while ``act()`` ran, at the longest.

    The Long Tasks API tells how long a task took, from 50 ms; a shorter one counts as 0. Where other programs hold the
    processors, a task waits, too: what it took is multiplied by the share of the time of all tasks that they computed.
    """
    browser.execute_cdp_cmd("Performance.enable", {})

    def spent():
        values = browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        return {value["name"]: value["value"] for value in values}

    browser.execute_script(WATCH)
    before = spent()
    act()
    after = spent()
    computed, taken = (after[name] - before[name] for name in ("ThreadTime", "TaskDuration"))
    return browser.execute_script(LONGEST) * min(1, computed / taken)


def stays_free(browser, act, prepare=lambda: None, tries=3):
    """Assert that ``act()`` does not block the page; of a few tries, each after ``prepare()``, the best one counts."""
    found = []
    while len(found) < tries and (not found or found[-1] > BLOCKED):
        prepare()
        found.append(longest_task(browser, act))
    assert found[-1] <= BLOCKED, found
