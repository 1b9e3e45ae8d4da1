"""A live figure for a network that is not FlyNet; book/live-figure.md shows the lines that make it."""

import os
import re
import subprocess
import sys
import time

import pytest
import torch
from pages import ROOT, browser, open_page
from safetensors.torch import load_file, save_file
from test_own_parts import TanhNet

from tgsh import Recipe, RotationMNIST, train_stream
from tgsh.extensions import dequantise, quantise

__all__ = ["browser"]  # a fixture


# [tensors]
def write_tensors(net, images, path):
    rows = {"W1": net.W1, "W2": net.W2, "contexts": net.context_vectors()}
    tensors = {"images": images.flatten(1)}
    for name, values in rows.items():
        bits = 8 if name == "contexts" else 16
        whole, scale = quantise(values.detach(), bits)
        tensors |= {name: whole, f"{name}.scale": scale}
    save_file(tensors, path)


# [end]

PAGE = """# A figure

```{live-figure} live_figure.js
:tensors: tanh.safetensors

Where scripts run, a network answers here.
```
"""


@pytest.fixture(scope="module")
def figure(tmp_path_factory):
    """The tensors of a small network, and a page with the figure."""
    from tgsh import load

    folder = tmp_path_factory.mktemp("page")
    stream = RotationMNIST(load("digits", 300, 50), 3)
    net = TanhNet(3, 200)
    train_stream(net, stream, Recipe(epochs=3, batch_size=32, lr=0.1), progress=False)
    write_tensors(net, stream.images(1, "test")[0][:6], folder / "tanh.safetensors")
    (folder / "index.md").write_text(PAGE, encoding="utf-8")
    (folder / "live_figure.js").write_bytes((ROOT / "tests" / "live_figure.js").read_bytes())
    conf = f"extensions = ['myst_nb', 'tgsh_live']\nhtml_static_path = [{str(ROOT / 'book' / '_static')!r}]\n"
    (folder / "conf.py").write_text(conf + "html_js_files = ['live.js']\nhtml_theme = 'basic'\n", encoding="utf-8")
    paths = [str(ROOT / "book" / "_extensions"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(paths),
        "TGSH_RESULTS": str(folder),
        "TGSH_ROOT": str(folder),
    }
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", "-b", "html", folder, folder / "html"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_figure_answers_as_the_network_does(browser, figure):
    _, errors = open_page(browser, (figure / "html" / "index.html").as_uri())
    end = time.monotonic() + 20
    while not browser.find_elements("css selector", ".tgsh-live .said") and time.monotonic() < end:
        time.sleep(0.05)
    move = """
    const [place, values] = [document.querySelector('.tgsh-live'), arguments[0]];
    place.querySelectorAll('input').forEach((input, i) => {
      input.value = values[i];
      input.dispatchEvent(new Event('input'));
    });
    return place.dataset.probabilities;
    """
    tensors = load_file(figure / "tanh.safetensors")
    W1, W2, contexts = (dequantise(tensors[name], tensors[f"{name}.scale"]) for name in ("W1", "W2", "contexts"))
    net = TanhNet(3, 200)
    for image, task in ((0, 0), (5, 2)):
        got = torch.tensor([float(p) for p in browser.execute_script(move, [image, task]).split()])
        x = net.inputs(tensors["images"][[image]].reshape(1, 28, 28))
        expected = ((torch.tanh(x @ W1.T) * contexts[task]) @ W2.T).softmax(1)[0]
        torch.testing.assert_close(got, expected, atol=1e-4, rtol=0)
    assert errors == []


def test_it_takes_about_forty_lines():
    text = (ROOT / "tests" / "test_live_figure.py").read_text(encoding="utf-8")
    (python,) = re.findall(r"^# \[tensors\]\n(.*?)^# \[end\]", text, flags=re.MULTILINE | re.DOTALL)
    script = (ROOT / "tests" / "live_figure.js").read_text(encoding="utf-8")
    assert sum(bool(line.strip()) for line in (python + script).splitlines()) <= 42


def test_a_figure_without_its_files_is_an_error(figure, tmp_path):
    (tmp_path / "index.md").write_text(PAGE, encoding="utf-8")
    (tmp_path / "conf.py").write_bytes((figure / "conf.py").read_bytes())
    paths = os.pathsep.join([str(ROOT / "book" / "_extensions"), str(ROOT)])
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", tmp_path, tmp_path / "html"]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True)
    assert done.returncode
    assert "there is no file" in done.stderr
