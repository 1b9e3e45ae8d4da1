"""The live network in Firefox: what `test_live` tests in chromium, once through, in another engine."""

import re

import pytest
from firefox import firefox
from pages import SITE, cannot
from strokes import STYLES

__all__ = ["firefox"]  # fixture
BOOK = SITE / "book"
LAB = "document.querySelector('.tgsh-live')"
SET_SLIDER = """
const [label, value] = arguments;
const sliders = [...document.querySelectorAll('.tgsh-live .slider')];
const input = sliders.find((slider) => slider.textContent.startsWith(label)).querySelector('input');
input.value = value;
input.dispatchEvent(new Event('input'));
"""
PRESS = "[...document.querySelectorAll('.tgsh-live button')].find((b) => b.textContent === arguments[0]).click()"
CHOOSE = """
const menu = [...document.querySelectorAll('.tgsh-live label')].find((l) => l.textContent.startsWith(arguments[0]));
const select = menu.querySelector('select');
select.value = arguments[1];
select.dispatchEvent(new Event('change'));
"""


@pytest.fixture(scope="module")
def lab(firefox):
    """The chapter of the live network, open as a file, with its first answer."""
    if not (SITE / "_static" / "live" / "tensors.js").exists():
        cannot("the site has no live network: `make render`")
    firefox.open((BOOK / "living-network.html").as_uri())
    firefox.run("document.querySelector('.tgsh-live-place').scrollIntoView()")
    firefox.until(f"{LAB}?.dataset.digit && {LAB}.dataset.done")
    return firefox


def told(lab):
    """Data attributes of the live network, once it has answered what was asked; its sentences as `said`."""
    lab.run("await new Promise((done) => setTimeout(done, 60))")
    lab.until(f"{LAB}.ariaBusy !== 'true'")
    said = f"[...{LAB}.querySelectorAll('.said')].map((e) => e.textContent)"
    return lab.run(f"return {{...{LAB}.dataset, said: {said}}}")


def similarity(lab):
    """Similarity of the context in training to the one, of those that were trained before, that is most similar."""
    return float(re.search(r"similarity (-?[\d.]+)\)", told(lab)["said"][1])[1])


def test_a_drawn_stroke_gets_an_answer(lab):
    lab.run(SET_SLIDER, "Turn the image", 0)
    right = []
    for k in (0, 1, 3, 7):
        lab.run(PRESS, "Clear")
        assert told(lab)["said"][0].startswith("The pad is empty")
        for stroke in STYLES["round"][k]:
            lab.stroke(".tgsh-live .pad", stroke)
        right.append(told(lab)["digit"] == str(k))
    assert sum(right) >= 3, right


@pytest.mark.parametrize("degrees", [0, 80, 200])
def test_a_digit_that_was_picked_is_read_under_the_context_of_its_rotation(lab, degrees):
    right = 0
    for k in range(10):
        lab.run(CHOOSE, "Example", str(k))
        lab.run(SET_SLIDER, "Turn the image", degrees)
        answer = told(lab)
        assert answer["said"][0].startswith(f"Under the context of {degrees}°")
        right += answer["digit"] == str(k)
    assert right >= 8


def test_a_context_trained_in_the_page_finds_its_rotation(lab):
    lab.run(CHOOSE, "Epochs", "3")
    lab.until(f"{LAB}.dataset.done.startsWith('0 ')")
    before = similarity(lab)
    lab.run(PRESS, "Train")
    lab.until(f"new Set({LAB}.dataset.done.split(' ')).size === 1 && {LAB}.dataset.nearest !== ''")
    lab.until("[...document.querySelectorAll('.tgsh-live button')].some((b) => b.textContent === 'Train')")
    after = told(lab)
    assert float(after["accuracy"]) > 0.8
    assert similarity(lab) > before + 0.1
    assert abs(int(after["nearest"].rstrip("°")) - 90) <= 20


@pytest.mark.parametrize("name", ["intro", "living-network", "rotation-mnist"])
def test_pages_open_without_errors_and_ask_for_nothing_elsewhere(firefox, name):
    firefox.open((BOOK / f"{name}.html").as_uri())
    firefox.until("!document.querySelector('span.math, div.math') || document.querySelector('mjx-container')")
    firefox.run("document.querySelector('.tgsh-live-place button')?.click()")
    firefox.run("document.querySelector('.tgsh-live-place')?.scrollIntoView()")
    if firefox.run("return !!document.querySelector('.tgsh-live-place:not([data-play])')"):
        firefox.until(f"{LAB}?.dataset.digit")
    views = """document.querySelectorAll('script[type="application/vnd.jupyter.widget-view+json"]').length"""
    firefox.until(f"document.querySelectorAll('.widget-subarea .tgsh-explorer img').length >= {views}")
    assert firefox.errors == []
    assert {url.partition(":")[0] for url in firefox.asked} <= {"file", "data", "blob"}
    firefox.run("await fetch('http://127.0.0.1:50001/').catch(() => null)")
    assert "http://127.0.0.1:50001/" in firefox.asked  # what a page asks for is heard
