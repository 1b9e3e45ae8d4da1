"""Explorers: frames drawn beforehand, and controls in the browser that choose between them. They need no kernel.

A static page has no Python to redraw a figure. So every frame is drawn when the notebook runs, and the controls are
linked to the frames in the browser: the index of the slider is the index of the visible child of an ipywidgets
``Stack``. For two coordinates, the children are stacks themselves, all linked to the second control. The same object
works in JupyterLab, Colab and Binder.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from html import escape
from io import BytesIO
from typing import Any

import ipywidgets
import numpy as np
from IPython.display import HTML
from ipywidgets.widgets.widget_string import HTMLStyle
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from tgsh.errors import ParameterError, check_choice, check_int
from tgsh.runs import track

FRAMES = 400  # more would make a page heavier than it should be: a frame weighs 3 to 15 KB


class Explorer(ipywidgets.VBox):
    """Controls and the frames that they choose from; `explorer` makes it.

    Where widgets are not drawn (no JavaScript, GitHub, an export to PDF), a PNG of the first frame shown replaces it.
    """

    def __init__(self, children: Sequence[ipywidgets.Widget], first: bytes, alt: str) -> None:
        super().__init__(list(children))
        self.add_class("tgsh-explorer")
        self._first, self._alt = first, alt

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**options)
        return {**bundle, "text/plain": self._alt, "image/png": base64.b64encode(self._first).decode()}


def explorer(
    draw: Callable[..., Figure],
    coordinates: Mapping[str, Sequence[str]],
    *,
    alt: str | Callable[..., str],
    start: Sequence[int] | None = None,
    menus: Collection[str] = (),
    play: str | None = None,
    caption: str = "",
    colours: int = 32,
) -> Explorer:
    """Draw every frame of a grid, and link them to controls that work without a kernel.

    Args:
        draw: ``draw(i)``, or ``draw(i, j)`` for two coordinates, returns the figure of a frame. All have one size.
        coordinates: one or two names of coordinates, each with the label of every position on it.
        alt: alternative text of the frames, or a function of the indices that returns it.
        start: indices of the frame shown first; default: the first of each coordinate.
        menus: names of the coordinates that have a menu; the others have a slider.
        play: name of the coordinate that a *play* button moves along.
        caption: a line below the frame.
        colours: size of the palette of each frame, 2 to 256. Fewer colours make a smaller page.

    Raises:
        ParameterError: an argument does not fit the others, frames differ in size, or there are more than 400 of them.
    """
    names, shape = _check(coordinates, start, menus, play)
    check_int("colours", colours, 2, 256)
    start = tuple(start) if start is not None else (0,) * len(names)
    describe = alt if callable(alt) else lambda *_: alt

    grid = list(itertools.product(*map(range, shape)))
    pictures = {at: frame_png(draw(*at), colours) for at in track(grid, "frames")}
    sizes = {_size(png) for png in pictures.values()}
    if len(sizes) > 1:
        raise ParameterError(f"draw must return figures of one size; got {sorted(sizes)} pixels")

    layout, style = ipywidgets.Layout(margin="0"), HTMLStyle()  # shared: each is one more model in the page
    frames = {at: _frame(png, describe(*at), layout, style) for at, png in pictures.items()}
    controls = [
        _control(name, coordinates[name], index, name in menus) for name, index in zip(names, start, strict=True)
    ]
    stack = _stack(frames, shape, start, controls)
    rows = [_player(control, name == play) for name, control in zip(names, controls, strict=True)]
    below = [ipywidgets.HTML(f'<p class="tgsh-explorer-caption">{escape(caption)}</p>')] if caption else []
    return Explorer([*rows, stack, *below], pictures[start], describe(*start))


def frame_png(figure: Figure, colours: int = 32) -> bytes:
    """``figure`` as a PNG with a palette of its own, which takes a third of the bytes, on white in both themes."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    drawn = Image.fromarray(np.asarray(canvas.buffer_rgba()))
    white = Image.new("RGBA", drawn.size, "white")
    white.alpha_composite(drawn)
    # Median cut would give the palette to the greys, which are many, and mix two thin lines of rare colours into one.
    # Maximum coverage goes by how different colours are; k-means then moves the palette to those that are there.
    palette = white.convert("RGB").quantize(colours, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    file = BytesIO()
    palette.save(file, "PNG", optimize=True)
    return file.getvalue()


def html_picture(figure: Figure, alt: str) -> HTML:
    """``figure`` as HTML with alternative text, which a figure glued into another page would not have."""
    return HTML(_img(frame_png(figure, 256), alt))


def _check(
    coordinates: Mapping[str, Sequence[str]], start: Sequence[int] | None, menus: Collection[str], play: str | None
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    names, shape = tuple(coordinates), tuple(len(labels) for labels in coordinates.values())
    if len(names) not in (1, 2):
        raise ParameterError(f"coordinates must be one or two; got {len(names)}")
    for name, labels in coordinates.items():
        check_int(f"the number of labels of {name!r}", len(labels), 2)
        if len(set(labels)) < len(labels):
            raise ParameterError(f"the labels of {name!r} must differ; got {list(labels)!r}")
    check_int("the number of frames", int(np.prod(shape)), 2, FRAMES)
    for name in menus:
        check_choice("menus", name, names)
    if play is not None:
        check_choice("play", play, names)
    if start is not None:
        if len(start) != len(names):
            raise ParameterError(f"start must hold an index for each of {', '.join(names)}; got {start!r}")
        for name, index, labels in zip(names, start, shape, strict=True):
            check_int(f"start on {name!r}", index, 0, labels - 1)
    return names, shape


def _size(png: bytes) -> tuple[int, int]:
    return Image.open(BytesIO(png)).size


def _frame(png: bytes, alt: str, layout: ipywidgets.Layout, style: HTMLStyle) -> ipywidgets.HTML:
    # Not an ipywidgets Image: its model has no alternative text, and its view sets none. An <img> of our own does; its
    # data: address holds the same base64 that the page would hold for an Image.
    return ipywidgets.HTML(_img(png, alt), layout=layout, style=style)


def _img(png: bytes, alt: str) -> str:
    width, height = _size(png)
    source = "data:image/png;base64," + base64.b64encode(png).decode()
    return (
        f'<img src="{source}" alt="{escape(alt)}" width="{width}" height="{height}" '
        'style="max-width: 100%; height: auto; background: white">'
    )


def _control(name: str, labels: Sequence[str], index: int, menu: bool) -> ipywidgets.Widget:
    kind = ipywidgets.Dropdown if menu else ipywidgets.SelectionSlider
    control = kind(options=list(labels), index=index, description=name)
    control.style.description_width = "initial"
    if not menu:
        control.layout.flex, control.layout.width = "1 1 16em", "auto"
        control.layout.max_width = "32em"
    return control


def _player(control: ipywidgets.Widget, plays: bool) -> ipywidgets.Widget:
    if not plays:
        # in a row of its own: in the column of the explorer a slider's flex would be its height
        return ipywidgets.HBox([control])
    control.layout.margin = "0 0 0 1em"
    player = ipywidgets.Play(value=control.index, min=0, max=len(control.options) - 1, interval=400, repeat=True)
    link = ipywidgets.jslink((player, "value"), (control, "index"))
    row = ipywidgets.HBox([player, control], layout=ipywidgets.Layout(flex_flow="row wrap"))
    row.link = link  # a link that nobody holds would be collected, and closed
    return row


def _stack(
    frames: Mapping[tuple[int, ...], ipywidgets.Widget],
    shape: tuple[int, ...],
    start: tuple[int, ...],
    controls: Sequence[ipywidgets.Widget],
) -> ipywidgets.Stack:
    if len(shape) == 1:
        children = [frames[i,] for i in range(shape[0])]
    else:
        rows = [{(j,): frames[i, j] for j in range(shape[1])} for i in range(shape[0])]
        children = [_stack(row, shape[1:], start[1:], controls[1:]) for row in rows]
    stack = ipywidgets.Stack(children, selected_index=start[0])
    stack.link = ipywidgets.jslink((controls[0], "index"), (stack, "selected_index"))
    return stack
