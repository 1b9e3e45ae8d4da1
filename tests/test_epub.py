"""The EPUB: what its pages hold, and what they do without."""

import os
import subprocess
import sys
import zipfile
from xml.etree import ElementTree

import pytest
from conftest import ROOT

FRONT = """# A title

Displayed:

$$ \\big( x \\big) = \\tfrac12, \\dots $$ (eq-of-mine)

Inline: $20°$. <script>alert(1)</script> <a href="numbers.csv" download>as a table</a>

```{raw} html
<details><summary><p>Show</p></summary><svg viewBox="0 0 1 1"></svg><br></details><dl><dd>No term</dd></dl>
```

```{toctree}
:hidden:
second
```
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The files of a small EPUB: their content by name."""
    folder = tmp_path_factory.mktemp("book")
    (folder / "index.md").write_text(FRONT)
    (folder / "second.md").write_text("# Second\n\nNo picture.\n")
    settings = "project = 'T'; html_title = 'The book'; author = 'Us'; copyright = '2026'\n"
    settings += "extensions = ['myst_nb', 'tgsh_site', 'tgsh_epub']\nmyst_enable_extensions = ['dollarmath']\n"
    (folder / "conf.py").write_text(settings)
    paths = {"PYTHONPATH": str(ROOT / "book" / "_extensions"), "TGSH_ROOT": str(ROOT)}
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "-q",
        "-b",
        "epub",
        "-d",
        folder / "trees",
        folder,
        folder / "epub",
    ]
    done = subprocess.run(command, env=os.environ | paths, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(folder / "epub" / "book.epub") as packed:
        assert packed.namelist()[0] == "mimetype"
        return {name: packed.read(name) for name in packed.namelist()}


def test_every_page_is_well_formed_and_runs_no_script(book):
    pages = [name for name in book if name.endswith(".xhtml")]
    assert {"index.xhtml", "second.xhtml", "nav.xhtml", "epub-cover.xhtml"} <= set(pages)
    for name in pages:
        ElementTree.fromstring(book[name])
        assert b"<script" not in book[name]
    assert not [name for name in book if name.endswith(".js")]


def test_formulas_are_mathml(book):
    page = book["index.xhtml"].decode()
    assert page.count("<math") == 2
    assert "(1)" in page
    assert "displaystyle" not in page


def test_nothing_is_named_that_is_not_there(book):
    page = book["index.xhtml"].decode()
    assert "as a table" in page
    assert "numbers.csv" not in page
    for found in ElementTree.fromstring(book["content.opf"]).iter("{http://www.idpf.org/2007/opf}item"):
        assert found.get("href") in book
    for name in ("index.xhtml", "second.xhtml"):
        for link in ElementTree.fromstring(book[name]).iter("{http://www.w3.org/1999/xhtml}link"):
            if link.get("rel") == "stylesheet":
                assert link.get("href").partition("?")[0] in book


def test_it_says_what_it_is(book):
    package = book["content.opf"].decode()
    assert "<dc:title>The book</dc:title>" in package
    assert 'href="_static/cover.png"' in package
    assert "second.xhtml" in book["nav.xhtml"].decode()
