"""Frames of the book's explorers: they change with what they show, keep their size and scale, and are light."""

from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image

from tgsh import AugmentMNIST, FlyNet, Recipe, RotationMNIST, figures
from tgsh.benchmarks import AnalyticMap, unit_vectors
from tgsh.figures import frame_png
from tgsh.measures import context_similarity, cosine_matrix, pairs_of_two_tasks, sample_representations
from tgsh.training import measure_path, watch_training

POINTS = AnalyticMap((3, 2, 2), 3, (1.2, 0.35, 0.12))(
    unit_vectors(2, 3, 0, "t")[:, None, None], unit_vectors(3, 2, 0, "c")[:, None], unit_vectors(9, 2, 0, "theta")
)


@pytest.fixture(scope="module")
def frames(few):
    """Two frames of each kind, as functions that draw them."""
    stream = RotationMNIST(few, n_tasks=4, step=90)
    net = FlyNet(4, width_mult=1)
    contexts = net.context_vectors()
    similarity = context_similarity(contexts)
    stops, recipe = [0, 2, 9], Recipe(epochs=1, batch_size=32)
    path = measure_path(net, stream, 1, stops, watch_training(net, stream, 1, recipe, stops))
    points, task, label = sample_representations(net, stream, 2)
    pairs = [pairs_of_two_tasks(cosine_matrix(points), task, label, 0, b) for b in range(4)]
    augmented = AugmentMNIST(few)
    images, distances = few.test_images[:5], torch.linspace(0.1, 1.9, 50)
    return {
        "task_and_context": [
            lambda t=t: figures.task_and_context(stream, t, [0, 1], similarity, similarity, torch.rand(2, 784) + t)
            for t in (0, 2)
        ],
        "two_tasks": [
            lambda b=b: figures.two_tasks(stream, (0, b), 3, {f"net\n{b}": (*pairs[b], 20)}, -0.2) for b in (0, 2)
        ],
        "step_of_training": [lambda i=i: figures.step_of_training(stream, path, i) for i in (0, 1)],
        "distances_and_sweep": [
            lambda i=i: figures.distances_and_sweep(
                {"seen": (distances / (i + 1), distances)},
                {"seen": f"{i}"},
                [0, 1],
                i,
                {"a": [0, 1], "b": [1, 0]},
                "x",
                4,
            )
            for i in range(2)
        ],
        "before_and_after": [
            lambda t=t: figures.before_and_after(images, augmented[t](images), augmented[t].name) for t in (0, 6)
        ],
        "manifolds_on_sphere": [lambda i=i: figures.manifolds_on_sphere(POINTS, "ab", turn=60 * i) for i in (0, 1)],
    }


KINDS = ["task_and_context", "two_tasks", "step_of_training", "distances_and_sweep"]


@pytest.mark.parametrize("kind", [*KINDS, "before_and_after", "manifolds_on_sphere"])
def test_frames_differ_and_have_one_size_and_one_scale(frames, kind):
    figures_drawn = [draw() for draw in frames[kind]]
    drawn = [frame_png(figure) for figure in figures_drawn]
    assert drawn[0] != drawn[1]
    assert Image.open(BytesIO(drawn[0])).size == Image.open(BytesIO(drawn[1])).size
    assert max(map(len, drawn)) < 16_000
    if kind in KINDS:
        first, second = ([(ax.get_xlim(), ax.get_ylim()) for ax in figure.axes] for figure in figures_drawn)
        assert first == second


def test_the_near_side_turns():
    front, back = figures.in_front(POINTS), figures.in_front(POINTS, 180)
    assert front.any()
    assert not np.array_equal(front, back)


def test_the_tallest_bar():
    assert figures.tallest([torch.full((10,), 0.5), torch.linspace(0, 1, 100)], 0, 1, n_bins=10) == pytest.approx(10)
