"""The style of all figures: sizes, palette, and figures that are shown once."""

from __future__ import annotations

import matplotlib.pyplot as plt

# Okabe and Ito's palette: told apart by colour-blind readers, and on white in both themes of the book.
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"


COLOURS = (BLUE, ORANGE, GREEN, RED, "#CC79A7", "#56B4E9", GREY)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", "-.", ":")  # for lines without markers
SIMILARITY_MAP = "RdBu_r"  # diverging, white at a similarity of 0


FILLED = {"density": True, "histtype": "stepfilled"}  # a histogram as one patch: drawn faster than its bars
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


_STYLE = {
    "figure.dpi": 110,
    "figure.facecolor": "white",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "#e6e6e6",
    "axes.axisbelow": True,
    "figure.constrained_layout.use": True,
}


def subplots(rows: int = 1, columns: int = 1, size: tuple[float, float] = (6.4, 3.2), **options: object) -> tuple:
    """`matplotlib.pyplot.subplots` in the book's style; the figure is shown once, where a cell returns it."""
    with plt.rc_context(_STYLE):
        figure, axes = plt.subplots(rows, columns, figsize=size, **options)
    plt.close(figure)
    return figure, axes


def in_short(value: float) -> str:
    """A number for a tick or a menu, to six digits: "0.01", "10⁻⁵", "3·10⁻⁵"."""
    digits, _, exponent = f"{value:g}".partition("e")
    if not exponent:
        return digits.replace("-", "\N{MINUS SIGN}")
    power = f"10{str(int(exponent)).translate(_RAISED)}"
    return power if digits == "1" else f"{digits}·{power}".replace("-", "\N{MINUS SIGN}")
