"""The values behind a figure as a table: an extension of IPython that sends them beside the picture.

``execute.py`` loads it into the kernel of a chapter. Whatever matplotlib figure a cell displays then has a second form,
``text/csv``, which ``execute.py`` takes out of the notebook again and puts beside the record. No cell changes.
One row is one mark: a point of a line or of a scatter plot, a bar, a corner of a filled area, an entry of a matrix.
Pictures, drawings and text are no values, and are left out.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import Collection, LineCollection, PathCollection, PolyCollection, QuadMesh
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D

MIME = "text/csv"
COLUMNS = ("panel", "x_axis", "y_axis", "mark", "series", "tick", "x", "y", "z")
MOST_BYTES = 200_000  # a larger table says less than the chapter's code: it is left out

Row = dict[str, Any]


def rows(figure: Figure) -> Iterator[Row]:
    """The marks of all panels of ``figure``; what a mark does not have is missing. Numbers are in units of the axes."""
    # An axes without its frame holds a drawing or a picture, one with a colour bar no values of its own.
    panels = [axes for axes in figure.axes if _has_frame(axes) and not hasattr(axes, "_colorbar")]
    for number, axes in enumerate(panels, start=1):
        shared = {
            "panel": axes.get_title() or axes.get_title(loc="left") or str(number),
            "x_axis": axes.get_xlabel(),
            "y_axis": axes.get_ylabel(),
        }
        for mark in _marks(axes):
            yield shared | mark


def _has_frame(axes: Axes) -> bool:
    return getattr(axes, "_axis3don", axes.axison)  # the frame of an axes in space is its own


def _marks(axes: Axes) -> Iterator[Row]:
    bars = [bar for container in axes.containers if isinstance(container, BarContainer) for bar in container]
    for container in axes.containers:
        if isinstance(container, BarContainer):
            yield from _bars(axes, container)
    for line in axes.lines:
        yield from _line(axes, line)
    for collection in axes.collections:
        yield from _collection(collection)
    for patch in axes.patches:
        if patch not in bars and patch.get_transform().contains_branch(axes.transData) and hasattr(patch, "get_xy"):
            corners = np.atleast_2d(patch.get_xy())
            if len(corners) > 1:  # a histogram drawn as one outline; a single corner is a frame or an arrow
                yield from _points("outline", _series(patch), corners)
    for image in axes.images:
        yield from _matrix(image)


def _series(artist: Any) -> str:
    label = str(artist.get_label() or "")
    return "" if label.startswith("_") else label


def _points(mark: str, series: str, points: np.ndarray) -> Iterator[Row]:
    for point in np.ma.filled(np.ma.asarray(points, dtype=float), np.nan):
        yield {"mark": mark, "series": series} | dict(zip("xyz", point, strict=False))


def _bars(axes: Axes, container: BarContainer) -> Iterator[Row]:
    lies = container.orientation == "horizontal"
    axis = axes.yaxis if lies else axes.xaxis
    names = {
        round(float(at), 6): text.get_text()
        for at, text in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=False)
    }
    for bar in container:
        x, y, width, height = bar.get_x(), bar.get_y(), bar.get_width(), bar.get_height()
        at, length, foot = (y + height / 2, width, x) if lies else (x + width / 2, height, y)
        # z is the foot of the bar: that of a stack is not 0
        place = {"x": length, "y": at} if lies else {"x": at, "y": length}
        tick = names.get(round(float(at), 6), "")
        yield {"mark": "bar", "series": _series(container), "tick": tick} | place | {"z": foot}


def _line(axes: Axes, line: Line2D) -> Iterator[Row]:
    if hasattr(line, "get_data_3d"):
        yield from _points("line", _series(line), np.column_stack(line.get_data_3d()))
        return
    x, y = (np.asarray(values, dtype=float) for values in (line.get_xdata(), line.get_ydata()))
    in_x, in_y = line.get_transform().contains_branch_seperately(axes.transData)
    if not in_x and not in_y:
        return  # placed on the page, not at a value
    if in_x != in_y:  # a line across the panel, at one value
        yield {"mark": "line across", "series": _series(line)} | ({"x": x[0]} if in_x else {"y": y[0]})
        return
    joined = line.get_linestyle() not in ("None", "", " ")
    yield from _points("line" if joined else "point", _series(line), np.column_stack([x, y]))


def _collection(collection: Collection) -> Iterator[Row]:
    series = _series(collection)
    if isinstance(collection, QuadMesh):
        n_rows = collection.get_coordinates().shape[0] - 1
        yield from _entries(series, np.ma.asarray(collection.get_array()).reshape(n_rows, -1))
    elif isinstance(collection, PathCollection):
        flat = getattr(collection, "_offsets3d", None)
        yield from _points("point", series, collection.get_offsets() if flat is None else np.column_stack(flat))
    elif isinstance(collection, LineCollection):
        for segment in collection.get_segments():
            yield from _points("segment", series, segment)
    elif isinstance(collection, PolyCollection):
        for path in collection.get_paths():
            yield from _points("area", series, path.vertices)


def _matrix(image: AxesImage) -> Iterator[Row]:
    values = np.ma.asarray(image.get_array())
    if values.ndim == 2:
        yield from _entries(_series(image), values)


def _entries(series: str, values: np.ma.MaskedArray) -> Iterator[Row]:
    for (row, column), value in np.ndenumerate(np.ma.filled(values.astype(float), np.nan)):
        yield {"mark": "entry", "series": series, "x": column, "y": row, "z": value}


def as_csv(figure: Figure) -> str | None:
    """The marks of ``figure`` as CSV, numbers to six digits; None where there are none, or too many for a file."""
    found = list(rows(figure))
    if not found:
        return None
    file = StringIO()
    table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    table.writeheader()
    for row in found:
        table.writerow({name: f"{value:.6g}" if isinstance(value, float) else value for name, value in row.items()})
    text = file.getvalue()
    return text if len(text.encode()) <= MOST_BYTES else None


def bundle(figure: Figure, include: object = None, exclude: object = None) -> dict[str, str]:
    """The form of a figure that is sent beside its picture."""
    text = as_csv(figure)
    return {} if text is None else {MIME: text}


def load_ipython_extension(shell: Any) -> None:
    """Let figures be sent with their values."""
    shell.display_formatter.mimebundle_formatter.for_type(Figure, bundle)
