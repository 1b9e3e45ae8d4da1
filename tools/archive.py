"""What a release is archived with: ``archive.py SITE FOLDER [FILE ...]``.

FOLDER then holds the rendered pages as one zip to be read offline, copies of the files (the PDF, the EPUB), and
``ro-crate-metadata.json``, which says what each file is and which commit it came from. Equal input gives equal files.
``.zenodo.json`` in the checkout is made from ``CITATION.cff`` (Zenodo reads only the former where both are).
"""

from __future__ import annotations

import json
import mimetypes
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import drafts
import yaml

ROOT = Path(__file__).resolve().parent.parent
SITE = "tgsh-book.zip"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can name
DESCRIPTIONS = {
    SITE: "The rendered book: unpack it and open index.html. No page asks another host.",
    "book.pdf": "The book as one PDF.",
    "book.epub": "The book as an EPUB.",
}


def zip_site(site: Path, target: Path) -> None:
    """Pack the pages in ``site`` into ``target``, below one folder, in the order of their names and without times."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in site.rglob("*") if path.is_file()):
            name = f"tgsh-book/{path.relative_to(site).as_posix()}"
            archive.writestr(zipfile.ZipInfo(name, EPOCH), path.read_bytes(), zipfile.ZIP_DEFLATED)


def _people(authors: list[dict[str, str]]) -> list[str]:
    # "Family, Given" as Zenodo wants it; an organisation has only a name
    return [author.get("name") or f"{author['family-names']}, {author['given-names']}" for author in authors]


def zenodo(citation: dict[str, Any]) -> dict[str, Any]:
    """The metadata of a Zenodo record from the content of ``CITATION.cff``."""
    licences = citation["license"] if isinstance(citation["license"], list) else [citation["license"]]
    related = [
        {"identifier": entry["url"], "relation": "cites", "resource_type": "publication"}
        for entry in citation.get("references", ())
    ]
    paper = citation.get("preferred-citation", {}).get("url")
    return {
        "title": citation["title"],
        "upload_type": "software",
        "publication_date": citation["date-released"],
        "description": citation["abstract"],
        "creators": [{"name": name} for name in _people(citation["authors"])],
        "keywords": citation["keywords"],
        "license": licences[0].lower(),
        "notes": f"Licences: {', '.join(licences)}. Please cite the paper, too: {paper}",
        "version": str(citation["version"]),
        "related_identifiers": related,
    }


def crate(citation: dict[str, Any], folder: Path, commit: str) -> dict[str, Any]:
    """The RO-Crate 1.1 description of the files in ``folder``."""
    files = sorted(folder.iterdir())
    parts = [
        {
            "@id": path.name,
            "@type": "File",
            "name": path.name,
            "description": DESCRIPTIONS.get(path.name, path.name),
            "encodingFormat": mimetypes.guess_type(path.name)[0] or "application/octet-stream",
            "contentSize": str(path.stat().st_size),
        }
        for path in files
    ]
    papers = [
        {
            "@id": entry["url"],
            "@type": "ScholarlyArticle",
            "name": entry["title"],
            "author": "; ".join(_people(entry["authors"])),
        }
        for entry in citation.get("references", ())
    ]
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": citation["title"],
        "description": citation["abstract"],
        "datePublished": citation["date-released"],
        "license": {"@id": "https://spdx.org/licenses/CC-BY-4.0"},
        "author": [{"@id": "#authors"}],
        "keywords": ", ".join(citation["keywords"]),
        "version": str(citation["version"]),
        "hasPart": [{"@id": part["@id"]} for part in parts],
        "citation": [{"@id": paper["@id"]} for paper in papers],
        "isBasedOn": {"@id": "#source"},
    }
    return {
        "@context": "https://w3id.org/ro/crate/1.1/context",
        "@graph": [
            {
                "@id": "ro-crate-metadata.json",
                "@type": "CreativeWork",
                "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
                "about": {"@id": "./"},
            },
            root,
            *parts,
            {"@id": "#authors", "@type": "Organization", "name": "; ".join(_people(citation["authors"]))},
            {
                "@id": "#source",
                "@type": "SoftwareSourceCode",
                "name": "tgsh, the package and the chapters",
                "version": commit,
                "programmingLanguage": "Python",
                "license": {"@id": "https://spdx.org/licenses/BSD-3-Clause"},
            },
            *papers,
            {
                "@id": "https://spdx.org/licenses/CC-BY-4.0",
                "@type": "CreativeWork",
                "name": "CC BY 4.0: text and figures",
            },
            {"@id": "https://spdx.org/licenses/BSD-3-Clause", "@type": "CreativeWork", "name": "BSD-3-Clause: code"},
        ],
    }


def as_text(content: dict[str, Any]) -> str:
    """JSON as it is written to files."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, encoding="utf-8")
    return done.stdout.strip() or "unknown"


def build(site: Path, folder: Path, files: list[Path]) -> None:
    """Fill ``folder`` as the head of this file says."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    with drafts.draft_folder(folder.parent) as draft:
        made = draft / "archive"
        made.mkdir()
        zip_site(site, made / SITE)
        for file in files:
            shutil.copy2(file, made / file.name)
        described = crate(citation, made, _git("rev-parse", "HEAD"))
        (made / "ro-crate-metadata.json").write_text(as_text(described), encoding="utf-8")
        drafts.put_folder(made, folder)


def main() -> int:
    """Run the command line; return its exit status."""
    parser = drafts.Parser(description="Pack the rendered book and describe it for archives.")
    parser.add_argument("site", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("files", type=Path, nargs="*")
    chosen = parser.parse_args()
    missing = [str(path) for path in [chosen.site / "index.html", *chosen.files] if not path.is_file()]
    if missing:
        print(f"error: there is no {', '.join(missing)}: render the book first", file=sys.stderr)
        return 1
    build(chosen.site, chosen.folder, chosen.files)
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    drafts.put_text(as_text(zenodo(citation)), ROOT / ".zenodo.json")
    return 0


if __name__ == "__main__":
    sys.exit(drafts.command(main))
