"""The live network: its tensors, its arithmetic against the package's, and its pages in a browser."""

import re
import sys
import time

import numpy as np
import pytest
import torch
from pages import ROOT, SITE, browser, cannot, open_page, site, stays_free
from safetensors.numpy import load_file, save_file
from strokes import STYLES

from tgsh.benchmarks import InterpolatedRotation, interpolated_rotations
from tgsh.datasets import load
from tgsh.errors import DataError, ParameterError, TgshError
from tgsh.extensions import dequantise, fit_task_memory, quantise
from tgsh.live import live_network, live_tensors, load_contexts, publish
from tgsh.networks import FlyNet
from tgsh.runs import Run
from tgsh.training import Recipe, train_stream

__all__ = ["browser", "site"]  # fixtures
sys.path.insert(0, str(ROOT / "book" / "_extensions"))


# tensors


@pytest.mark.parametrize(("bits", "largest"), [(8, 127), (16, 32767)])
def test_rounding_errs_by_at_most_half_a_step_of_the_row(bits, largest):
    rows = torch.randn(5, 400, generator=torch.Generator().manual_seed(0)) * torch.logspace(-3, 3, 5)[:, None]
    q, scale = quantise(rows, bits)
    torch.testing.assert_close(scale, rows.abs().amax(1) / largest)
    assert ((dequantise(q, scale) - rows).abs() <= 0.51 * scale[:, None]).all()


def test_a_row_of_zeros_stays_zero():
    assert dequantise(*quantise(torch.zeros(1, 3), 8)).tolist() == [[0, 0, 0]]


@pytest.fixture(scope="module")
def small():
    data = load("digits", 200, 100)
    stream = interpolated_rotations(data, [0, 120, 240])
    net = FlyNet(3, 2, seed=1)
    return net, stream, fit_task_memory(net, stream)


def test_the_page_has_the_networks_weights_up_to_rounding(small):
    net, stream, memory = small
    tensors = live_tensors(net, stream, memory, 20)
    page = live_network(tensors)
    assert torch.equal(page.pixels, net.pixels)
    assert torch.equal(page.column_sums, net.column_sums)
    torch.testing.assert_close(page.W2, net.W2, atol=1e-6, rtol=0)
    off = (page.context_vectors() - net.context_vectors()).abs().amax(1)
    assert (off <= net.context_vectors().abs().amax(1) / 253).all()


def test_the_first_units_are_a_network_of_their_own(small):
    net = small[0]
    half = live_network(live_tensors(*small, 20), 1)
    assert torch.equal(half.pixels, net.pixels[:784])
    torch.testing.assert_close(half.W2, net.W2[:, :784] * 2**0.5, atol=1e-6, rtol=0)
    assert half.W2.abs().max() <= 784**-0.5 + 1e-6
    with pytest.raises(ParameterError, match="width_mult"):
        live_network(live_tensors(*small, 20), 3)


def test_examples_are_test_images_of_every_class_in_turn(small):
    tensors = live_tensors(*small, 20)
    assert tensors["labels"].tolist() == [*range(10), *range(10)]
    data = small[1].dataset
    for image, label in zip(tensors["images"], tensors["labels"], strict=True):
        at = (data.test_images.flatten(1) == image).all(1).nonzero()[0, 0]
        assert data.test_labels[at] == label


@pytest.mark.parametrize(("net", "match"), [(FlyNet(3, 1, projection="gaussian"), "sparse"), (FlyNet(4, 2), "4 tasks")])
def test_what_the_page_cannot_show_is_refused(small, net, match):
    with pytest.raises(ParameterError, match=match):
        live_tensors(net, *small[1:])


def test_tensors_are_written_beside_the_record_or_not_at_all(small, tmp_path, monkeypatch):
    tensors, run = live_tensors(*small, 20), Run("some-chapter", "smoke", {})
    publish(run, tensors)  # no folder: nothing to do
    monkeypatch.setenv("TGSH_RESULTS", str(tmp_path / "results"))
    publish(run, tensors)
    (written,) = (tmp_path / "results").iterdir()
    assert written.name == "some-chapter.safetensors"
    read = load_file(written)
    assert all(np.array_equal(read[name], tensor.numpy()) for name, tensor in tensors.items())
    (tmp_path / "file").touch()
    monkeypatch.setenv("TGSH_RESULTS", str(tmp_path / "file"))
    with pytest.raises(TgshError, match="set TGSH_RESULTS"):
        publish(run, tensors)


# arithmetic

ROOM = ROOT / "tgsh" / "live" / "js"


def in_browser(browser, body, *arguments, run=None):
    """Run JavaScript with the names of the modules; return what it returns."""
    sources = [(ROOM / name).read_text() for name in ("flynet.js", "tensors.js", "images.js", "buckets.js")]
    plain = [re.sub(r"^export ", "", re.sub(r"^import [^;]*;$", "", text, flags=re.M), flags=re.M) for text in sources]
    return (run or browser.execute_script)("\n".join([*plain, body]), *arguments)


@pytest.fixture
def batch(small):
    data = small[1].dataset
    return data.train_images[:128], data.train_labels[:128]


def test_logits_are_those_of_the_package(browser, small, batch):
    net, images = small[0], batch[0][:4]
    context = net.context_vector(0).detach()
    body = """
    const [pixels, W2, context, images] = arguments;
    const net = new FlyNet(Uint16Array.from(pixels), Float32Array.from(W2));
    return images.map((image) => [...net.logits(net.encode(normalise(image)), context)]);
    """
    W2, pixels = net.W2.flatten().tolist(), net.pixels.flatten().tolist()
    got = in_browser(browser, body, pixels, W2, context.tolist(), images.flatten(1).tolist())
    with torch.no_grad():
        expected = net.represent(net.inputs(images), context) @ net.W2.T
    torch.testing.assert_close(torch.tensor(got), expected, atol=1e-4, rtol=0)


def test_a_context_trained_in_the_page_is_that_of_the_package(browser, small, batch):
    net, (images, labels) = FlyNet(1, 2, seed=1), batch
    g, c = net.initial_context(0)
    body = """
    const [pixels, W2, g, c, images, labels, steps] = arguments;
    const net = new FlyNet(Uint16Array.from(pixels), Float32Array.from(W2));
    const context = new Context(net, g, c);
    const x = batchInputs(Uint8Array.from(images.flat()), labels.keys().toArray());
    for (let i = 0; i < steps; i++) context.trainBatch(x, labels, 0.01);
    return [...context.vector()];
    """
    W2, pixels = net.W2.flatten().tolist(), net.pixels.flatten().tolist()
    given = (pixels, W2, g.item(), c.tolist(), images.flatten(1).tolist(), labels.tolist(), 50)
    got = torch.tensor(in_browser(browser, body, *given))
    data = small[1].dataset.subset(128)
    train_stream(net, interpolated_rotations(data, [0]), Recipe(epochs=50), progress=False)
    expected = net.context_vectors()[0]
    assert torch.cosine_similarity(got, expected, dim=0) > 0.9999
    torch.testing.assert_close(got.norm(), expected.norm(), rtol=1e-3, atol=0)


def test_contexts_saved_by_the_page_are_read_by_the_package(browser, tmp_path):
    body = """
    const [one, other] = [Float32Array.of(1, -2.5), Float32Array.of(0, 3)];
    return [...writeVectors({ context_0: one, context_1: other }, { angles: "90 130" })];
    """
    path = tmp_path / "contexts.safetensors"
    path.write_bytes(bytes(in_browser(browser, body)))
    assert load_contexts(path).tolist() == [[1, -2.5], [0, 3]]


@pytest.mark.parametrize("content", [None, b"", b"no tensors", b"\0" * 20])
def test_what_holds_no_contexts_is_a_line(tmp_path, content):
    path = tmp_path / "contexts.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match="holds no contexts"):
        load_contexts(path)


def test_contexts_that_are_not_finite_are_a_line(tmp_path):
    save_file({"context_0": np.float32([1, np.nan])}, path := tmp_path / "contexts.safetensors")
    with pytest.raises(DataError, match="finite numbers"):
        load_contexts(path)


@pytest.mark.parametrize("angle", [0, 10, 90, 215])
def test_a_rotation_is_that_of_the_package(browser, batch, angle):
    image = batch[0][:1]
    got = in_browser(browser, "return [...rotate(arguments[0], arguments[1])]", image.flatten().tolist(), angle)
    expected = InterpolatedRotation(angle)(image).flatten().int()
    assert (torch.tensor(got) - expected).abs().max() <= 1


def test_digits_are_enlarged_as_in_the_package(browser, small):
    tensors = live_tensors(*small, 20)
    train = tensors["digits"][~tensors["digit_is_test"].bool()]
    got = in_browser(browser, "return [...enlarge(arguments[0])]", train[:40].flatten().tolist())
    expected = load("digits").train_images[:40].flatten().int()
    assert (torch.tensor(got) - expected).abs().max() <= 1


@pytest.mark.parametrize("style", STYLES)
def test_a_drawing_is_centred_and_fills_the_box_whatever_its_place_and_size(browser, style):
    for strokes in STYLES[style].values():
        image = np.array(in_browser(browser, "return [...drawStrokes(arguments[0])]", strokes)).reshape(28, 28)
        rows, columns = np.nonzero(image > 127)
        assert 18 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 21
        centre = [(image * axis).sum() / image.sum() for axis in np.mgrid[:28, :28]]
        assert centre == pytest.approx([13.5, 13.5], abs=0.4)


def test_a_dot_and_an_empty_pad_are_drawings_too(browser):
    sums = in_browser(browser, "return [[], [[[0.2, 0.7]]]].map((s) => drawStrokes(s).reduce((a, b) => a + b))")
    assert sums[0] == 0
    assert sums[1] > 255


# pages

PLACE = ".tgsh-live"
SAID = (
    "const e = document.querySelector('.tgsh-live'); return {...e.dataset, said: e.querySelector('.said').textContent}"
)


def wait(browser, is_there, seconds=20):
    """What the live network says, once ``is_there`` of it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if browser.find_elements("css selector", f"{PLACE} .said"):
            said = browser.execute_script(SAID)
            if is_there(said):
                return said
        time.sleep(0.05)
    raise AssertionError(f"the live network says {browser.execute_script('return document.body.innerText')[:500]}")


def needs_tensors():
    if not (SITE / "_static" / "live" / "tensors.js").exists():
        cannot("the site has no live network: `make render`")


@pytest.fixture
def lab(browser, site):
    """The chapter of the live network, open, with its first answer."""
    needs_tensors()
    open_page(browser, f"{site}/book/living-network.html")
    browser.execute_script("document.querySelector('.tgsh-live-place').scrollIntoView()")
    wait(browser, lambda said: "digit" in said and "done" in said)
    return browser


def press(browser, text):
    """Press the button of this text, as soon as there is one."""
    script = """
    const [text, done] = arguments;
    const look = () => {
      const button = [...document.querySelectorAll('.tgsh-live button')].find((b) => b.textContent === text);
      button ? done(button.click()) : setTimeout(look, 5);
    };
    look();
    """
    browser.execute_async_script(script, text)


def set_slider(browser, label, value):
    script = """
    const [label, value] = arguments;
    const sliders = [...document.querySelectorAll('.tgsh-live .slider')];
    const input = sliders.find((slider) => slider.textContent.startsWith(label)).querySelector('input');
    input.value = value;
    input.dispatchEvent(new Event('input'));
    """
    browser.execute_script(script, label, value)


def draw(browser, strokes):
    """Draw on the pad with a mouse."""
    from selenium.webdriver import ActionChains

    press(browser, "Clear")
    pad = browser.find_element("css selector", ".tgsh-live .pad")
    width, height = pad.rect["width"], pad.rect["height"]
    act = ActionChains(browser, duration=2)
    for stroke in strokes:
        places = [(int((x - 0.5) * width), int((y - 0.5) * height)) for x, y in stroke]
        act.move_to_element_with_offset(pad, *places[0]).click_and_hold()
        for place in places[1:]:
            act.move_to_element_with_offset(pad, *place)
        act.release()
    act.perform()
    settle(browser)
    return browser.execute_script(SAID)


def settle(browser):
    """Wait until the live network has answered what was asked."""
    script = """
    const done = arguments[0];
    const look = () => document.querySelector('.tgsh-live').ariaBusy === 'true' ? setTimeout(look, 20) : done();
    setTimeout(look, 60);
    """
    browser.execute_async_script(script)


def test_it_reads_what_people_draw(lab):
    set_slider(lab, "Turn the image", 0)
    right = {}
    for style, digits in STYLES.items():
        for k, strokes in digits.items():
            right[style, k] = draw(lab, strokes)["digit"] == str(k)
    assert sum(right.values()) >= 25, [name for name, is_right in right.items() if not is_right]


def test_it_infers_how_a_drawing_was_turned(lab):
    near = []
    for k, strokes in STYLES["round"].items():
        draw(lab, strokes)
        for degrees in (60, 160, 290):
            set_slider(lab, "Turn the image", degrees)
            settle(lab)
            apart = abs(int(lab.execute_script(SAID)["inferred"]) - degrees) % 360
            near.append((min(apart, 360 - apart) <= 20, k, degrees))
    assert sum(is_near for is_near, *_ in near) >= len(near) / 2, near


def test_the_named_the_inferred_and_a_wrong_context_answer_in_pictures_and_in_a_sentence(lab):
    set_slider(lab, "Turn the image", 80)
    settle(lab)
    said = lab.execute_script(SAID)["said"]
    assert re.match(r"Under the context of 80° this is a \d \(\d+\xa0%\)\. The context inferred is that of \d+°", said)
    assert "Under the context of 260°, a" in said
    titles = [caption.text for caption in lab.find_elements("css selector", ".tgsh-live .bars figcaption")]
    assert [title.partition(":")[0] for title in titles] == ["context named", "context inferred", "a wrong context"]
    bars = lab.find_elements("css selector", ".tgsh-live .bars svg")
    assert all(re.search(r"0: \d+ %, .*9: \d+ %", bar.get_attribute("aria-label")) for bar in bars)


def test_it_can_be_used_by_keyboard_alone(lab):
    from selenium.webdriver.common.keys import Keys

    pad = lab.find_element("css selector", ".tgsh-live .pad")
    pad.send_keys("3")
    settle(lab)
    assert lab.find_element("css selector", ".tgsh-live select").get_property("value") == "3"
    dial = lab.find_element("css selector", ".tgsh-live .slider input")
    before = lab.execute_script(SAID)["said"]
    dial.send_keys(Keys.END)
    settle(lab)
    assert dial.get_attribute("aria-valuetext") == "355°"
    assert lab.execute_script(SAID)["said"] != before


def test_the_dial_and_the_slider_set_one_angle(lab):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    dial = lab.find_element("css selector", ".tgsh-live .dial")
    slider = lab.find_element("css selector", ".tgsh-live .slider input")

    def angle():
        settle(lab)
        now = dial.get_attribute("aria-valuenow")
        assert slider.get_property("value") == now
        assert dial.get_attribute("aria-valuetext") == slider.get_attribute("aria-valuetext") == f"{now}°"
        return int(now)

    given = [dial.get_attribute(name) for name in ("role", "aria-label", "aria-valuemin", "aria-valuemax", "tabindex")]
    assert given == ["slider", "Dial to turn the image", "0", "355", "0"]
    set_slider(lab, "Turn the image", 200)
    assert angle() == 200
    act = ActionChains(lab, duration=20)
    act.move_to_element_with_offset(dial, 30, 0).click().perform()  # to the right of the centre
    assert angle() == 270
    act = ActionChains(lab, duration=20).move_to_element_with_offset(dial, 0, -30).click_and_hold()
    act.move_to_element_with_offset(dial, -20, -20).move_to_element_with_offset(dial, -30, 0).release()
    act.move_to_element_with_offset(dial, 0, 30).perform()  # let go: the dial stays
    assert angle() == 90
    assert lab.execute_script(SAID)["said"].startswith("Under the context of 90°")
    before = lab.execute_script("return scrollY")
    for key, then in (
        ("ARROW_RIGHT", 95),
        ("PAGE_UP", 140),
        ("HOME", 0),
        ("ARROW_LEFT", 355),
        ("ARROW_UP", 0),
        ("END", 355),
    ):
        lab.switch_to.active_element.send_keys(getattr(Keys, key))  # a click has moved the focus to the dial
        assert angle() == then, key
    assert lab.execute_script("return scrollY") == before


def test_a_finger_turns_the_dial_and_does_not_scroll(lab):
    dial = lab.find_element("css selector", ".tgsh-live .dial")
    assert dial.value_of_css_property("touch-action") == "none"
    script = """
    arguments[0].scrollIntoView({block: 'center'});
    const box = arguments[0].getBoundingClientRect();
    return [box.x, box.y, box.width];
    """
    x, y, width = lab.execute_script(script, dial)
    centre, radius = (x + width / 2, y + width / 2), 0.35 * width
    around = [
        {"x": centre[0] + radius * dx, "y": centre[1] + radius * dy}
        for dx, dy in ((0, -1), (-0.7, -0.7), (-1, 0), (0, 1))
    ]
    before = lab.execute_script("return scrollY")
    lab.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": around[:1]})
    for place in around[1:]:
        lab.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [place]})
    lab.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    settle(lab)
    assert dial.get_attribute("aria-valuenow") == "180"
    assert lab.execute_script("return scrollY") == before


def test_an_empty_pad_says_so_and_reset_brings_the_first_picture_back(lab):
    first = lab.execute_script(SAID)["said"]
    set_slider(lab, "Turn the image", 200)
    press(lab, "Clear")
    settle(lab)
    assert lab.execute_script(SAID)["said"].startswith("The pad is empty")
    press(lab, "Reset")
    settle(lab)
    assert lab.execute_script(SAID)["said"] == first


def test_a_finger_on_the_pad_draws_and_does_not_scroll(lab):
    pad = lab.find_element("css selector", ".tgsh-live .pad")
    assert pad.value_of_css_property("touch-action") == "none"
    press(lab, "Clear")
    at = lab.execute_script("const b = arguments[0].getBoundingClientRect(); return [b.x, b.y, b.width]", pad)
    finger = [{"x": at[0] + at[2] * share, "y": at[1] + at[2] * share} for share in (0.3, 0.5, 0.7)]
    before = lab.execute_script("return scrollY")
    lab.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": finger[:1]})
    for place in finger[1:]:
        lab.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [place]})
    lab.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    settle(lab)
    assert not lab.execute_script(SAID)["said"].startswith("The pad is empty")
    assert lab.execute_script("return scrollY") == before


def train(lab, *ticked, seconds=60):
    for label in ticked:
        script = """
        const labels = [...document.querySelectorAll('.tgsh-live label')];
        labels.find((label) => label.textContent.includes(arguments[0])).querySelector('input').click();
        """
        lab.execute_script(script, label)
    wait(lab, lambda said: said["done"].startswith("0 "))
    press(lab, "Train")
    said = wait(lab, lambda said: len(set(said["done"].split())) == 1, seconds)
    return said, lab.find_elements("css selector", ".tgsh-live .said")[1].text


def test_a_context_trained_in_the_page_finds_its_rotation(lab):
    said, text = train(lab)
    assert float(said["accuracy"]) > 0.85
    assert abs(int(said["nearest"].rstrip("°")) - 90) <= 20
    assert "of the held-out digits are right" in text


def test_shuffled_pixels_keep_the_accuracy_and_lose_the_similarity(lab):
    said, text = train(lab, "shuffle the pixels")
    assert float(said["accuracy"]) > 0.85
    assert float(re.search(r"similarity (-?[\d.]+)\)", text)[1]) < 0.15


def stopped(browser):
    """How far a training has come, once it stands."""
    standing = "return [...document.querySelectorAll('.tgsh-live button')].some((b) => b.textContent === 'Train')"
    end = time.monotonic() + 20
    while not browser.execute_script(standing):
        assert time.monotonic() < end
        time.sleep(0.05)
    return browser.execute_script(SAID)["done"]


def test_two_contexts_train_side_by_side_and_can_pause(lab):
    lab.execute_script("[...document.querySelectorAll('.tgsh-live select')][2].value = 1")  # one epoch
    said, text = train(lab, "a second context")
    assert len(said["accuracy"].split()) == 2
    assert re.search(r"Similarity of the two: -?[\d.]+", text)
    press(lab, "Start again")
    wait(lab, lambda said: said["done"].startswith("0 "))
    press(lab, "Step")
    wait(lab, lambda said: said["done"].startswith("1 "))
    press(lab, "Train")
    press(lab, "Pause")
    at = stopped(lab)
    settle(lab)
    assert lab.execute_script(SAID)["done"] == at


def test_the_page_stays_free_while_it_is_drawn_on_turned_and_trained(lab):
    lab.execute_script("[...document.querySelectorAll('.tgsh-live select')][2].value = 1")  # one epoch

    def use():
        draw(lab, STYLES["round"][8])
        for degrees in (100, 200, 300):
            set_slider(lab, "Turn the image", degrees)
            settle(lab)
        press(lab, "Start again")
        train(lab)

    stays_free(lab, use)


def test_the_page_stays_free_while_the_live_network_starts(browser, site):
    needs_tensors()

    def start():
        browser.execute_script("document.querySelector('.tgsh-live-place button').click()")
        wait(browser, lambda said: "digit" in said and "done" in said)

    stays_free(browser, start, lambda: open_page(browser, f"{site}/book/intro.html"))


def test_a_page_that_is_blocked_is_found(browser):
    browser.get("about:blank")
    block = "setTimeout(() => { const end = performance.now() + arguments[0]; while (performance.now() < end); })"
    times = iter((400, 400, 400))
    with pytest.raises(AssertionError):
        stays_free(browser, lambda: (browser.execute_script(block, next(times)), time.sleep(0.6)))
    times = iter((400, 10))
    stays_free(browser, lambda: (browser.execute_script(block, next(times)), time.sleep(0.6)))


def test_the_front_page_loads_nothing_before_the_reader_asks(browser, site):
    needs_tensors()
    asked, _ = open_page(browser, f"{site}/book/intro.html")
    assert not [url for url in asked if "/live/" in url]
    browser.execute_script("document.querySelector('.tgsh-live-place button').click()")
    assert wait(browser, lambda said: "digit" in said)["digit"] == "7"
    live = [path.stat().st_size for path in (SITE / "_static" / "live").iterdir()]
    assert sum(live) + (SITE / "_static" / "live.js").stat().st_size < 1_500_000


def test_what_is_set_is_in_the_address_and_there_again_after_loading(lab, browser):
    draw(lab, STYLES["round"][3])
    set_slider(lab, "Turn the image", 120)
    settle(lab)
    lab.execute_script("document.querySelector('.tgsh-live').dispatchEvent(new Event('input'))")
    address, said = browser.current_url, browser.execute_script(SAID)["said"]
    assert "turn=120" in address
    open_page(browser, address)
    wait(browser, lambda now: now.get("said") == said)


@pytest.mark.parametrize("hash", ["#live=1&turn=abc&named=-7&example=9999&width=3", "#live=1&draw=x.y-1", "#live=1"])
def test_an_address_that_makes_no_sense_is_passed_over(browser, site, hash):
    needs_tensors()
    _, errors = open_page(browser, f"{site}/book/living-network.html{hash}")
    assert wait(browser, lambda said: "digit" in said and "done" in said)["digit"] != ""
    assert errors == []


def test_it_works_from_a_folder_and_asks_for_nothing_else(browser, site):
    needs_tensors()
    asked, errors = open_page(browser, (SITE / "book" / "living-network.html").as_uri())
    wait(browser, lambda said: "digit" in said)
    assert errors == []
    assert {url.partition(":")[0] for url in asked} <= {"file", "data", "blob", "chrome"}


def test_without_tensors_the_page_says_that_the_network_is_missing(tmp_path, monkeypatch):
    from types import SimpleNamespace

    import tgsh_live

    monkeypatch.setenv("TGSH_RESULTS", str(tmp_path))
    place = SimpleNamespace(
        env=SimpleNamespace(app=SimpleNamespace(confdir=tmp_path)), parse_text_to_nodes=lambda text: text
    )
    assert tgsh_live.LiveNetwork.run(place) == "The live network is not part of this build."
    app = SimpleNamespace(
        confdir=tmp_path, outdir=tmp_path / "html", builder=SimpleNamespace(format="html"), config=None
    )
    tgsh_live.write_scripts(app, None)
    assert not (tmp_path / "html").exists()
