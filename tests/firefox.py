"""Firefox, driven by WebDriver BiDi, which it speaks itself: a fixture `firefox` with one open tab.

Without Firefox its tests are skipped, and say so; where CI=true they fail instead.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import time

import pytest
from pages import cannot

PROFILE = """
user_pref("app.normandy.enabled", false);
user_pref("app.update.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
"""
EVENTS = ["log.entryAdded", "network.beforeRequestSent"]
WAIT = 60  # seconds without an answer


class Firefox:
    """A tab: loads pages, runs scripts, moves the mouse, and keeps what the page asked for and complained of."""

    def __init__(self, address):
        from websocket import create_connection

        self._socket = create_connection(f"{address}/session", timeout=WAIT, suppress_origin=True)
        self._count, self.asked, self.errors = 0, [], []
        self.tell("session.new", capabilities={})
        self.tell("session.subscribe", events=EVENTS)
        self.tab = self.tell("browsingContext.getTree")["contexts"][0]["context"]

    def close(self):
        self._socket.close()

    def tell(self, method, **parameters):
        """Send a command; return its result."""
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv())
            if answer["type"] == "event":
                self._note(answer["method"], answer["params"])
            elif answer["id"] == self._count:
                if answer["type"] == "error":
                    raise AssertionError(f"{method}: {answer['message']}")
                return answer["result"]

    def _note(self, event, content):
        if event == "network.beforeRequestSent":
            self.asked.append(content["request"]["url"])
        elif content["level"] == "error":
            self.errors.append(content["text"])

    def open(self, address):
        """Load a page, and forget what the one before asked for."""
        self.tell("browsingContext.navigate", context=self.tab, url="about:blank", wait="complete")
        self.asked, self.errors = [], []
        self.tell("browsingContext.navigate", context=self.tab, url=address, wait="complete")

    def run(self, body, *arguments):
        """Run the body of an asynchronous function; return what it returns."""
        call = (
            f"(async (...arguments_) => JSON.stringify(await (async function () {{ {body} }}).apply(null, arguments_)))"
        )
        expression = f"{call}(...{json.dumps(arguments)})"
        said = self.tell("script.evaluate", expression=expression, target={"context": self.tab}, awaitPromise=True)
        if said["type"] == "exception":
            raise AssertionError(said["exceptionDetails"]["text"])
        return json.loads(said["result"].get("value", "null"))

    def until(self, condition):
        """Wait until a JavaScript expression is true."""
        end = time.monotonic() + WAIT
        while not self.run(f"return !!({condition})"):
            assert time.monotonic() < end, f"{condition}: {self.run('return document.body.innerText')[:500]}"
            time.sleep(0.05)

    def stroke(self, selector, points):
        """Press the mouse on an element, move it through points (0 to 1 across the element), and let go."""
        self.run("document.querySelector(arguments[0]).scrollIntoView({ block: 'center' })", selector)
        box = "const { x, y, width, height } = document.querySelector(arguments[0]).getBoundingClientRect();"
        x, y, width, height = self.run(f"{box} return [x, y, width, height]", selector)
        places = [(round(x + across * width), round(y + down * height)) for across, down in points]
        moves = [{"type": "pointerMove", "x": left, "y": top, "duration": 2} for left, top in places]
        acts = [moves[0], {"type": "pointerDown", "button": 0}, *moves[1:], {"type": "pointerUp", "button": 0}]
        source = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": acts}
        self.tell("input.performActions", context=self.tab, actions=[source])


@pytest.fixture(scope="module")
def firefox(tmp_path_factory):
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if not program:
        cannot("no firefox: `apt-get install firefox-esr`")
    folder = tmp_path_factory.mktemp("firefox")
    (folder / "user.js").write_text(PROFILE)
    command = [program, "--headless", "--no-remote", "--remote-debugging-port", "0", "--profile", str(folder)]
    home, log = os.environ | {"HOME": str(folder)}, folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=home, start_new_session=True)
    try:
        end = time.monotonic() + WAIT
        while not (found := re.search(r"WebDriver BiDi listening on (ws://\S+)", log.read_text())):
            assert time.monotonic() < end, log.read_text()
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        tab = Firefox(found[1])
        yield tab
        tab.close()
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=WAIT)
