"""The built pages: of the committed notebooks (`make render`) and of a smoke run (`make book PROFILE=smoke`)."""

import importlib
import json
import pkgutil
import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT

import tgsh

BUILDS = {"committed": ROOT / "_build" / "committed" / "html", "smoke": ROOT / "_build" / "smoke" / "html"}


class Page(HTMLParser):
    """Links, anchors, pictures and text of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links, self.ids, self.pictures, self.text = [], set(), [], ""
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids.add(found.get("id"))
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag == "img":
            self.pictures.append(found)

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module", params=list(BUILDS))
def pages(request):
    folder = BUILDS[request.param]
    if not (folder / "index.html").exists():
        pytest.skip(f"{request.param} is not built: `make test` builds it before it runs the tests")
    return {path: Page(path) for path in sorted((folder / "book").glob("*.html"))}


def test_every_entry_of_the_toc_has_a_page(pages):
    names = re.findall(r"book/([\w-]+)", (ROOT / "_toc.yml").read_text())
    assert {path.stem for path in pages} >= set(names)


def test_pictures_have_alt_text_and_files(pages):
    for path, page in pages.items():
        for picture in page.pictures:
            assert picture.get("alt"), f"{path.name}: {picture.get('src')}"
            if not picture["src"].startswith("data:"):
                assert (path.parent / picture["src"]).exists(), picture["src"]


def test_internal_links_lead_somewhere(pages):
    for path, page in pages.items():
        for link in page.links:
            if re.match(r"[a-z]+:", link) or link in ("", "#"):
                continue
            file, _, anchor = link.partition("#")
            target = (path.parent / file).resolve() if file else path
            assert target.exists(), f"{path.name}: {link}"
            if anchor and target in pages:
                assert anchor in pages[target].ids, f"{path.name}: {link}"


def test_figures_are_numbered_and_numbers_glued(pages):
    chapters = [page for path, page in pages.items() if (ROOT / "book" / f"{path.stem}.ipynb").exists()]
    assert chapters
    for page in chapters:
        assert re.search(r"Fig\. \d+", page.text)
        assert "This page was run on" in page.text
        assert not re.search(r"glue:|\{numref\}|\{cite", page.text)


def test_every_room_is_on_a_page_of_the_package():
    pages = "".join(path.read_text() for path in (ROOT / "book").glob("api-*.md"))
    modules = {f"tgsh.{module.name}" for module in pkgutil.iter_modules(tgsh.__path__) if module.name != "__main__"}
    assert modules <= set(re.findall(r"automodule:: (\S+)", pages))


def test_every_public_name_of_a_room_is_on_its_page(pages):
    by_name = {path.stem: page for path, page in pages.items()}
    for room in (module.name for module in pkgutil.iter_modules(tgsh.__path__) if module.ispkg):
        public = importlib.import_module(f"tgsh.{room}").__all__
        assert {f"tgsh.{room}.{name}" for name in public} <= by_name[f"api-{room}"].ids, room


def test_code_leads_to_the_pages_of_the_package(pages):
    documented = {name for path, page in pages.items() if path.stem.startswith("api-") for name in page.ids}
    assert {"tgsh.networks.CRWN.context_vectors", "tgsh.runs.open_chapter", "tgsh.measures.tgsh_test"} <= documented
    for path, page in pages.items():
        if (ROOT / "book" / f"{path.stem}.ipynb").exists():
            assert any(link.endswith("#tgsh.runs.open_chapter") for link in page.links), path.name


def typeset(text: str) -> str:
    """As Sphinx prints it: with a typographic apostrophe."""
    return text.replace("'", "\u2019")


def test_pages_show_the_recorded_results():
    folder = BUILDS["committed"] / "book"
    if not folder.exists():
        pytest.skip("committed is not built: `make test` builds it before it runs the tests")
    front = Page(folder / "intro.html").text
    for path in sorted((ROOT / "data" / "results").glob("*.json")):
        results = json.loads(path.read_text()).get("results", {})
        page = folder / f"{path.stem}.html"
        if not page.exists():
            continue  # the benchmark's record belongs to no chapter
        source = "".join(cell.source for cell in nbformat.read(ROOT / "book" / f"{path.stem}.ipynb", 4).cells)
        shown = Page(page).text
        for name in re.findall(r"\{glue:text\}`(\w+)`", source):
            assert typeset(results[name]["text"]) in shown, f"{path.stem}: {name}"
        for name in re.findall(rf"`{path.stem}\.ipynb::(\w+):s", (ROOT / "book" / "intro.md").read_text()):
            assert typeset(results[name]["text"]) in front, f"front page: {path.stem}: {name}"
