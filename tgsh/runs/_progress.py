"""A progress display that leaves no output in a stored notebook."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from IPython import get_ipython
from IPython.display import display
from tqdm import tqdm

T = TypeVar("T")


def track(items: Iterable[T], label: str, sizes: Sequence[int] | None = None, enabled: bool = True) -> Iterator[T]:
    """Yield ``items`` and show the progress: a bar in a terminal, one line of text in a notebook.

    Args:
        items: what is yielded.
        label: name of the work.
        sizes: share of each item in the work; default: 1 each. Needed where ``items`` has no length.
        enabled: whether to show anything.
    """
    sizes = sizes if sizes is not None else [1] * len(items)
    if not enabled or not sizes:
        return iter(items)
    return _in_notebook(items, label, sizes) if _is_notebook() else _in_terminal(items, label, sizes)


_noted: set[str] = set()


def note_once(text: str) -> None:
    """Tell the reader something once; in a notebook, so that it is not stored."""
    if text in _noted:
        return
    _noted.add(text)
    if _is_notebook():
        display({"text/plain": f"note: {text}"}, raw=True, metadata={"tgsh": "progress"})
    else:
        print(f"note: {text}", flush=True)


def _is_notebook() -> bool:
    return get_ipython() is not None and hasattr(get_ipython(), "kernel")


def _in_terminal(items: Iterable[T], label: str, sizes: Sequence[int]) -> Iterator[T]:
    # No bar where stderr is a file or a pipe.
    with tqdm(total=sum(sizes), desc=label, leave=False, disable=not sys.stderr.isatty()) as bar:
        for item, size in zip(items, sizes, strict=True):
            yield item
            bar.update(size)


def _in_notebook(items: Iterable[T], label: str, sizes: Sequence[int]) -> Iterator[T]:
    def line(text: str = "") -> dict[str, str]:
        return {"text/plain": f"{label}: {done} of {total}{text}"}

    start, done, total = time.monotonic(), 0, sum(sizes)
    # By this metadata tools/execute.py finds the line, to remove it from the notebooks that are kept.
    handle = display(line(), raw=True, display_id=True, metadata={"tgsh": "progress"})
    for item, size in zip(items, sizes, strict=True):
        yield item
        done += size
        left = (time.monotonic() - start) / done * (total - done)
        text = line(f", about {left:.0f} s left" if done < total else "")
        handle.update(text, raw=True, metadata={"tgsh": "progress"})
