"""Explorers: frames, links, and what stands in for them where nothing is linked."""

import base64
import re
from io import BytesIO

import ipywidgets
import numpy as np
import pytest
from PIL import Image

from tgsh import ParameterError
from tgsh.figures import BLUE, GREEN, ORANGE, RED, explorer, frame_png, subplots

TASKS = ["0°", "10°", "20°", "30°"]
DIGITS = ["three", "one"]


def draw(i, j=0):
    figure, ax = subplots(size=(2, 1))
    ax.plot([0, i + 1], [0, j + 1])
    return figure


def say(*at):
    return f"a line & <{at}>"


def children(widget, kind):
    """All widgets of ``kind`` inside ``widget``."""
    inside = [found for child in getattr(widget, "children", ()) for found in children(child, kind)]
    return [widget, *inside] if isinstance(widget, kind) else inside


def linked(holder, source, target):
    """Whether a browser moves ``target`` with ``source``, each a (widget, trait)."""
    return (tuple(holder.link.source), tuple(holder.link.target)) == (source, target)


def png_of(frame):
    return base64.b64decode(re.search('base64,([^"]+)', frame.value)[1])


def test_one_coordinate_is_a_stack_turned_by_a_slider():
    made = explorer(draw, {"task": TASKS}, alt=say, start=[2])
    (slider,) = children(made, ipywidgets.SelectionSlider)
    (stack,) = children(made, ipywidgets.Stack)
    assert list(slider.options) == TASKS
    assert len(stack.children) == 4
    assert len({png_of(frame) for frame in stack.children}) == 4
    assert slider.index == stack.selected_index == 2
    assert linked(stack, (slider, "index"), (stack, "selected_index"))


def test_two_coordinates_are_stacks_in_a_stack_that_share_the_second_control():
    made = explorer(draw, {"task": TASKS, "digit": DIGITS}, alt=say, start=[1, 1], menus=["digit"])
    (slider,), (menu,) = children(made, ipywidgets.SelectionSlider), children(made, ipywidgets.Dropdown)
    outer, *inner = children(made, ipywidgets.Stack)
    assert linked(outer, (slider, "index"), (outer, "selected_index"))
    assert list(outer.children) == inner
    assert len(inner) == 4
    assert all(linked(stack, (menu, "index"), (stack, "selected_index")) for stack in inner)
    assert outer.selected_index == 1
    assert {stack.selected_index for stack in inner} == {1}
    assert png_of(inner[3].children[1]) == frame_png(draw(3, 1))


def test_play_moves_the_coordinate_it_names():
    made = explorer(draw, {"task": TASKS, "digit": DIGITS}, alt="lines", start=[3, 0], play="task")
    (player,) = children(made, ipywidgets.Play)
    slider = next(w for w in children(made, ipywidgets.SelectionSlider) if w.description == "task")
    assert (player.value, player.min, player.max) == (3, 0, 3)
    assert linked(made.children[0], (player, "value"), (slider, "index"))


def test_every_control_lies_in_a_row():
    made = explorer(draw, {"task": TASKS, "digit": DIGITS}, alt="lines", menus=["digit"], play="task")
    assert all(isinstance(row, ipywidgets.HBox) for row in made.children[:2])
    assert all(isinstance(row, ipywidgets.HBox) for row in explorer(draw, {"task": TASKS}, alt="lines").children[:1])


def test_every_frame_says_what_it_shows():
    made = explorer(draw, {"task": TASKS}, alt=say, caption="Lines < curves")
    (stack,) = children(made, ipywidgets.Stack)
    for i, frame in enumerate(stack.children):
        assert f'alt="a line &amp; &lt;({i},)&gt;"' in frame.value
    assert "Lines &lt; curves" in made.children[-1].value
    plain = explorer(draw, {"task": TASKS}, alt="lines")
    assert all('alt="lines"' in frame.value for frame in children(plain, ipywidgets.Stack)[0].children)


def test_where_widgets_are_not_drawn_the_starting_frame_stands_in():
    made = explorer(draw, {"task": TASKS}, alt=say, start=[2])
    bundle = made._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert base64.b64decode(bundle["image/png"]) == png_of(children(made, ipywidgets.Stack)[0].children[2])
    assert bundle["text/plain"] == say(2)


def test_frames_are_light_opaque_and_keep_their_colours():
    figure, ax = subplots(size=(6, 3))
    ax.imshow([[0, 1], [2, 3]], aspect="auto")
    ax.plot([0, 1], [0, 1], color="#ff0000", lw=1)
    figure.patch.set_alpha(0)
    png = frame_png(figure, colours=32)
    picture = Image.open(BytesIO(png))
    assert len(png) < 9_000
    assert picture.mode == "P"
    assert len(picture.convert("RGB").getcolors()) <= 32
    assert picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert any(red > 200 and green < 60 > blue for _, (red, green, blue) in picture.convert("RGB").getcolors())


def test_rare_colours_stay_apart_among_many_greys():
    figure, ax = subplots(size=(5, 4))
    for slope in np.linspace(-1, 1, 40):
        ax.plot([0, 1], [0.5 - slope, 0.5 + slope], color="#dddddd", lw=0.5)
    colours = (BLUE, GREEN, ORANGE, RED)
    for number, colour in enumerate(colours):
        ax.plot([0.3, 0.5], [0.2 * number, 0.2 * number + 0.1], color=colour, lw=1.6)
    palette = np.array([rgb for _, rgb in Image.open(BytesIO(frame_png(figure))).convert("RGB").getcolors()])
    wanted = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in colours])
    assert np.abs(palette[:, None] - wanted).max(2).min(0).max() < 30


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"coordinates": {}}, "coordinates must be one or two; got 0"),
        ({"coordinates": {"a": TASKS, "b": TASKS, "c": TASKS}}, "coordinates must be one or two; got 3"),
        ({"coordinates": {"task": ["0°"]}}, "the number of labels of 'task' must be .* at least 2; got 1"),
        ({"coordinates": {"task": ["a", "a"]}}, "the labels of 'task' must differ"),
        ({"coordinates": {"task": [str(i) for i in range(500)]}}, "the number of frames must be .* to 400; got 500"),
        ({"start": [4]}, "start on 'task' must be a whole number from 0 to 3; got 4"),
        ({"start": [0, 0]}, "start must hold an index for each of task; got"),
        ({"play": "digit"}, "play must be one of task; got 'digit'"),
        ({"menus": ["digit"]}, "menus must be one of task; got 'digit'"),
        ({"colours": 1}, "colours must be a whole number from 2 to 256; got 1"),
    ],
)
def test_what_does_not_fit_is_one_line(arguments, message):
    drawn = []
    given = {"coordinates": {"task": TASKS}, "alt": "lines"} | arguments
    with pytest.raises(ParameterError, match=message) as error:
        explorer(lambda *at: drawn.append(at), **given)
    assert "\n" not in str(error.value)
    assert not drawn


def test_frames_of_different_sizes_are_refused():
    with pytest.raises(ParameterError, match="draw must return figures of one size"):
        explorer(lambda i: subplots(size=(2, 1 + i))[0], {"task": TASKS}, alt="lines")
