"""Commands that are interrupted, run twice at once, or run in odd folders: one line, and the next command works."""

import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from contextlib import ExitStack
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "tools"))
import drafts
import fetch_assets
import install

from tgsh.__main__ import main
from tgsh.runs import PROFILES

DEAD = f"{drafts.PREFIX}x"  # what a killed command left
ODD = "My Papers, a&b, it's (x) for pay$me"


def write_chapter(path: Path, *sources: str) -> None:
    cells = [nbformat.v4.new_code_cell(source) for source in ("profile = 'paper'", *sources)]
    cells[0].metadata["tags"] = ["parameters"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Tiny"), *cells])
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(notebook, path)


@pytest.fixture
def checkout(tmp_path):
    """A small book in a folder with an odd name: the makefile and the tools are ours, the environment is this one."""
    folder = tmp_path / ODD
    (folder / "book").mkdir(parents=True)
    for name in ("Makefile", "_config.yml", "requirements.lock", "pyproject.toml"):
        shutil.copy2(ROOT / name, folder)
    for name in ("tools", "tgsh", "book/_static", "book/_extensions"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(ROOT / "book" / "references.bib", folder / "book")
    (folder / "tests").mkdir()
    for name in ("test_own_parts.py", "test_live_figure.py", "live_figure.js"):
        (folder / "tests" / name).write_text("")
    (folder / "_toc.yml").write_text("format: jb-book\nroot: book/intro\nchapters:\n- file: book/tiny\n")
    (folder / "book" / "intro.md").write_text("# Front page\n")
    write_chapter(folder / "book" / "tiny.ipynb", "print('in', profile)")
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nPYTHONPATH="$PWD" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (folder / ".venv" / ".installed").touch()
    (folder / ".assets").mkdir()
    (folder / ".assets" / "state").touch()
    return folder


def outside_make() -> dict[str, str]:
    """The environment without what `make test` adds to it: a make started here is not one inside another."""
    return {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = ["make", "-o", ".assets/state", *arguments]  # asks no network for assets
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=outside_make())


def left_in(folder: Path) -> list[str]:
    """Drafts and parts of files in a folder and below."""
    return [str(path) for path in folder.rglob("*") if path.name.startswith(drafts.PREFIX) or path.suffix == ".part"]


def test_a_book_is_made_in_a_folder_of_any_name(checkout):
    (checkout / "_build" / "smoke" / DEAD).mkdir(parents=True)
    done = make(checkout, "book", "PROFILE=smoke")
    assert done.returncode == 0, done.stderr
    assert "in smoke" in (checkout / "_build" / "smoke" / "html" / "book" / "tiny.html").read_text()
    assert left_in(checkout) == []
    assert "Rendering" not in make(checkout, "book", "PROFILE=smoke").stdout  # nothing is left to do


def test_a_chapter_is_run_in_a_folder_of_any_name(checkout):
    done = make(checkout, "run", "CHAPTER=tiny", "PROFILE=smoke")
    assert done.returncode == 0, done.stderr
    assert "in smoke" in (checkout / "_build" / "run" / "tiny.ipynb").read_text()


def test_every_command_names_its_files_in_a_folder_of_any_name(checkout):
    for goal in ("test", "render", "pdf", "format", "benchmark", "clear-cache", "paper"):
        done = make(checkout, "-n", "--no-print-directory", goal)
        assert done.returncode == 0, done.stderr
        assert str(checkout) not in done.stdout  # no shell has to read the name


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("pdf", "CHROMIUM=no-such-browser"), "error: make pdf prints with chromium, and no-such-browser is not there"),
        (("run",), "error: name a chapter"),
        (("run", "CHAPTER=tiny", "P=seed"), "error: argument -p: expected 2 arguments; see execute.py --help"),
        (("run", "CHAPTER=tiny", "P=n_task=3"), "error: book/tiny.ipynb: this chapter has no parameter n_task"),
        (("run", "CHAPTER=nothing"), "error: there is no chapter book/nothing.ipynb"),
    ],
)
def test_what_is_missing_or_mistyped_is_said_at_once(checkout, arguments, said):
    started = time.monotonic()
    done = make(checkout, *arguments)
    first, *others = done.stderr.splitlines()
    assert done.returncode
    assert first.startswith(said)
    assert all(line.startswith("make: ") for line in others)
    assert "Rendering" not in done.stdout
    assert time.monotonic() - started < 30


# Rendering


BROKEN = "import sys; print('WARNING: no such page'); sys.exit(1)"


def heed_interrupts() -> None:
    """For a program that is started from these tests, where they run in the background of a script."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def start_in():
    """Starts programs in folders; ends those that still run."""
    with ExitStack() as stack:

        def start(folder: Path, modules: Path, *command: str) -> subprocess.Popen:
            options = {
                "stdout": subprocess.PIPE,
                "stderr": subprocess.PIPE,
                "text": True,
                "preexec_fn": heed_interrupts,
            }
            environment = os.environ | {"PYTHONPATH": str(modules)}
            running = stack.enter_context(
                subprocess.Popen([sys.executable, *command], cwd=folder, env=environment, **options)
            )
            stack.callback(running.kill)
            return running

        yield start


@pytest.fixture
def rendering(checkout, start_in):
    """Starts tools/render.py with a program in place of Jupyter Book."""
    (checkout / "_build" / "a" / "html").mkdir(parents=True)
    (checkout / "_build" / "a" / "html" / "index.html").write_text("old")

    def start(program: str) -> subprocess.Popen:
        tool = "import drafts, render, sys; render.JUPYTER_BOOK = (sys.executable, '-c', sys.argv.pop(1)); "
        tool += "sys.exit(drafts.command(render.main, 'run it again'))"
        return start_in(checkout, ROOT / "tools", "-c", tool, program, "_build/a", "_toc.yml", "book/intro.md")

    return start


RENDERS = """
import pathlib, sys, time
html = pathlib.Path(sys.argv[-1], "_build", "html")
html.mkdir(parents=True)
(html / "index.html").write_text("half")
time.sleep(SECONDS)
(html / "index.html").write_text("new")
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_interrupted_rendering_leaves_the_pages_and_the_next_one_works(checkout, rendering, name):
    running = rendering(RENDERS.replace("SECONDS", "20"))
    while not list(checkout.glob("_build/a/.draft-*/output/_build/html/index.html")):
        assert running.poll() is None
    running.send_signal(getattr(signal, name))
    _, said = running.communicate(timeout=60)
    assert running.returncode == (-9 if name == "SIGKILL" else 130)
    assert said == ("" if name == "SIGKILL" else "interrupted: run it again\n")
    page = checkout / "_build" / "a" / "html" / "index.html"
    assert page.read_text() == "old"
    again = rendering(RENDERS.replace("SECONDS", "0"))
    assert again.wait(60) == 0
    assert page.read_text() == "new"
    assert left_in(checkout) == []


def test_pages_that_cannot_be_rendered_leave_the_old_ones_and_the_log(checkout, rendering):
    running = rendering(BROKEN)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "WARNING: no such page" in said
    assert said.splitlines()[-1] == "error: the pages were not rendered: see above, or _build/a/build.log"
    assert (checkout / "_build" / "a" / "html" / "index.html").read_text() == "old"
    assert left_in(checkout) == []


def test_two_renderings_at_once_both_work(checkout, rendering):
    both = [rendering(RENDERS.replace("SECONDS", "0.5")) for _ in range(2)]
    assert [running.wait(60) for running in both] == [0, 0]
    assert (checkout / "_build" / "a" / "html" / "index.html").read_text() == "new"
    assert left_in(checkout) == []


def test_a_folder_is_replaced_though_another_command_is_faster(tmp_path, monkeypatch):
    target, draft, other = (tmp_path / name for name in ("target", "draft", "other"))
    for folder in (target, draft, other):
        folder.mkdir()
        (folder / "file").write_text(folder.name)
    rename, moments = os.rename, iter([other])

    def with_another(source, to):
        rename(source, to)
        if source == target:  # the place is free for a moment
            for faster in moments:
                rename(faster, target)

    monkeypatch.setattr(os, "rename", with_another)
    drafts.put_folder(draft, target)
    assert (target / "file").read_text() == "draft"
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


# Drafts


def test_what_a_killed_command_left_is_removed_by_the_next_and_what_another_works_on_stays(tmp_path):
    (tmp_path / DEAD / "results").mkdir(parents=True)
    with drafts.draft_folder(tmp_path) as working:
        drafts.put_text("text", tmp_path / "file")
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted([working.name, "file"])
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_is_one_line_and_leaves_the_old_file(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("old")

    def refuse(*_, **__):
        raise OSError(28, "No space left on device", "file")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    assert drafts.command(lambda: drafts.put_text("new", tmp_path / "file")) == 1
    assert capsys.readouterr().err == "error: No space left on device: file\n"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "old"


# Assets


def test_an_interrupted_fetch_leaves_what_was_there_and_the_next_one_works(tmp_path, monkeypatch):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        member = tarfile.TarInfo("package/a.js")
        member.size = 1
        tar.addfile(member, io.BytesIO(b"a"))
    sha256 = "1a7ca6ddb7c1b49bb4ac8ab1d4c2dc0ed4a6d2a3c3bbbfe9a9e0d2aaf5fb3ba4"
    package = fetch_assets.Package("ours", "ours", "1.0", "", sha256, "package/", ("*.js",), "less is seen")
    monkeypatch.setattr(fetch_assets, "download", lambda _: content.getvalue())
    folder = tmp_path / "assets"
    (folder / DEAD).mkdir(parents=True)
    (folder / "ours").mkdir()
    (folder / "ours" / "a.js").write_text("old")

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(fetch_assets, "digest", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fetch_assets.unpack(package, content.getvalue(), folder / "ours")
    assert (folder / "ours" / "a.js").read_text() == "old"
    monkeypatch.setattr(fetch_assets, "digest", lambda _: sha256)
    fetch_assets.unpack(package, content.getvalue(), folder / "ours")
    assert (folder / "ours" / "a.js").read_text() == "a"
    assert left_in(folder) == []


# Installing


FAKE_VENV = """
import pathlib, shutil, sys
folder = pathlib.Path(sys.argv[-1])
if "--clear" in sys.argv:
    shutil.rmtree(folder, ignore_errors=True)
(folder / "bin").mkdir(parents=True, exist_ok=True)
(folder / "bin" / "python").write_text(f"#!/bin/sh\\nexec {sys.executable} PIP $PWD/log \\"$@\\"\\n")
(folder / "bin" / "python").chmod(0o755)
"""
FAKE_PIP = """
import pathlib, sys, time
with open(sys.argv[1], "a") as log:
    log.write(" ".join(sys.argv[2:]) + "\\n")
time.sleep(float(pathlib.Path("slow").read_text()))
(pathlib.Path(".venv") / "half").write_text("")
"""


@pytest.fixture
def installing(tmp_path, start_in):
    """Starts tools/install.py in a folder with a slow program in place of pip, and another in place of venv."""
    for name in install.NEEDED:
        (tmp_path / name).write_text("")
    (tmp_path / "pip.py").write_text(FAKE_PIP)
    (tmp_path / "fakes").mkdir()
    (tmp_path / "fakes" / "venv.py").write_text(FAKE_VENV.replace("PIP", str(tmp_path / "pip.py")))

    def start(slow: float) -> subprocess.Popen:
        (tmp_path / "slow").write_text(str(slow))
        return start_in(tmp_path, tmp_path / "fakes", str(ROOT / "tools" / "install.py"), ".venv")

    return start


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_an_interrupted_installation_is_begun_anew(tmp_path, installing, name):
    running = installing(slow=20 if name != "SIGKILL" else 1)
    while not (tmp_path / "log").exists():
        assert running.poll() is None
    running.send_signal(getattr(signal, name))
    running.wait(60)
    assert running.returncode == (-9 if name == "SIGKILL" else 130)
    if name != "SIGKILL":
        assert running.stderr.read() == "interrupted: run it again; what was downloaded is kept\n"
    assert not (tmp_path / ".venv" / ".installed").exists()
    (tmp_path / ".venv" / "left").write_text("of the first")
    assert installing(slow=0).wait(60) == 0  # also after the pip that was not killed
    assert (tmp_path / ".venv" / ".installed").exists()
    assert not (tmp_path / ".venv" / "left").exists()
    assert installing(slow=0).communicate(timeout=60)[0] == ""  # nothing is left to do


def test_of_two_installations_at_once_the_second_waits_for_the_first(tmp_path, installing):
    both = [installing(slow=0.5) for _ in range(2)]
    said = [running.communicate(timeout=60)[0] for running in both]
    assert [running.returncode for running in both] == [0, 0]
    assert sorted(text.count("Installing") for text in said) == [0, 1]
    assert (tmp_path / "log").read_text().count("install") == 2  # the requirements, and the package


def test_changed_requirements_are_installed_into_what_is_there(tmp_path, installing):
    assert installing(slow=0).wait(60) == 0
    (tmp_path / ".venv" / "kept").write_text("")
    os.utime(tmp_path / "requirements.lock", (time.time() + 10, time.time() + 10))
    assert installing(slow=0).wait(60) == 0
    assert (tmp_path / ".venv" / "kept").exists()


# python -m tgsh


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["benchmark", "--profile", "fast"], "error: argument --profile: invalid choice: 'fast'"),
        (["benchmark", "--profile", "smoke", "--compared", "0"], "error: compared must be a whole number from 1"),
        (["benchmark", "--device", "cuda:128"], "error: device 'cuda:128' is not there"),
        ([], "error: the following arguments are required: command"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(capsys, monkeypatch, arguments, said):
    monkeypatch.setitem(PROFILES, "paper", PROFILES["smoke"])
    try:
        status = main(arguments)
    except SystemExit as left:
        status = left.code
    assert status == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(said)


def test_an_interrupted_benchmark_is_one_line(capsys, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("tgsh.__main__.run_benchmark", interrupted)
    assert main(["benchmark"]) == 130
    assert capsys.readouterr().err == "interrupted: run it again\n"
