"""Install what the book needs into a virtual environment: ``install.py FOLDER``.

FOLDER/.installed says that an installation is complete. Where it is missing, an earlier one was interrupted, or there
was none: the environment is made anew, since pip may take half a package for a whole one. pip keeps what it has
downloaded. Of two commands at once, the second waits for the first.
"""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

import drafts

NEEDED = (Path("requirements.lock"), Path("pyproject.toml"))
VERSIONS = ((3, 11), (3, 12))


def is_complete(stamp: Path) -> bool:
    """Whether what ``stamp`` stands for was installed after the requirements were last changed."""
    return stamp.exists() and all(stamp.stat().st_mtime >= path.stat().st_mtime for path in NEEDED)


def install(folder: Path) -> None:
    """Bring the virtual environment in ``folder`` up to date, from nothing unless the last installation is complete."""
    stamp, python = folder / ".installed", folder / "bin" / "python"
    with NEEDED[0].open("rb") as lock:
        # Subprocesses hold the lock, too: a pip that outlives this process is waited for.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_complete(stamp):
            return

        def run(*command: str) -> None:
            subprocess.run(command, check=True, pass_fds=[lock.fileno()])

        print(f"Installing into {folder} (a few minutes, once) ...", flush=True)
        if not stamp.exists():
            run(sys.executable, "-m", "venv", "--clear", str(folder))
        stamp.unlink(missing_ok=True)
        pip = (str(python), "-m", "pip", "install", "--disable-pip-version-check")
        run(*pip, "--require-hashes", "--no-compile", "-r", str(NEEDED[0]))
        run(*pip, "--quiet", "--no-deps", "--editable", ".")
        # pip compiles one file after the other. Files that are no Python of this version stay as they are, as with pip.
        compiling = (str(python), "-W", "ignore", "-m", "compileall", "-qq", "-j", "0", str(folder / "lib"))
        subprocess.run(compiling, pass_fds=[lock.fileno()])
        stamp.touch()


def main() -> int:
    """Run the command line; return its exit status."""
    if sys.version_info[:2] not in VERSIONS:
        found = "{}.{}".format(*sys.version_info)
        remedy = "name another: make PYTHON=python3.12"
        print(f"error: Python 3.11 or 3.12 is needed, and {sys.executable} is {found}; {remedy}", file=sys.stderr)
        return 1
    try:
        install(Path(sys.argv[1]))
    except subprocess.CalledProcessError as error:
        print(f"error: not installed, since this failed: {' '.join(error.cmd)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(drafts.command(main, "run it again; what was downloaded is kept"))
