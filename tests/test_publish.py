"""Cards of shared links, the map of the site, the page for what is not found."""

import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT


@pytest.fixture(scope="module", params=["https://github.com/Us/paper.git", None], ids=["public", "private"])
def built(request, tmp_path_factory):
    """A small book, rendered from a checkout with and without a public remote: its address, and its folder."""
    folder = tmp_path_factory.mktemp("book")
    first = 'A first paragraph that is long enough to say what the page is about, with <b> & an "end".'
    (folder / "index.md").write_text(f"# A title\n\nShort.\n\n{first}\n\n```{{toctree}}\nsecond\n```\n")
    (folder / "second.md").write_text("# Second\n\nShort.\n")
    (folder / "conf.py").write_text("project = 'The book'\nextensions = ['myst_nb', 'tgsh_site', 'tgsh_publish']\n")
    (folder / "data" / "results").mkdir(parents=True)
    (folder / "data" / "results" / "rotation-contexts.png").write_bytes(b"a picture")
    if request.param:
        subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
        subprocess.run(["git", "remote", "add", "origin", request.param], cwd=folder, check=True)
    paths = {"PYTHONPATH": str(ROOT / "book" / "_extensions"), "TGSH_ROOT": str(folder)}
    options = ["-D", "html_theme=sphinx_book_theme"]
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", *options, folder, folder / "html"]
    done = subprocess.run(command, env=os.environ | paths, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return request.param and "https://us.github.io/paper/", folder / "html"


def test_a_shared_link_shows_title_description_and_picture(built):
    home, folder = built
    page = (folder / "index.html").read_text()
    tags = dict(re.findall(r'<meta property="(og:[\w:]+)" content="([^"]*)"', page))
    assert tags["og:title"] == "A title"
    assert tags["og:description"].startswith("A first paragraph that is long enough")
    assert "&amp;" in tags["og:description"]
    assert tags.get("og:url") == (f"{home}index.html" if home else None)
    assert tags.get("og:image") == (f"{home}_static/rotation-contexts.png" if home else None)
    assert (folder / "_static" / "rotation-contexts.png").exists() == bool(home)
    assert 'content="The book"' in (folder / "second.html").read_text()  # no paragraph says enough


def test_the_map_lists_every_page_where_the_address_is_known(built):
    home, folder = built
    assert (folder / "sitemap.xml").exists() == bool(home)
    if home:
        found = re.findall("<loc>(.*?)</loc>", (folder / "sitemap.xml").read_text())
        assert found == [f"{home}index.html", f"{home}second.html"]


def test_what_is_not_found_leads_home(built):
    home, folder = built
    page = (folder / "404.html").read_text()
    assert f'href="{home or "/"}"' in page
    assert "<h1>" in page
