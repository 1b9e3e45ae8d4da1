"""The one door for images, and what a stream knows of its tasks."""

import numpy as np
import pytest
import torch

from tgsh import AugmentMNIST, ParameterError, RotationMNIST, ShiftMNIST, TaskStream
from tgsh.benchmarks import Mixed, PermutedMNIST, Rotation, SplitMNIST, circular_distance, interpolated_rotations

STREAMS = {
    "rotations": lambda data: RotationMNIST(data, n_tasks=3, step=40),
    "interpolated": lambda data: interpolated_rotations(data, [0.0, 12.5, 200.0]),
    "shifts": lambda data: ShiftMNIST(data, n_tasks=3, pixels=5),
    "augmentations": lambda data: AugmentMNIST(data, seed=2),
    "pairs of classes": SplitMNIST,
    "mixed": lambda data: TaskStream(data, [Mixed(AugmentMNIST(data, seed=2).tasks, turn) for turn in (0, 5)]),
}
of_each_stream = pytest.mark.parametrize("make", STREAMS.values(), ids=STREAMS)


class Counting:
    """A task that counts the images that it transforms."""

    name = "counting"

    def __init__(self):
        self.seen = 0

    def __call__(self, images):
        self.seen += len(images)
        return 255 - images


@of_each_stream
@pytest.mark.parametrize("part", ["train", "test"])
def test_an_image_does_not_depend_on_what_it_is_selected_with(few, make, part):
    stream = make(few)
    for t in range(len(stream)):
        images, labels = stream.images(t, part)
        assert len(images) == len(labels) == stream.count(t, part)
        assert torch.equal(labels, stream.labels(t, part))
        source = torch.Generator().manual_seed(t)
        order = torch.randperm(len(labels), generator=source)
        for index in (order[:1], order[:9], torch.cat([order[:4], order[:2]]), slice(3, 11), slice(0, 0)):
            some, theirs = stream.images(t, part, index)
            # perspective solves a linear system for each image, in batches
            torch.testing.assert_close(some, images[index], rtol=0, atol=1e-5)
            assert torch.equal(theirs, labels[index])


@of_each_stream
def test_images_are_in_range_and_the_dataset_stays_as_it_is(few, make):
    before = few.fingerprint()
    stream = make(few)
    for t in range(len(stream)):
        images, labels = stream.images(t, "test")
        assert images.shape == (len(labels), 28, 28)
        assert images.dtype == torch.uint8 or (images.min() >= 0 and images.max() <= 1 + 1e-6)
        assert labels.dtype == torch.int64
    assert few.fingerprint() == before


def test_only_what_is_asked_for_is_transformed(few):
    task = Counting()
    stream = TaskStream(few, [task])
    stream.images(0, "train", torch.tensor([3, 1, 250]))
    assert task.seen == 3
    stream.images(0, "test", slice(0, 5))
    assert task.seen == 3 + 5
    stream.labels(0, "train")
    stream.count(0, "test")
    assert task.seen == 3 + 5
    stream.images(0, "test")
    assert task.seen == 3 + 5 + len(few.test_labels)


def test_only_what_is_asked_for_is_drawn_on(few, monkeypatch):
    from tgsh.benchmarks import _augment

    seen = []
    monkeypatch.setattr(_augment.Augmentation, "_apply", lambda self, images, drawn: seen.append(len(images)) or images)
    stream = AugmentMNIST(few)
    for t in range(8):
        stream.images(t, "train", torch.tensor([7, 2]))
    assert seen == [2] * 8


def test_a_task_that_chooses_its_images_is_indexed_within_them(few):
    stream = SplitMNIST(few)
    images, labels = stream.images(3, "train", torch.tensor([0, 2]))
    rows = ((few.train_labels == 6) | (few.train_labels == 7)).nonzero()[:, 0][[0, 2]]
    assert torch.equal(images, few.train_images[rows])
    assert torch.equal(labels, few.train_labels[rows])


@pytest.mark.parametrize("ask", ["images", "labels", "count"])
def test_there_are_two_parts(few, ask):
    with pytest.raises(ParameterError, match="part must be one of train, test; got 'validation'"):
        getattr(RotationMNIST(few, n_tasks=1), ask)(0, "validation")


@pytest.mark.parametrize("t", [3, -4])
def test_a_task_that_is_not_there_is_one_line(few, t):
    stream = RotationMNIST(few, n_tasks=3)
    for ask in (lambda: stream.images(t, "test"), lambda: stream.labels(t, "test"), lambda: stream.count(t, "train")):
        with pytest.raises(ParameterError, match=f"^there is no task {t}: this stream has 3 tasks, 0 to 2$"):
            ask()
    with pytest.raises(ParameterError, match=r"this stream has one task, 0$"):
        RotationMNIST(few, n_tasks=1).pixel_sources(1)


MOVING = {
    "rotations": lambda data: RotationMNIST(data, n_tasks=4, step=37),
    "shifts": STREAMS["shifts"],
    "permutations": lambda data: PermutedMNIST(data, n_tasks=3),
}


@pytest.mark.parametrize("make", MOVING.values(), ids=MOVING)
def test_the_sources_of_pixels_say_what_the_task_does(few, make):
    stream = make(few)
    for t in range(len(stream)):
        sources = stream.pixel_sources(t)
        assert sources.shape == (784,)
        assert sources.dtype == torch.int64
        moved = few.test_images.flatten(1)[:, sources.clamp(min=0)] * (sources >= 0)
        assert torch.equal(moved, stream.images(t, "test")[0].flatten(1))


@pytest.mark.parametrize("name", ["interpolated", "augmentations", "pairs of classes", "mixed"])
def test_tasks_that_do_more_than_move_pixels_have_no_sources(few, name):
    stream = STREAMS[name](few)
    assert [stream.pixel_sources(t) for t in range(len(stream))] == [None] * len(stream)


def test_a_change_of_the_transform_or_the_images_leaves_no_sources(few):
    class Negative(Rotation):
        def __call__(self, images):
            return 255 - super().__call__(images)

    class Dark(RotationMNIST):
        def images(self, t, part, index=None):
            images, labels = super().images(t, part, index)
            return images // 2, labels

    assert TaskStream(few, [Negative(10)]).pixel_sources(0) is None
    assert Dark(few, n_tasks=2).pixel_sources(1) is None
    assert TaskStream(few, [Counting()]).pixel_sources(0) is None


def test_stream_distances_go_the_short_way_round(digits):
    d = RotationMNIST(digits, n_tasks=36).distances()
    assert d[0, 1] == d[0, 35] == 10
    assert d.max() == d[3, 21] == 180
    np.testing.assert_array_equal(d, d.T)


def test_stream_is_a_sequence_of_named_tasks(digits):
    stream = RotationMNIST(digits, n_tasks=4, step=90)
    assert [task.name for task in stream] == ["0°", "90°", "180°", "270°"]
    assert stream.names == ["0°", "90°", "180°", "270°"]
    assert stream.tick_labels == ["0", "90", "180", "270"]
    assert stream.axis_label == "task (degrees)"
    images, labels = stream.images(0, "test")
    assert torch.equal(images, digits.test_images)
    assert torch.equal(labels, digits.test_labels)


def test_distances_on_a_circle_take_the_shorter_way_round():
    np.testing.assert_allclose(circular_distance([10, 350], [0, 90, 180], 360), [[10, 80, 170], [10, 100, 170]])
    with pytest.raises(ParameterError, match="period must be a number above 0"):
        circular_distance([0], [1], 0)


def test_tasks_on_no_axis_have_no_distances(few):
    stream = TaskStream(few, [Counting()])
    assert stream.tick_labels == ["counting"]
    assert stream.axis_label == "task"
    with pytest.raises(ParameterError, match="the tasks of TaskStream lie on no axis"):
        stream.distances()
