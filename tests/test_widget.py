"""The widgets of a notebook: what goes to the page and comes from it, and their module in a browser."""

import base64
import re
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from pages import ROOT, browser
from safetensors.numpy import save

from tgsh.benchmarks import InterpolatedRotation, ShiftMNIST, interpolated_rotations
from tgsh.datasets import load
from tgsh.errors import DataError, ParameterError, TgshError
from tgsh.extensions import fit_task_memory
from tgsh.live import Lab, Pad, live_network, live_tensors
from tgsh.networks import FlyNet
from tgsh.training import Recipe, train_stream

__all__ = ["browser"]  # a fixture


@pytest.fixture(scope="module")
def given():
    """A small network that has been trained, its tasks, and the Gaussians."""
    stream = interpolated_rotations(load("digits", 300, 100), [0, 90, 180, 270])
    net = FlyNet(4, 2, seed=1)
    train_stream(net, stream, Recipe(epochs=3), progress=False)
    return net, stream, fit_task_memory(net, stream)


@pytest.fixture
def lab(given):
    return Lab(*given)


def test_measuring_needs_no_anywidget():
    program = "import sys, tgsh, tgsh.live; print('anywidget' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_no_other_name_is_a_widget():
    import tgsh.live

    with pytest.raises(AttributeError, match="no attribute 'Piano'"):
        tgsh.live.Piano  # noqa: B018


# Python


def test_an_image_goes_to_the_page_and_back():
    pad = Pad()
    assert pad.image.shape == (28, 28)
    assert not pad.image.any()
    image = np.random.default_rng(0).random((28, 28))
    for given in (image, torch.tensor(image), image.astype(np.float32)):
        pad.image = given
        assert np.abs(pad.image - image).max() <= 0.5 / 255 + 1e-6
    pad.image = load("digits").test_images[3]
    assert np.array_equal(255 * pad.image, load("digits").test_images[3].numpy())
    pad.set_state({"drawing": memoryview(bytes(range(196)) * 4)})  # as from a page
    assert np.allclose(255 * pad.image.flatten()[:196], np.arange(196))
    FlyNet(1, 1).inputs(torch.from_numpy(pad.image)[None])


@pytest.mark.parametrize(
    ("image", "match"),
    [
        (np.zeros((27, 28)), r"shape \(28, 28\); got \(27, 28\)"),
        (np.zeros(784), r"shape \(28, 28\)"),
        (np.full((28, 28), np.nan), "finite"),
        (np.full((28, 28), 255.0), r"\[0, 1\]"),
        (np.full((28, 28), 256), "0 to 255"),
    ],
)
def test_what_is_no_image_is_refused_and_the_one_before_stays(image, match):
    pad = Pad()
    pad.image = before = np.eye(28)
    with pytest.raises(ParameterError, match=match):
        pad.image = image
    assert np.array_equal(pad.image, before)


def test_the_page_cannot_send_another_drawing():
    pad = Pad()
    pad.image = before = np.eye(28)
    with pytest.raises(DataError, match="784 bytes; the page has sent 3"):
        pad.set_state({"drawing": memoryview(b"abc")})
    assert np.array_equal(pad.image, before)


def test_contexts_come_from_the_page_and_fit_the_network(lab, given):
    assert lab.network.n_hidden == given[0].n_hidden
    with pytest.raises(TgshError, match="press Train"):
        lab.context  # noqa: B018
    contexts = np.random.default_rng(0).normal(size=(2, 784)).astype(np.float32)
    lab.set_state({"trained": memoryview(save({"context_0": contexts[0], "context_1": contexts[1]}))})
    assert np.array_equal(lab.contexts, contexts)
    net = lab.network
    assert net.n_hidden == 784
    net.set_context(1, lab.context)
    assert torch.equal(net.context_vector(1), lab.context)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"no tensors", "no contexts"),
        (save({"weights": np.zeros(784, np.float32)}), "no contexts"),
        (save({"context_0": np.full(784, np.inf, np.float32)}), "finite"),
        (save({"context_0": np.zeros(784)}), "single precision"),
        (save({"context_0": np.zeros(100, np.float32)}), "784 times a whole number; the page has sent 100"),
        (save({"context_0": np.zeros(7840, np.float32)}), "up to 1568 numbers"),
    ],
)
def test_the_page_cannot_send_other_contexts(lab, content, match):
    with pytest.raises(DataError, match=match):
        lab.set_state({"trained": memoryview(content)})
    assert lab.trained == b""


def test_what_the_page_cannot_turn_is_refused(given):
    data = load("digits", 300, 100)
    net, memory = given[0], given[2]
    for stream in (ShiftMNIST(data, 4), interpolated_rotations(data, [0, 10, 20, 30])):
        with pytest.raises(ParameterError, match="equal steps of a full turn"):
            Lab(net, stream, memory)


def test_another_network_takes_the_place_of_the_first(lab, given):
    other = FlyNet(4, 1, seed=5)
    lab.set_state({"trained": memoryview(save({"context_0": np.zeros(1568, np.float32)}))})
    lab.put(other, given[1])
    assert torch.equal(lab.network.pixels, other.pixels)
    assert lab.trained == b""  # the contexts were those of the network before


def blocks(page, heading):
    """Python blocks of a section of a page."""
    text = (ROOT / "book" / f"{page}.md").read_text(encoding="utf-8")
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)


def test_the_examples_of_the_pages_run(given):
    first, second = blocks("live-figure", "In a notebook")
    assert "epochs=5" in first
    names = {}
    exec(first.replace("epochs=5", "epochs=1").replace("Recipe(", "progress=False, recipe=Recipe("), names)
    names["lab"].set_state({"trained": memoryview(save({"context_0": np.ones(784, np.float32)}))})
    exec(second, names)
    assert torch.equal(names["net"].context_vector(2), torch.ones(784))
    assert np.allclose(255 * names["lab"].image, names["stream"].dataset.test_images[0])
    first, second = blocks("your-own", "A digit of your own")
    names = {"torch": torch, "net": given[0]}
    exec(first + second, names)
    assert names["logits"].shape == (1, 10)


# the page

START = """
const [esm, traits, done] = arguments;
const view = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
const state = Object.fromEntries(Object.entries(traits).map(([name, text]) => [name, view(text)]));
const heard = {};
window.model = {
  get: (name) => state[name],
  set: (name, value) => ((state[name] = value), heard[`change:${name}`]?.()),
  save_changes: () => (window.saved = (window.saved ?? 0) + 1),
  on: (event, act) => (heard[event] = act),
  off: (event) => delete heard[event],
};
window.bytes = (name) => [...new Uint8Array(state[name].buffer)];
window.give = (name, text) => model.set(name, view(text));
window.Worker = class extends Worker {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", ({ data }) => data.answer?.outputs && (window.looked = data.answer));
  }
  terminate() {
    window.ended = (window.ended ?? 0) + 1;
    super.terminate();
  }
};
const el = document.body.appendChild(document.createElement("div"));
import(URL.createObjectURL(new Blob([esm], { type: "text/javascript" })))
  .then(({ default: { render } }) => render({ model, el }))
  .then((close) => ((window.close_widget = close), done(null)), (error) => done(error.message));
"""


def encoded(content):
    return base64.b64encode(bytes(content)).decode()


class Page:
    """A widget in an empty page, with a model that stands in for the notebook's."""

    def __init__(self, browser, widget, tmp_path):
        (tmp_path / "empty.html").write_text("<!doctype html><title>empty</title>", encoding="utf-8")
        browser.get((tmp_path / "empty.html").as_uri())
        traits = {
            name: encoded(getattr(widget, name)) for name in widget.keys if isinstance(getattr(widget, name), bytes)
        }
        self.browser, self.widget = browser, widget
        assert browser.execute_async_script(START, widget._esm, traits) is None

    def run(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def wait(self, condition, seconds=60):
        end = time.monotonic() + seconds
        while not (found := self.run(f"return {condition}")):
            assert time.monotonic() < end, self.run("return document.body.innerText")
            time.sleep(0.05)
        return found

    def fetch(self, name):
        """Give the widget what the page has set."""
        self.widget.set_state({name: memoryview(bytes(self.run("return bytes(arguments[0])", name)))})

    def press(self, text):
        self.run("[...document.querySelectorAll('button')].find((b) => b.textContent === arguments[0]).click()", text)


def test_a_drawing_reaches_python_and_an_image_of_python_the_pad(browser, tmp_path):
    pad = Pad()
    page = Page(browser, pad, tmp_path)
    page.fetch("drawing")
    assert not pad.image.any()
    from selenium.webdriver import ActionChains

    canvas = browser.find_element("class name", "pad")
    down = ActionChains(browser, duration=20).move_to_element_with_offset(canvas, 0, -80).click_and_hold()
    down.move_by_offset(0, 80).move_by_offset(0, 80).release().perform()
    page.fetch("drawing")
    rows, columns = np.nonzero(pad.image > 0.5)
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (20, 2) or np.ptp(rows) > 5 * np.ptp(columns)
    canvas.send_keys("4")
    page.fetch("drawing")
    at = next(n for n, k in enumerate(pad.labels) if k == 4)
    assert (255 * pad.image).round().astype(np.uint8).tobytes() == pad.examples[784 * at : 784 * (at + 1)]
    pad.image = np.eye(28)
    page.run("give('drawing', arguments[0])", encoded(pad.drawing))
    middle = page.run("return [...document.querySelector('.pad').getContext('2d').getImageData(0, 0, 280, 1).data]")
    assert middle[:4] == [255, 255, 255, 255]
    assert middle[-4:] == [0, 0, 0, 255]
    page.press("Clear")
    page.fetch("drawing")
    assert not pad.image.any()


def test_the_page_computes_with_the_network_put_in(browser, lab, given, tmp_path):
    net, stream, memory = given
    lab.image = image = stream.dataset.test_images[7]
    page = Page(browser, lab, tmp_path)
    settled = "window.looked && document.querySelector('.tgsh-live').ariaBusy === 'false'"
    page.wait(settled)
    assert page.run("return bytes('drawing')") == image.flatten().tolist()
    for shown in (net, FlyNet(4, 1, seed=5)):
        if shown is not net:
            lab.put(shown, stream)
            page.run("window.looked = null; give('tensors', arguments[0])", encoded(lab.tensors))
            page.wait(settled)
        turned, outputs = page.run("return [[...looked.turned], looked.outputs]")
        expected = InterpolatedRotation(40)(image[None])
        turned = torch.tensor(turned, dtype=torch.uint8).reshape(1, 28, 28)
        assert (turned.int() - expected.int()).abs().max() <= 1
        exact = live_network(live_tensors(shown, stream, memory if shown is net else fit_task_memory(shown, stream)))
        with torch.no_grad():
            logits = exact.logits(exact.features(exact.inputs(turned)), exact.context_vectors())[:, 0]
            rounded = shown.logits(shown.features(shown.inputs(turned)), shown.context_vectors())[:, 0]
        # Logits up to the constant that the softmax takes away.
        torch.testing.assert_close(torch.tensor(outputs).log(), logits.log_softmax(1), atol=1e-4, rtol=1e-4)
        assert (torch.tensor(outputs) - rounded.softmax(1)).abs().max() < 0.05


def test_a_context_trained_in_the_page_reads_as_well_in_the_package(browser, lab, tmp_path):
    page = Page(browser, lab, tmp_path)
    page.wait("document.querySelector('.tgsh-live').dataset.done")
    page.run("const s = [...document.querySelectorAll('select')]; s[2].value = 3; s[2].onchange()")  # epochs
    page.wait("document.querySelector('.tgsh-live').dataset.done === '0 36'")
    page.press("Train")
    page.wait("document.querySelector('.tgsh-live').dataset.done === '36 36' && bytes('trained').length")
    page.fetch("trained")
    shown = float(page.run("return document.querySelector('.tgsh-live').dataset.accuracy"))
    net, digits = lab.network, load("digits")
    net.set_context(1, lab.context)
    with torch.no_grad():
        images = InterpolatedRotation(90)(digits.test_images)
        accuracy = (net(net.inputs(images), 1).argmax(1) == digits.test_labels).float().mean()
    assert shown > 0.5
    assert abs(accuracy.item() - shown) <= 2 / len(digits.test_labels)
    page.press("Start again")
    page.wait("bytes('trained').length === 0")


def test_a_widget_that_is_closed_leaves_nothing(browser, lab, tmp_path):
    page = Page(browser, lab, tmp_path)
    page.wait("document.querySelector('.tgsh-live').dataset.done")
    page.run("close_widget()")
    assert page.run("return [window.ended, document.querySelectorAll('.tgsh-live').length]") == [1, 0]
    assert page.run("return location.hash") == ""  # the address is the notebook's


def test_a_widget_without_tensors_says_so(browser, lab, tmp_path):
    lab.tensors = b""
    page = Page(browser, lab, tmp_path)
    page.wait("document.querySelector('[role=alert]')?.textContent.startsWith('The live network does not start')")
