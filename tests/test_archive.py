"""The archive of a release: what it holds, and what it says of it."""

import json
import subprocess
import sys
import zipfile
from datetime import date

import pytest
import yaml
from conftest import ROOT

import tgsh

sys.path.insert(0, str(ROOT / "tools"))
import archive

CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


@pytest.fixture
def site(tmp_path):
    (tmp_path / "html" / "book").mkdir(parents=True)
    (tmp_path / "html" / "index.html").write_text("front")
    (tmp_path / "html" / "book" / "a.html").write_text("a")
    return tmp_path / "html"


def test_an_archive_holds_the_pages_the_files_and_their_description(site, tmp_path):
    pdf = tmp_path / "book.pdf"
    pdf.write_bytes(b"%PDF")
    archive.build(site, tmp_path / "out", [pdf])
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {archive.SITE, "book.pdf", "ro-crate-metadata.json"}
    with zipfile.ZipFile(tmp_path / "out" / archive.SITE) as packed:
        assert packed.namelist() == ["tgsh-book/book/a.html", "tgsh-book/index.html"]
        assert packed.read("tgsh-book/index.html") == b"front"


def test_equal_pages_give_an_equal_zip(site, tmp_path):
    for name in ("a.zip", "b.zip"):
        archive.zip_site(site, tmp_path / name)
        (site / "index.html").touch()
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_zenodo_is_told_what_the_citation_file_says():
    told = archive.zenodo(CITATION)
    assert told["title"] == CITATION["title"]
    assert [creator["name"] for creator in told["creators"]] == [CITATION["authors"][0]["name"]]
    assert told["license"] == "bsd-3-clause"
    assert told["publication_date"] == CITATION["date-released"]
    assert {entry["identifier"] for entry in told["related_identifiers"]} == {r["url"] for r in CITATION["references"]}
    person = {"family-names": "Hong", "given-names": "Jinyung"}
    assert archive.zenodo(CITATION | {"authors": [person]})["creators"] == [{"name": "Hong, Jinyung"}]


def test_the_checkout_has_what_zenodo_reads():
    file = ROOT / ".zenodo.json"
    assert file.read_text(encoding="utf-8") == archive.as_text(archive.zenodo(CITATION)), "run `make archive`"


def test_a_release_has_one_version_and_one_date():
    released = date.fromisoformat(CITATION["date-released"])
    changes = (ROOT / "book" / "changes.md").read_text(encoding="utf-8")
    newest = next(line for line in changes.splitlines() if line.startswith("## "))
    assert newest == f"## Version {CITATION['version']}, {released.day} {released:%B %Y}"
    assert CITATION["version"] == tgsh.__version__


def test_the_crate_names_every_file_and_refers_to_nothing_that_is_missing(site, tmp_path):
    archive.build(site, tmp_path / "out", [])
    content = json.loads((tmp_path / "out" / "ro-crate-metadata.json").read_text())
    entities = {entity["@id"]: entity for entity in content["@graph"]}
    assert len(entities) == len(content["@graph"])
    assert entities["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    assert entities["./"]["hasPart"] == [{"@id": archive.SITE}]
    assert int(entities[archive.SITE]["contentSize"]) == (tmp_path / "out" / archive.SITE).stat().st_size
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    assert entities["#source"]["version"] == (head or "unknown")

    def references(value):
        if isinstance(value, dict):
            if set(value) == {"@id"}:
                yield value["@id"]
            for inner in value.values():
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    named = {name for entity in content["@graph"] for name in references(entity)}
    assert named - set(entities) == {"https://w3id.org/ro/crate/1.1"}


def test_without_pages_it_says_so_in_a_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["archive.py", str(tmp_path), str(tmp_path / "out")])
    assert archive.main() == 1
    assert "render the book first" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
