"""The plays with single claims, in a browser, against the package on the tensors that the page holds."""

import base64
import gzip
import re
import time

import numpy as np
import pytest
import torch
from pages import PHONE, SITE, at_rest, browser, cannot, open_page, probe, site, stays_free
from safetensors.torch import load
from test_live import in_browser

from tgsh.benchmarks import InterpolatedRotation
from tgsh.extensions import dequantise
from tgsh.inversion import pseudo_inverse, reconstruct
from tgsh.live import live_network
from tgsh.measures import cosine_matrix
from tgsh.networks import FlyNet

__all__ = ["browser", "site"]  # fixtures

PAGES = {"sign": "is-it-learned", "between": "unseen-tasks", "eq3": "reconstruction", "hash": "a-usable-hash"}


# arithmetic


@pytest.fixture(scope="module")
def net():
    return FlyNet(2, 2, seed=3)


def in_net(browser, net, body, *arguments):
    """Run JavaScript that knows the network as ``net``."""
    start = "const [pixels, W2, ...rest] = arguments; const net = new FlyNet(Uint16Array.from(pixels), W2);"
    return in_browser(browser, start + body, net.pixels.flatten().tolist(), net.W2.flatten().tolist(), *arguments)


def test_the_inverse_of_eq_3_is_that_of_the_package(browser, net):
    z = torch.randn(net.n_hidden, generator=torch.Generator().manual_seed(0))
    got = torch.tensor(in_net(browser, net, "return [...net.invert(rest[0])]", z.tolist()))
    torch.testing.assert_close(got, pseudo_inverse(net) @ z, atol=1e-4, rtol=1e-3)


def test_noise_is_normal_and_repeats_with_its_seed(browser):
    body = "return [[...normals(1, 20000)], [...normals(1, 3)], [...normals(2, 3)]]"
    many, again, other = map(np.array, in_browser(browser, body))
    assert abs(many.mean()) < 0.03
    assert many.std() == pytest.approx(1, abs=0.02)
    assert abs(np.corrcoef(many[1:], many[:-1])[0, 1]) < 0.03
    assert list(again) == list(many[:3])
    assert not set(again) & set(other)


# pages


@pytest.fixture(scope="module")
def tensors():
    """Tensors that the site computes with."""
    script = SITE / "_static" / "live" / "tensors.js"
    if not script.exists():
        cannot("the site has no live network: `make render`")
    (encoded,) = re.findall(r'tensors = "(.*?)"', script.read_text(encoding="utf-8"))
    return load(gzip.decompress(base64.b64decode(encoded)))


@pytest.fixture(scope="module")
def held(tensors):
    """The network that the site computes with, its angles, its test images and their labels."""
    images, labels = tensors["images"].reshape(-1, 28, 28), tensors["labels"].long()
    return live_network(tensors), tensors["angles"].tolist(), images, labels


def read_right(held, degrees, contexts):
    """How many of the turned test images are read right under each context."""
    net, _, images, labels = held
    with torch.no_grad():
        h = net.features(net.inputs(InterpolatedRotation(degrees)(images)))
        return [(net.logits(h, m[None])[0].argmax(1) == labels).sum().item() for m in contexts]


class Place:
    """A play in its page: ``told`` is what its data attributes say, ``said`` its sentence."""

    def __init__(self, browser, address, play):
        self.browser = browser
        self.asked, self.errors = open_page(browser, address)
        self.find = f"document.querySelector('.tgsh-live-place[data-play={play}] '"
        self.run("place.scrollIntoView()")
        self.settle()

    def run(self, body, *arguments):
        return self.browser.execute_script(f"const place = {self.find}.trim()); {body}", *arguments)

    def settle(self):
        """Wait until the play has answered what was asked."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            time.sleep(0.05)
            if self.run("return place.querySelector('.said')?.textContent && place.firstChild.ariaBusy !== 'true'"):
                return
        raise AssertionError(self.run("return place.textContent"))

    def choose(self, label, value):
        """Set a menu, slider or number by the text of its label."""
        script = """
        const labels = [...place.querySelectorAll('label')];
        const control = labels.find((l) => l.textContent.startsWith(arguments[0])).querySelector('select, input');
        control.value = arguments[1];
        for (const kind of ['input', 'change']) control.dispatchEvent(new Event(kind, { bubbles: true }));
        """
        self.run(script, label, str(value))
        self.settle()

    def press(self, text):
        self.run("[...place.querySelectorAll('button')].find((b) => b.textContent === arguments[0]).click()", text)
        self.settle()

    @property
    def told(self):
        return self.run("return { ...place.firstChild.dataset }")

    @property
    def said(self):
        return self.run("return place.querySelector('.said').textContent")


@pytest.fixture
def place(browser, site, held):
    return lambda play: Place(browser, f"{site}/book/{PAGES[play]}.html", play)


def test_flipped_signs_keep_the_similarities_of_definition_1_and_lose_the_accuracy(place, held):
    net, angles, images, _ = held
    play, t = place("sign"), 1
    play.choose("Task", t)
    m = net.context_vectors()
    with torch.no_grad():
        shown = [net.features(net.inputs(InterpolatedRotation(angle)(images))) for angle in angles]
        r = torch.cat([context * h for context, h in zip(m, shown, strict=True)])
    task = torch.arange(len(angles)).repeat_interleave(len(images)).numpy()
    own, n = cosine_matrix(r).numpy()[task == t], len(images)
    within = (own[:, task == t].sum() - n) / (n * (n - 1))  # all pairs, whatever their classes
    between = own[:, task != t].mean()
    for press, sign, expected in (
        (None, 1, (within, between)),
        ("all", -1, (within, between)),
        ("one", -1, (within, -between)),
    ):
        if press:
            play.choose("Flip", press)
        if press == "all":
            play.press("Flip the sign")
        told = play.told
        assert abs(int(told["right"]) - read_right(held, angles[t], [sign * m[t]])[0]) <= 1
        assert (float(told["within"]), float(told["between"])) == pytest.approx(expected, abs=2e-3)
    assert int(play.told["right"]) <= 0.05 * len(images)
    assert play.said.startswith(f"With the sign of the context of {angles[t]:g}° flipped")


def test_a_mixed_context_reads_as_that_of_the_package(place, held):
    net, angles, *_ = held
    m, play, step = net.context_vectors(), place("between"), 360 / len(held[1])
    apart = round(float(play.run("return place.querySelectorAll('select')[1].value")))
    assert apart * step <= 20 or apart == 1
    for share in (0, 0.25, 0.5):
        play.choose("Share", round(100 * share))
        told = play.told
        degrees = share * apart * step
        assert float(told["degrees"]) == pytest.approx(degrees)
        at = round(degrees / step) % len(m)
        own = [m[at]] if abs(degrees - angles[at]) < 1e-3 else []
        mixed, wrong = (1 - share) * m[0] + share * m[apart], m[(len(m) + 1) // 2]
        expected = read_right(held, degrees, [mixed, *own, m[0], wrong])
        got = list(map(int, told["right"].split()))
        assert len(got) == len(expected)
        assert np.abs(np.subtract(got, expected)).max() <= 1
        assert ("no context was trained there" in play.said) == (not own)


def test_eq_3_draws_what_the_package_computes(place, held):
    net, angles, images, labels = held
    play, t, k = place("eq3"), 1, 7
    play.choose("Task", t)
    play.choose("Class", k)
    play.choose("Standard deviation", "none")
    turned = InterpolatedRotation(angles[t])(images[labels == k]).flatten(1).float().mean(0)
    made = reconstruct(net, net.context_vectors().detach())[t, k]
    expected = np.corrcoef(made, turned)[0, 1]
    assert float(play.told["correlation"]) == pytest.approx(expected, abs=2e-3)
    play.choose("Standard deviation", "eq3")
    assert float(play.told["deviation"]) == pytest.approx(net.n_hidden**-0.5)
    first = play.told["correlation"]
    play.press("Next noise")
    assert play.told["seed"] == "1"
    assert play.told["correlation"] != first
    play.choose("Seed", 0)
    assert play.told["correlation"] == first
    play.choose("Slider", 2)
    assert float(play.told["deviation"]) == pytest.approx(2 * net.n_hidden**-0.5)


def test_a_table_finds_what_the_codes_of_the_package_find(browser, place, held, tensors):
    net, angles, images, labels = held
    n_bits, T = 16, len(held[1])
    tasks = [t for t in range(T) if t % -(-T // 12) == 0]
    play, degrees, query = place("hash"), 60, 12
    told = min(range(T), key=lambda t: abs(angles[t] - degrees))
    play.choose("Turn", degrees)
    play.choose("Example", labels[query].item())
    while play.run("return new URLSearchParams(location.hash.slice(1)).get('example')") != str(query):
        play.press("Next example")
    m = net.context_vectors()

    def points(kind, shown, task):
        x = net.inputs(shown)
        return x if kind == "pixels" else net.features(x) * (m[task] if kind in ("told", "inferred") else 1)

    with torch.no_grad():
        shown = [InterpolatedRotation(angle)(images) for angle in angles]
        turned = InterpolatedRotation(degrees)(images[[query]])
        weights = dequantise(tensors["gaussian"], tensors["gaussian.scale"])
        h = net.features(net.inputs(turned))[:, : weights.shape[1]]
        density = (h @ weights.T + tensors["gaussian_offset"]).unflatten(1, (T, -1)).logsumexp(2)
        for kind, task in (("told", told), ("hidden", told), ("pixels", told), ("inferred", density.argmax().item())):
            play.choose("Hash", kind)
            D = 784 if kind == "pixels" else net.n_hidden
            planes = in_browser(browser, "return [...Float32Array.from(normals(0, arguments[0]))]", n_bits * D)
            planes = torch.tensor(planes).reshape(n_bits, D)
            items = torch.cat([points(kind, shown[t], t) @ planes.T > 0 for t in tasks])
            code = (points(kind, turned, task) @ planes.T > 0)[0]
            distance = (items != code).sum(1)
            said = play.told
            assert (int(said["task"]), int(said["size"])) == (task, len(items))
            assert np.mean([bit != "01"[is_on] for bit, is_on in zip(said["code"], code, strict=True)]) <= 1 / n_bits
            assert abs(int(said["bucket"]) - (distance == 0).sum()) <= 0.02 * len(items)
            nearest = [map(int, pair.split(":")) for pair in said["nearest"].split()]
            assert all(abs(distance[n] - apart) <= 1 for n, apart in nearest)
            assert distance.sort().values[7] >= max(int(pair.split(":")[1]) for pair in said["nearest"].split()) - 1


def test_a_drawing_that_was_put_into_the_table_is_found_again(place):
    play = place("hash")
    size = int(play.told["size"])
    play.press("Clear")
    pad = play.browser.find_element("css selector", "[data-play=hash] .pad")
    play.browser.execute_script("arguments[0].scrollIntoView({ block: 'center' })", pad)
    from selenium.webdriver import ActionChains

    down = ActionChains(play.browser, duration=20).move_to_element_with_offset(pad, -60, -80).click_and_hold()
    down.move_by_offset(120, 0).move_by_offset(-70, 170).release().perform()
    play.settle()
    play.choose("Bits", 64)
    assert not play.told["nearest"].startswith(f"{size}:")
    play.press("Put it into the table")
    assert play.told["nearest"].startswith(f"{size}:0")  # the item after the others, at no distance
    assert int(play.told["size"]) == size + 1
    assert "from the nearest: yours, " in play.said
    play.choose("Turn", 200)
    assert not play.told["nearest"].startswith(f"{size}:0")
    play.press("Take mine out")
    assert int(play.told["size"]) == size


@pytest.mark.parametrize("play", PAGES)
def test_a_play_works_from_a_folder_by_keyboard_and_keeps_its_settings_in_the_address(browser, held, play):
    from selenium.webdriver.common.keys import Keys

    address = (SITE / "book" / f"{PAGES[play]}.html").as_uri()
    opened = Place(browser, address, play)
    assert opened.errors == []
    assert {url.partition(":")[0] for url in opened.asked} <= {"file", "data", "blob", "chrome"}
    before = opened.said
    menu = browser.find_element("css selector", f"[data-play={play}] select")
    menu.send_keys(Keys.ARROW_DOWN)
    opened.settle()
    after = opened.said
    assert after != before
    assert f"play={play}&{'hash=inferred' if play == 'hash' else 'task=1'}" in browser.current_url
    assert Place(browser, browser.current_url, play).said == after
    nonsense = f"{address}#play={play}&task=99&share=x&noise=y&seed=z&hash=q&example=length&draw=x.y"
    assert Place(browser, nonsense, play).said == before


@pytest.mark.parametrize("play", PAGES)
def test_a_play_leaves_the_page_free_fits_a_phone_and_is_readable_in_both_themes(browser, site, held, play):
    page = f"{site}/book/{PAGES[play]}.html"
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        opened = Place(browser, page, play)
        assert probe(browser, "wide()") == []
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    menu = {"between": "First task", "hash": "Hash"}.get(play, "Task")
    last = 1 + opened.run("return place.querySelector('select').selectedIndex")
    values = opened.run("return [...place.querySelector('select').options].map((option) => option.value)")
    stays_free(browser, lambda: [opened.choose(menu, value) for value in values[last : last + 2]])
    for theme in ("dark", "light"):
        set_theme = "for (const key of ['theme', 'mode']) document.documentElement.dataset[key] = arguments[0]"
        browser.execute_script(set_theme, theme)
        at_rest(browser)  # colours fade over
        assert probe(browser, "faint('.tgsh-live *')") == []


@pytest.mark.parametrize("page", ["intro", "living-network", *PAGES.values()])
def test_without_scripts_a_picture_and_a_sentence_stand_in(held, page):
    html = (SITE / "book" / f"{page}.html").read_text(encoding="utf-8")
    (still,) = re.findall(r"tgsh-live-place.*?<noscript>(.*?)</noscript>", html, flags=re.DOTALL)
    (source,) = re.findall(r'<img alt="[^"]{20,}"[^>]*src="([^"]+)"', still)
    assert (SITE / "book" / source).exists()
    assert "Where scripts run" in still
