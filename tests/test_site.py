"""The parts of the site: assets fetched once and pinned, launch buttons, the tables of runs and of verdict rules."""

import base64
import csv
import functools
import hashlib
import html
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import threading
import tomllib
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType, SimpleNamespace

import nbformat
import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "tools"))
sys.path.insert(0, str(ROOT / "book" / "_extensions"))
import execute
import fetch_assets
import seals
import setup_cell
import tgsh_numbers
import tgsh_site

from tgsh.runs import RULES

FILES = {"package/LICENSE": b"ours", "package/es5/a.js": b"a", "package/es5/x/b.woff": b"b", "package/es5/c.map": b"c"}


def archive():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for name, content in FILES.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return file.getvalue()


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """A registry on this machine, with one package in it; no npm."""
    packed = archive()
    sha512 = base64.b64encode(hashlib.sha512(packed).digest()).decode()
    kept = {"LICENSE": b"ours", "a.js": b"a", "x/b.woff": b"b"}
    files = hashlib.sha256(b"".join(f"{name} {len(kept[name])}\n".encode() + kept[name] for name in sorted(kept)))
    wanted = ("package/es5/", ("a.js", "x/*"), "less is seen")
    package = fetch_assets.Package("ours", "@us/ours", "1.0", sha512, files.hexdigest(), *wanted)
    file = tmp_path / "registry" / package.path
    file.parent.mkdir(parents=True)
    file.write_bytes(packed)
    handler = functools.partial(SimpleHTTPRequestHandler, directory=tmp_path / "registry")
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    monkeypatch.setattr(fetch_assets.shutil, "which", lambda _: None)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("NPM_CONFIG_REGISTRY", f"http://127.0.0.1:{server.server_port}/")
        yield SimpleNamespace(file=file, package=package)
        server.shutdown()


def test_the_wanted_files_are_fetched_once(registry, tmp_path, capsys):
    folder = tmp_path / "assets"
    fetch_assets.fetch(folder, [registry.package])
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found == {"state", "ours/VERSION", "ours/LICENSE", "ours/a.js", "ours/x/b.woff"}
    assert "Fetched @us/ours 1.0" in capsys.readouterr().out
    before = (folder / "state").stat().st_mtime_ns
    registry.file.unlink()
    fetch_assets.fetch(folder, [registry.package])
    assert capsys.readouterr() == ("", "")
    assert (folder / "state").stat().st_mtime_ns == before


def test_a_changed_file_is_fetched_again(registry, tmp_path):
    folder = tmp_path / "assets"
    fetch_assets.fetch(folder, [registry.package])
    (folder / "ours" / "a.js").write_text("not ours")
    assert not fetch_assets.is_there(registry.package, folder)
    fetch_assets.fetch(folder, [registry.package])
    assert (folder / "ours" / "a.js").read_bytes() == b"a"


def test_a_changed_archive_is_refused_and_leaves_nothing(registry, tmp_path, capsys):
    registry.file.write_bytes(registry.file.read_bytes() + b"\0")
    fetch_assets.fetch(tmp_path / "assets", [registry.package])
    assert [path.name for path in (tmp_path / "assets").iterdir()] == ["state"]
    said = capsys.readouterr().err
    assert "wrong checksum" in said
    assert "less is seen" in said
    assert said.count("\n") == 1


def test_without_a_network_what_was_there_stays_and_the_rest_is_named(registry, tmp_path, monkeypatch, capsys):
    fetch_assets.fetch(tmp_path / "assets", [registry.package])
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "http://127.0.0.1:9/")
    other = fetch_assets.Package("more", "more", "2.0", "", "", "package/", ("*",), "more is not seen")
    fetch_assets.fetch(tmp_path / "assets", [registry.package, other])
    assert (tmp_path / "assets" / "ours" / "a.js").exists()
    said = capsys.readouterr().err
    assert said.startswith("note: more could not be fetched (")
    assert said.endswith("): more is not seen.\n")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("remote", "url"),
    [
        ("https://github.com/us/paper.git", "https://github.com/us/paper"),
        ("https://name:token@github.com/us/paper", "https://github.com/us/paper"),
        ("git@github.com:us/paper.git", "https://github.com/us/paper"),
        ("ssh://git@github.com/us/paper.x", "https://github.com/us/paper.x"),
        ("https://example.org/github.com/paper", None),
        ("/srv/git/paper.git", None),
        ("", None),
    ],
)
def test_only_a_github_remote_gives_buttons(remote, url):
    assert tgsh_site.github_url(remote) == url


def test_buttons_lead_to_what_the_remote_has(tmp_path, monkeypatch):
    def git(*arguments):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True, capture_output=True)

    def options():
        config = SimpleNamespace(html_theme_options={"show_toc_level": 2})
        tgsh_site.add_buttons(SimpleNamespace(confdir=tmp_path), config)
        return config.html_theme_options

    monkeypatch.delenv("TGSH_ROOT", raising=False)
    git("init", "--quiet")
    git("-c", "user.name=us", "-c", "user.email=us@example.org", "commit", "--allow-empty", "-m", "one")
    assert options() == {"show_toc_level": 2}
    git("remote", "add", "origin", "git@github.com:us/paper.git")
    assert options()["repository_url"] == "https://github.com/us/paper"
    assert options()["repository_branch"] == "main"  # the commit is not there yet
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    assert len(options()["repository_branch"]) == 40
    assert "binderhub_url" in options()["launch_buttons"]
    assert "colab_url" not in options()["launch_buttons"]  # no pages are published that it could open
    git("update-ref", "refs/remotes/origin/gh-pages", "HEAD")
    assert "colab_url" in options()["launch_buttons"]


REPOSITORY = {"repository_url": "https://github.com/us/paper", "repository_branch": "0123abc"}


def test_colab_opens_the_notebook_beside_the_published_page():
    buttons = [{"url": "https://mybinder.org/v2/gh/us/paper"}, {"url": f"{tgsh_site.COLAB}/github/us/paper/x"}]
    context = {"header_buttons": [{"label": "no group"}, {"buttons": buttons}]}
    app = SimpleNamespace(config=SimpleNamespace(html_theme_options=REPOSITORY))
    tgsh_site.open_published_notebook(app, "book/a", "page.html", context, None)
    assert buttons[0]["url"] == "https://mybinder.org/v2/gh/us/paper"
    assert buttons[1]["url"].endswith("/github/us/paper/blob/gh-pages/_sources/book/a.ipynb")


@pytest.mark.parametrize("options", [REPOSITORY, {}], ids=["remote", "no remote"])
def test_the_served_notebook_names_its_source(options, tmp_path):
    served = tmp_path / "_sources" / "book" / "a.ipynb"
    served.parent.mkdir(parents=True)
    served.write_text(json.dumps({"cells": [setup_cell.CELL]}))
    app = SimpleNamespace(outdir=tmp_path, config=SimpleNamespace(html_theme_options=options))
    tgsh_site.name_source(app, None)
    (cell,) = json.loads(served.read_text())["cells"]
    named = "SOURCE = 'tgsh[lenses] @ git+https://github.com/us/paper@0123abc'  #" in "".join(cell["source"])
    assert named == bool(options)


@pytest.mark.parametrize("chapter", sorted((ROOT / "book").glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_chapter_begins_with_the_setup_cell(chapter):
    cells = json.loads(chapter.read_text())["cells"]
    assert setup_cell.is_first(cells), "run `make format`"
    assert [cell["id"] for cell in setup_cell.put_first(cells)] == [cell["id"] for cell in cells]


def test_the_setup_cell_comes_before_other_code():
    text, code = {"cell_type": "markdown", "id": "t"}, {"cell_type": "code", "id": "c"}
    assert setup_cell.put_first([text, code]) == [text, setup_cell.CELL, code]
    assert setup_cell.put_first([text, code, setup_cell.CELL]) == [text, setup_cell.CELL, code]
    assert not setup_cell.is_first([text, code, setup_cell.CELL])
    assert setup_cell.is_first([text, setup_cell.CELL | {"execution_count": 1}, code])


@pytest.fixture
def colab(monkeypatch):
    """What this machine would have to be for the setup cell; yields the commands that it runs."""
    commands, module = [], ModuleType("google.colab")
    module.output = SimpleNamespace(enable_custom_widget_manager=lambda: commands.append("widgets"))
    monkeypatch.setitem(sys.modules, "google.colab", module)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("importlib.metadata.version", {"torch": "2.8.0+cu126", "torchvision": "0.23.0"}.get)
    monkeypatch.setattr(subprocess, "run", lambda command, **_: commands.append(command))
    return commands


def test_the_setup_cell_does_nothing_off_colab(monkeypatch):
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)
    monkeypatch.setattr(subprocess, "run", None)
    exec(setup_cell.SETUP, {})


def test_the_setup_cell_installs_on_colab_and_keeps_its_torch(colab):
    exec(
        setup_cell.SETUP.replace("SOURCE = None", "SOURCE = 'tgsh[lenses] @ git+https://github.com/us/paper@0123abc'"),
        {},
    )
    command, widgets = colab
    assert command[1:4] == ["-m", "pip", "install"]
    assert command[-3:] == [
        "torch==2.8.0+cu126",
        "torchvision==0.23.0",
        "tgsh[lenses] @ git+https://github.com/us/paper@0123abc",
    ]
    assert widgets == "widgets"


def test_the_setup_cell_says_where_to_open_the_chapter(colab):
    with pytest.raises(AssertionError, match="Colab button"):
        exec(setup_cell.SETUP, {})
    assert colab == []


def build(folder, page, **environment):
    """Render ``page`` with the extension; return its HTML."""
    (folder / "index.md").write_text(page)
    (folder / "conf.py").write_text("extensions = ['myst_nb', 'tgsh_site', 'tgsh_numbers']\nhtml_theme = 'basic'\n")
    paths = {"PYTHONPATH": str(ROOT / "book" / "_extensions"), "TGSH_ROOT": str(folder)} | environment
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", "-b", "html", folder, folder / "html"]
    done = subprocess.run(command, env=os.environ | paths, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return (folder / "html" / "index.html").read_text()


def test_the_status_page_shows_the_records(tmp_path):
    record = {"profile": "smoke", "dataset": "digits", "device": "cpu", "date": "2026-11-21", "commit": "0123456789ab"}
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "a.json").write_text(
        json.dumps(record | {"seconds": 75, "stolen": 12, "versions": {"torch": "2.11"}, "results": {}})
    )
    (tmp_path / "results" / "b.json").write_text('{"seconds": 1000}')  # no chapter
    speed = {"seconds": 45, "results": {"plain_task": {"value": 40, "text": "40"}}}
    (tmp_path / "results" / "speed.json").write_text(json.dumps(speed))
    html = build(tmp_path, "# Status\n\n```{status}\n```\n", TGSH_RESULTS=str(tmp_path / "results"))
    for text in (
        "<p>a</p>",
        "smoke",
        "digits",
        "2026-11-21",
        "0123456789ab",
        "0:01:15 (0:00:12)",
        "torch 2.11",
        "<p>b</p>",
    ):
        assert text in html
    assert "All chapters: 0:02:00, as long as the published loop takes for 3 tasks" in html


def test_a_record_is_data_and_no_markup(tmp_path):
    (tmp_path / "results").mkdir()
    record = {"dataset": "<script>alert(1)</script>", "commit": "`x` | **y**", "device": "[a](https://example.org)"}
    (tmp_path / "results" / "a.json").write_text(json.dumps(record))
    html = build(tmp_path, "# Status\n\n```{status}\n```\n", TGSH_RESULTS=str(tmp_path / "results"))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "`x` | **y**" in html
    assert 'example.org"' not in html


def test_all_recorded_numbers_are_on_a_page_and_in_a_file(tmp_path):
    (tmp_path / "a.json").write_text(
        json.dumps(
            {
                "profile": "smoke",
                "seed": 3,
                "results": {
                    "mean": {"value": 0.2, "per_seed": [0.1, 0.3], "text": "0.20 (0.10 to 0.30)"},
                    "word": {"value": '<b>, "of"', "text": '<b>, "of"'},
                },
            }
        )
    )
    (tmp_path / "b.json").write_text('{"seconds": 3}')
    first, second = csv.DictReader(io.StringIO(tgsh_numbers.as_csv(tmp_path)))
    assert (first["chapter"], first["name"], first["value"], first["per_seed"]) == ("a", "mean", "0.2", "0.1 0.3")
    assert (first["text"], first["profile"], first["seed"], first["low"]) == ("0.20 (0.10 to 0.30)", "smoke", "3", "")
    assert second["value"] == '<b>, "of"'
    pages = tmp_path / "pages"
    pages.mkdir()
    page = build(pages, "# Numbers\n\n```{numbers}\n```\n", TGSH_RESULTS=str(tmp_path))
    assert page.count("<tr") == 3
    assert '<tr id="a.mean"><td>a</td><td><code>mean</code></td><td>0.20 (0.10 to 0.30)</td></tr>' in page
    assert "&lt;b&gt;" in page


def test_a_page_without_its_assets_asks_no_other_host(tmp_path):
    html = build(tmp_path, "# Mathematics\n\n```{math}\nx^2\n```\n")
    assert "x^2" in html
    assert not re.search(r"<script[^>]*https?://", html)


def test_the_status_page_stands_without_records(tmp_path):
    assert "No run is recorded." in build(tmp_path, "# Status\n\n```{status}\n```\n", TGSH_RESULTS=str(tmp_path / "no"))


def test_the_rules_of_verdicts_are_printed(tmp_path):
    page = html.unescape(build(tmp_path, "# Verdicts\n\n```{verdict-rules}\n```\n")).replace("\u2019", "'")
    assert page.count("<tr") == 1 + len(RULES)
    words = {">": "above", ">=": "at least", "<": "below", "<=": "at most"}
    for name, rule in RULES.items():
        threshold = f"{rule.threshold:g}".replace("-", "\N{MINUS SIGN}")
        cells = rule.chapter, name, rule.quantity, words[rule.relation], threshold
        row = "".join(rf"<td>.*{re.escape(cell)}.*</td>\s*" for cell in cells)
        assert re.search(rf"<tr[^>]*><td.*{row[4:]}</tr>", page), rule


def test_the_run_time_and_the_seal_are_added_to_a_record(tmp_path):
    record, notebook = tmp_path / "a.json", nbformat.v4.new_notebook()
    execute.finish_record(record, notebook, started=0.0)
    assert not record.exists()
    record.write_text('{"profile": "smoke"}')
    execute.finish_record(record, notebook, started=record.stat().st_mtime - 60, stolen=1.6)
    content = json.loads(record.read_text())
    assert content["seconds"] >= 60
    assert content["stolen"] == 2
    assert content["seal"] == seals.seal(notebook, {"profile": "smoke"})
    record.write_text('{"profile": "smoke"}')
    execute.finish_record(record, notebook, started=0.0, is_sealed=False)
    assert json.loads(record.read_text()).keys() == {"profile", "seconds"}


def test_stolen_time_is_read_where_the_system_tells(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(os, "sysconf", lambda name: 100)
    (tmp_path / "stat").write_text("cpu  10 0 10 50 0 0 0 600 0 0\ncpu0 5 0 5 25 0 0 0 300 0 0\n")
    assert execute.stolen_seconds(tmp_path / "stat") == 3
    (tmp_path / "stat").write_text("cpu  10 0 10 50\n")
    assert execute.stolen_seconds(tmp_path / "stat") is None
    assert execute.stolen_seconds(tmp_path / "nowhere") is None


def pins(path):
    return dict(re.findall(r"^([\w-]+)==([\w.]+)", path.read_text(), flags=re.MULTILINE))


def test_binder_installs_what_the_package_needs_in_the_versions_of_the_book():
    binder, book = pins(ROOT / "binder" / "requirements.txt"), pins(ROOT / "requirements.txt")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(binder) >= {re.match(r"[\w-]+", line)[0] for line in project["dependencies"]}
    assert set(binder.items()) <= set(book.items())


def test_the_lock_file_holds_the_pins_each_with_its_hashes():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([\w.-]+)==([\w.]+)", lock, flags=re.MULTILINE))
    assert set(pins(ROOT / "requirements.txt").items()) <= set(locked.items()), (
        "make requirements.lock anew: see its head"
    )
    entries = re.split(r"^(?=[\w.-]+==)", lock, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)


def test_the_workflow_pins_what_it_runs():
    workflow = (ROOT / ".github" / "workflows" / "book.yml").read_text(encoding="utf-8")
    images = re.findall(r"container: (\S+)", workflow)
    assert images
    assert all(re.fullmatch(r"\S+@sha256:[0-9a-f]{64}", image) for image in images)
    used = re.findall(r"uses: (\S+)", workflow)
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action) for action in used)
    assert workflow.count("actions/checkout@") == workflow.count("persist-credentials: false") > 0


def test_the_committed_notebooks_weigh_at_most_22_MB():
    assert sum(path.stat().st_size for path in (ROOT / "book").glob("*.ipynb")) < 22_000_000


ENTRY = {"title": "A title", "said": "It was 5 %.", "now": "It is {{x}}, $y^{2}$.", "because": "{{b:z}}."}


def build_corrections(folder, **numbers):
    """Render the correction of the chapter a beside records: chapter -> name -> text."""
    (folder / "data" / "results").mkdir(parents=True)
    (folder / "data" / "corrections").mkdir()
    (folder / "data" / "corrections" / "a.json").write_text(json.dumps([ENTRY]))
    for chapter, texts in numbers.items():
        results = {name: {"value": 0, "text": text} for name, text in texts.items()}
        (folder / "data" / "results" / f"{chapter}.json").write_text(json.dumps({"results": results}))
    return build(folder, "# Corrections\n\n```{corrections}\n```\n", TGSH_RESULTS=str(folder / "data" / "results"))


def test_corrections_show_the_recorded_numbers(tmp_path):
    page = build_corrections(tmp_path, a={"x": "7 %"}, b={"z": "−2 of *3*"})
    for text in ("A title", "It was 5 %.", "It is <strong>7 %</strong>", "y^{2}", "<strong>−2 of *3*</strong>."):
        assert text in page


def test_a_correction_of_a_chapter_that_was_not_run_says_so(tmp_path):
    assert "It is (not run)" in build_corrections(tmp_path, b={"z": "2"})


def test_a_correction_cannot_name_a_number_that_is_not_recorded(tmp_path):
    with pytest.raises(AssertionError, match="corrections: a records no x"):
        build_corrections(tmp_path, a={"y": "7 %"}, b={"z": "2"})


@pytest.mark.parametrize("path", sorted((ROOT / "data" / "corrections").glob("*.json")), ids=lambda path: path.stem)
def test_a_correction_names_recorded_numbers(path):
    for entry in json.loads(path.read_text(encoding="utf-8")):
        assert list(entry) == ["title", "said", "now", "because"]
        for home, name in re.findall(r"\{\{(?:([\w-]+):)?(\w+)\}\}", entry["now"] + entry["because"]):
            record = ROOT / "data" / "results" / f"{home or path.stem}.json"
            assert name in json.loads(record.read_text(encoding="utf-8"))["results"], (entry["title"], name)
