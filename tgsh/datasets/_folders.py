"""Folders: of the data, of the checkout, of the user's cache, and those that environment variables name."""

from __future__ import annotations

import os
from pathlib import Path

from tgsh.errors import DataError


def data_root() -> Path:
    """The folder of the images: ``$TGSH_DATA_ROOT``, else ``data/`` of the checkout, else the user's cache folder."""
    checkout = checkout_folder()
    return folder_from("TGSH_DATA_ROOT") or (checkout / "data" if checkout else user_cache() / "tgsh" / "data")


def checkout_folder() -> Path | None:
    """The checkout that this package runs from; None where it is installed elsewhere."""
    folder = Path(__file__).resolve().parents[2]
    return folder if (folder / "_toc.yml").exists() else None


def folder_from(variable: str) -> Path | None:
    """The folder that an environment variable names; None where it is unset or empty.

    A relative path starts at the checkout, so that chapters, which run in ``book/``, and commands mean the same folder.

    Raises:
        DataError: the path begins with ``~``, and there is no such home folder.
    """
    named = os.environ.get(variable)
    if not named:
        return None
    try:
        return (checkout_folder() or Path.cwd()) / Path(named).expanduser()
    except RuntimeError:
        raise DataError(f"{variable} is {named!r}, and there is no such home folder; give a path without ~") from None


def user_cache() -> Path:
    """The user's cache folder: ``$XDG_CACHE_HOME``, else ``~/.cache``.

    Raises:
        DataError: there is neither.
    """
    if os.environ.get("XDG_CACHE_HOME"):
        return Path(os.environ["XDG_CACHE_HOME"])
    try:
        return Path.home() / ".cache"
    except RuntimeError:
        raise DataError("there is no home folder; set TGSH_CACHE and TGSH_DATA_ROOT to folders of your own") from None
