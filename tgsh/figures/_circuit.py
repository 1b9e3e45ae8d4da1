"""FlyNet drawn as a circuit (paper, Eq. 2)."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from tgsh.figures._style import BLUE, GREY, ORANGE, subplots
from tgsh.networks import FlyNet

_UNITS, _PER_UNIT = 9, 7  # hidden units drawn, and inputs of each


_FAINT, _AMBER = "#c9c9c9", "#a36a00"


def flynet_circuit(net: FlyNet, image: np.ndarray, highlight: int = 4) -> Figure:
    """Draw FlyNet from pixels to logits: fixed random weights in grey and blue, what a task learns in orange.

    Args:
        net: a sparse FlyNet; the inputs of the units drawn are those of its first units.
        image: ``(28, 28)``, the input shown.
        highlight: number, 0 to 8, of the unit whose connections are coloured.
    """
    figure, ax = subplots(size=(9.4, 4.9))
    ax.set(xlim=(-0.2, 12.6), ylim=(-1.0, 6.2), aspect="equal")
    ax.axis("off")
    heights = np.delete(np.linspace(4.9, 0.1, _UNITS + 1), _UNITS - 1)  # a gap before the last unit: there are more
    pixels = _draw_image(ax, image, net.pixels[:_UNITS].cpu().numpy(), highlight)
    outputs = np.linspace(4.6, 0.4, net.n_classes)

    for unit, y in enumerate(heights):
        lit = unit == highlight
        wire = {"color": BLUE if lit else _FAINT, "lw": 1.3 if lit else 0.5, "zorder": 3 if lit else 1}
        for x0, y0 in pixels[unit]:
            ax.plot([x0, 4.65], [y0, y], **wire)
        for out in outputs:
            ax.plot([8.62, 10.9], [y, out], **wire | {"lw": 0.9 if lit else 0.35})
        ax.plot([4.65, 8.62], [y, y], color=BLUE if lit else GREY, lw=1.3 if lit else 0.8, zorder=2)
        _node(ax, 4.65, y, "$\\Sigma$", GREY)
        _relu(ax, 6.0, y)
        _node(ax, 7.72, y, "$\\times$", ORANGE, filled=True)
    for out, k in zip(outputs, range(net.n_classes), strict=True):
        _node(ax, 10.9, out, "", GREY, size=0.15)
        ax.text(11.18, out, str(k), va="center", fontsize=9)
    ax.text(6.0, (heights[-1] + heights[-2]) / 2, "⋮", ha="center", va="center", fontsize=15)
    _centring(ax, heights)
    _modulator(ax, heights)
    _labels(ax, net)
    return figure


def _draw_image(ax: Axes, image: np.ndarray, pixels: np.ndarray, highlight: int) -> np.ndarray:
    # The image in a 2.6-wide square; returns the centres (units, 7, 2) of the pixels that the units read.
    left, bottom, size = 0.0, 1.2, 2.6
    ax.imshow(image, cmap="gray_r", extent=(left, left + size, bottom, bottom + size), zorder=1)
    ax.add_patch(Rectangle((left, bottom), size, size, fill=False, color=GREY, lw=0.8, zorder=2))
    cell = size / image.shape[0]
    centres = np.stack([left + (pixels % 28 + 0.5) * cell, bottom + size - (pixels // 28 + 0.5) * cell], axis=2)
    ax.scatter(*centres[highlight].T, s=14, marker="s", color=BLUE, zorder=4)
    return centres


def _node(ax: Axes, x: float, y: float, text: str, colour: str, size: float = 0.18, filled: bool = False) -> None:
    ax.add_patch(Circle((x, y), size, facecolor=colour if filled else "white", edgecolor=colour, lw=1.1, zorder=5))
    ax.text(x, y - 0.01, text, ha="center", va="center", fontsize=8, color="white" if filled else "black", zorder=6)


def _relu(ax: Axes, x: float, y: float) -> None:
    ax.add_patch(Rectangle((x - 0.22, y - 0.17), 0.44, 0.34, facecolor="white", edgecolor=GREY, lw=1.0, zorder=5))
    ax.plot([x - 0.15, x, x + 0.14], [y - 0.08, y - 0.08, y + 0.1], color="black", lw=1.3, zorder=6)


def _centring(ax: Axes, heights: np.ndarray) -> None:
    # One inhibitory unit hears them all and takes the mean off each, as the fly's APL neuron does.
    x = 5.32
    ax.plot([x, x], [heights[-1], heights[0] + 0.55], color="black", lw=1.0, ls=(0, (2, 1.5)), zorder=2)
    for y in heights:
        ax.plot([x - 0.09, x + 0.09], [y, y], color="black", lw=2.2, zorder=4)
    ax.text(x, heights[0] + 0.62, "$-$ mean", ha="center", va="bottom", fontsize=9)


def _modulator(ax: Axes, heights: np.ndarray) -> None:
    # g_t reaches all units alike; the thickness of the last stretch stands for c_t, another number for every unit.
    bus = 8.3
    ax.plot([bus, bus], [heights[-1] + 0.38, heights[0] + 0.8], color=ORANGE, lw=2.2, zorder=2)
    for y, strength in zip(heights, (2.6, 0.7, 1.4, 3.4, 1.9, 0.5, 2.9, 1.1, 2.2), strict=True):
        ax.plot([7.72, bus], [y, y + 0.38], color=ORANGE, lw=strength, zorder=3)
    _node(ax, bus, heights[0] + 0.98, "$g_t$", ORANGE, size=0.24, filled=True)
    ax.text(bus - 0.32, heights[0] + 0.5, "$c_t$", ha="right", va="center", fontsize=10, color=_AMBER)


def _labels(ax: Axes, net: FlyNet) -> None:
    style = {"ha": "center", "va": "top", "fontsize": 9}
    ax.text(1.3, 1.05, f"{net.n_inputs} pixels $x$", **style)
    ax.text(3.3, -0.25, f"$W_1$: {net.fan_in} random pixels\na unit, fixed", color=GREY, **style)
    ax.text(5.45, -0.25, f"{net.n_hidden:,} units\n$s(W_1x)$", **style)
    ax.text(7.85, -0.25, "modulation\n$r_t = m_t\\odot s(W_1x)$", color=_AMBER, **style)
    ax.text(10.0, -0.25, "$W_2$: dense,\nrandom, fixed", color=GREY, **style)
    ax.text(11.7, 2.5, "logits", rotation=90, va="center", fontsize=9)
