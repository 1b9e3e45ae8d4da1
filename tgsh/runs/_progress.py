"""A progress display that leaves no output in a stored notebook."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

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


def _is_notebook() -> bool:
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return get_ipython() is not None and hasattr(get_ipython(), "kernel")


def _in_terminal(items: Iterable[T], label: str, sizes: Sequence[int]) -> Iterator[T]:
    from tqdm import tqdm

    # No bar where stderr is a file or a pipe.
    with tqdm(total=sum(sizes), desc=label, leave=False, disable=not sys.stderr.isatty()) as bar:
        for item, size in zip(items, sizes, strict=True):
            yield item
            bar.update(size)


def _in_notebook(items: Iterable[T], label: str, sizes: Sequence[int]) -> Iterator[T]:
    from IPython.display import display

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
