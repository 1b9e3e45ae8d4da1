"""Images and labels in every form and through every door: the same answer, or one line that says what is wrong."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from tgsh import (
    AugmentMNIST,
    FlyNet,
    ImageDataset,
    NeuroModNet,
    ParameterError,
    Recipe,
    RotationMNIST,
    ShiftMNIST,
    TaskStream,
    cross_accuracy,
    sample_representations,
    train_stream,
)
from tgsh.benchmarks import Mixed, Rotation, SplitMNIST, interpolated_rotations, join_images
from tgsh.datasets import normalise
from tgsh.extensions import fit_task_memory, score_tasks, stream_features
from tgsh.inversion import TaskClassifier, class_means, read_test_images, train_classifier
from tgsh.measures import (
    active_units,
    distance_moved,
    odd_even_logits,
    read_positions,
    rotation_orbit,
    sample_tasks,
    unit_pixels,
)
from tgsh.training import fit_autograd, fit_closed_form, templates

PARTS = ("train_images", "train_labels", "test_images", "test_labels")


@pytest.fixture(scope="module")
def small(digits) -> ImageDataset:
    return digits.subset(n_train=120, n_test=60)


def with_images(data, form):
    return replace(data, train_images=form(data.train_images), test_images=form(data.test_images))


def with_labels(data, form):
    return replace(data, train_labels=form(data.train_labels), test_labels=form(data.test_labels))


# The same images

WHOLE = {
    **{str(d): lambda x, d=d: x.to(d) for d in (torch.int16, torch.int32, torch.int64, torch.uint16)},
    "not contiguous": lambda x: x.transpose(1, 2).contiguous().transpose(1, 2),
    "every second of a longer tensor": lambda x: x.repeat_interleave(2, 0)[::2],
    "NumPy": lambda x: x.numpy(),
    "NumPy, reversed twice": lambda x: np.ascontiguousarray(x.numpy()[:, ::-1])[:, ::-1],
}
FLOATING = {  # with the rounding of a pixel
    **{str(d): (lambda x, d=d: (x.double() / 255).to(d), 1e-6) for d in (torch.float32, torch.float64)},
    **{str(d): (lambda x, d=d: (x.double() / 255).to(d), 2e-3) for d in (torch.float16, torch.bfloat16)},
    "floating NumPy": (lambda x: x.numpy() / 255, 1e-6),
    "of another computer": (lambda x: (x.numpy() / 255).astype(">f4"), 1e-6),
    "sparse": (lambda x: (x.double() / 255).to_sparse(), 1e-6),
    "of a computation": (lambda x: (x.double() / 255).requires_grad_(), 1e-6),
}
FORMS = {**{name: (form, 0) for name, form in WHOLE.items()}, **FLOATING}
of_each_form = pytest.mark.parametrize("form", FORMS)
of_some_forms = pytest.mark.parametrize("form", ["torch.int64", "not contiguous", "torch.float64", "torch.bfloat16"])
STREAMS = {
    "rotations": lambda data: RotationMNIST(data, n_tasks=2, step=40),
    "interpolated": lambda data: interpolated_rotations(data, [0.0, 12.5]),
    "shifts": lambda data: ShiftMNIST(data, n_tasks=2, pixels=5),
    "augmentations": lambda data: AugmentMNIST(data, seed=2),
    "pairs of classes": SplitMNIST,
    "mixed": lambda data: TaskStream(data, [Mixed(RotationMNIST(data, n_tasks=2).tasks, 1)]),
}
NETWORKS = {
    "sparse": lambda T: FlyNet(T, width_mult=1),
    "Gaussian": lambda T: FlyNet(T, width_mult=1, projection="gaussian"),
    "not centred": lambda T: FlyNet(T, width_mult=1, centred=False),
    "layers": lambda T: NeuroModNet(T, widths=(60, 50)),
}


@of_each_form
@pytest.mark.parametrize("stream", STREAMS)
def test_a_stream_shows_the_same_images_in_every_form(small, stream, form):
    make, rounding = FORMS[form]
    if stream == "interpolated" and rounding:
        rounding += 0.5 / 255  # pixels that are interpolated as whole numbers are rounded
    expected, got = STREAMS[stream](small), STREAMS[stream](with_images(small, make))
    for t in range(len(expected)):
        for (x, y), (x_got, y_got) in ((s.images(t, "test") for s in (expected, got)),):
            pixels, found = (p.double() / (1 if p.is_floating_point() else 255) for p in (x, x_got))
            # the four corners of the perspective are solved for in the precision of the images
            torch.testing.assert_close(found, pixels, rtol=0, atol=rounding + 1e-4 if rounding else 0)
            assert torch.equal(y, y_got)


@of_some_forms
@pytest.mark.parametrize("network", NETWORKS)
def test_a_network_and_its_training_give_the_same_in_every_form(small, network, form):
    make, rounding = FORMS[form]
    found = []
    for data in (small, with_images(small, make)):
        stream, net = RotationMNIST(data, n_tasks=2, step=40), NETWORKS[network](2)
        record = train_stream(net, stream, Recipe(epochs=1), progress=False)
        r, _, _ = sample_representations(net, stream, per_class=1)
        found.append((record.contexts, r, record.accuracy, cross_accuracy(net, stream)))
    for one, other in zip(*found, strict=True):
        if not rounding:
            assert torch.equal(one, other)
        # RMSprop's first step is as long for a small gradient as for a large one, so rounding can turn one
        assert (one - other).norm() <= (0.02 if rounding < 1e-3 else 0.3) * one.norm()


def everything(data):
    """What is measured and judged in a stream of the images: name -> numbers."""
    stream, net = RotationMNIST(data, n_tasks=3, step=120), FlyNet(3, width_mult=1)
    images, m = stream.images(1, "test", slice(9))[0], net.context_vectors()
    classifier, upright = train_classifier(stream, epochs=1), data.test_images[:4]
    scores = score_tasks(net, stream, fit_task_memory(net, stream))
    reading = read_test_images(classifier, stream)
    return {
        "odd and even": torch.stack(odd_even_logits(net, images, m[1])).detach(),
        "units": active_units(net, images).double().mean(1),
        "unit pixels": unit_pixels(images),
        "tasks": sample_tasks(stream, 2, seed=0)[0],
        "orbit": rotation_orbit(upright, np.array([0.0, 30.0])),
        "moved": distance_moved(upright, np.array([0.0]), np.array([5.0, 30.0])),
        "positions": read_positions(stream, n_fit=50, n_read=20)[0],
        "means": class_means(stream),
        "features": stream_features(net, stream, "test")[1],
        "energy": torch.cat(scores.scores["energy"]),
        "manifold": torch.cat(scores.scores["manifold"]),
        "digit": reading.digit.mean(),
        "templates": templates(net.inputs(data.train_images), data.train_labels),
    }


@of_some_forms
def test_measures_and_the_classifier_give_the_same_in_every_form(small, form):
    make, rounding = FORMS[form]
    expected, found = everything(small), everything(with_images(small, make))
    for name, value in expected.items():
        a, b = (torch.as_tensor(x).double() for x in (value, found[name]))
        assert a.isfinite().all(), name
        tolerance = {0: 0, 1e-6: 1e-2, 2e-3: 0.1}[rounding] * float(a.abs().max())
        torch.testing.assert_close(b, a, rtol=0, atol=tolerance, msg=lambda m, name=name: f"{name}: {m}")


def test_black_and_white_images_may_be_boolean(small):
    lit = small.train_images > 128
    expected = normalise(lit.float())
    torch.testing.assert_close(normalise(lit), expected)
    assert with_images(small, lambda x: x > 128).train_images.dtype == torch.uint8


def test_what_a_task_returns_is_read_like_a_dataset(small):
    @dataclass(frozen=True)
    class As:
        dtype: torch.dtype
        name = "as"

        def __call__(self, images):
            return images.to(self.dtype) if not self.dtype.is_floating_point else (images / 255).to(self.dtype)

    for dtype in (torch.int16, torch.int64, torch.uint8):
        assert torch.equal(TaskStream(small, [As(dtype)]).images(0, "test")[0], small.test_images)
    for dtype in (torch.float64, torch.bfloat16):
        shown = TaskStream(small, [As(dtype)]).images(0, "test")[0]
        torch.testing.assert_close(shown.float(), small.test_images / 255, rtol=0, atol=2e-3)


def test_tasks_of_two_kinds_of_images_have_one_scale_when_they_are_trained_together(small):
    def tasks(form):
        stream = TaskStream(small, [Rotation(0), Rotation(90)], [0, 90], 360)
        upright = stream.images

        def images(t, *args):
            shown, labels = upright(t, *args)
            return (form(shown) if t else shown), labels

        return stream, images

    found = []
    for form in (lambda x: x, lambda x: x / 255):
        stream, stream.images = tasks(form)
        found.append(everything_of_two(stream))
    torch.testing.assert_close(found[1][0], found[0][0], rtol=0.02, atol=1e-3)
    assert abs(found[1][1] - found[0][1]) <= 0.05
    joined = join_images([small.test_images[:2], small.test_images[2:4] / 255])
    torch.testing.assert_close(joined, small.test_images[:4] / 255)


def everything_of_two(stream):
    def images(t, part, index=None, device="cpu", shown=stream.images):
        return shown(t, part, index, device)

    stream.images = images
    net = FlyNet(2, width_mult=1)
    fit_closed_form(net, stream, [0, 1], Recipe(epochs=1), 0)
    classifier = train_classifier(stream, epochs=8)
    return net.context_vectors(), read_test_images(classifier, stream).digit.mean()


# Images that are none


def planted(value, dtype=torch.float32):
    def images(n=12):
        x = torch.full((n, 28, 28), 0, dtype=dtype)
        x[1, 3, 4] = value
        return x

    return images


BAD = {
    "nan": (planted(float("nan")), "1 of .* numbers are NaN or infinite"),
    "infinite": (planted(float("inf")), "1 of .* numbers are NaN or infinite"),
    "nan in bfloat16": (planted(float("nan"), torch.bfloat16), "1 of .* numbers are NaN or infinite"),
    "floats to 255": (planted(255.0), r"in \[0, 1\]; got 0 to 255; divide by 255, or pass uint8"),
    "doubles to 255": (planted(255.0, torch.float64), "divide by 255, or pass uint8"),
    "normalised": (planted(-0.42), r"in \[0, 1\]; got -0.42 to 0"),
    "too large": (planted(256, torch.int16), "whole numbers from 0 to 255; got 0 to 256"),
    "negative": (planted(-1, torch.int64), "whole numbers from 0 to 255; got -1 to 0"),
    "complex": (planted(1, torch.complex64), "real numbers"),
    "one image": (lambda: torch.zeros(28, 28), r"shape \(N, 28, 28\); got \(28, 28\)"),
    "larger images": (lambda: torch.zeros(12, 32, 32), r"shape \(N, 28, 28\); got \(12, 32, 32\)"),
    "text": (lambda: "images", "must be an array of numbers; got str|must hold real numbers|array of numbers"),
}


class Returns:
    def __init__(self, images):
        self.shown, self.name = images, "returns"

    def __call__(self, images):
        return self.shown


NET = FlyNet(1, width_mult=1)
DOORS = {
    "dataset": lambda x: ImageDataset("own", "own", x, torch.arange(len(x)) % 10, x, torch.arange(len(x)) % 10),
    "stream": lambda x: TaskStream(twelve(), [Returns(x)]).images(0, "train"),
    "training": lambda x: train_stream(NET, TaskStream(twelve(), [Returns(x)]), progress=False),
    "autograd": lambda x: fit_autograd(NET, TaskStream(twelve(), [Returns(x)]), [0], Recipe(), 0),
    "normalise": normalise,
    "inputs": NET.inputs,
    "inputs of layers": NeuroModNet(1, widths=(9,)).inputs,
    "odd and even": lambda x: odd_even_logits(NET, x, NET.context_vectors()[0]),
    "units": lambda x: active_units(NET, x),
    "orbit": lambda x: rotation_orbit(x, np.array([3.0])),
    "moved": lambda x: distance_moved(x, np.array([0.0]), np.array([3.0])),
}


def twelve():
    images = torch.arange(12 * 784).remainder(256).to(torch.uint8).reshape(12, 28, 28)
    return ImageDataset("own", "own", images, torch.arange(12) % 10, images, torch.arange(12) % 10)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("bad", BAD)
def test_images_that_are_none_are_refused_in_a_line(door, bad):
    make, message = BAD[bad]
    with pytest.raises(ParameterError, match=message) as caught:
        DOORS[door](make())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bad", ["nan", "infinite", "floats to 255", "normalised"])
def test_the_classifier_refuses_such_pictures_too(bad):
    make, message = BAD[bad]
    classifier = TaskClassifier(np.zeros((2, 2)))
    with pytest.raises(ParameterError, match=message):
        classifier.read_each(make().flatten(1), torch.zeros(12, dtype=torch.long), torch.zeros(12, dtype=torch.long))


def test_a_task_that_returns_other_numbers_of_images_is_refused():
    with pytest.raises(ParameterError, match="'returns' returns 3 images of 12"):
        TaskStream(twelve(), [Returns(torch.zeros(3, 28, 28))]).images(0, "train")


def test_a_check_of_bytes_copies_and_scans_nothing(small):
    assert with_images(small, lambda x: x).train_images is small.train_images
    assert RotationMNIST(small, n_tasks=1).dataset.part("train")[0] is small.train_images


# Labels and empty parts


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32, torch.uint16, "NumPy"])
def test_labels_of_any_whole_type_are_the_same_labels(small, dtype):
    data = with_labels(small, lambda y: y.numpy().astype(np.uint8) if dtype == "NumPy" else y.to(dtype))
    assert data.train_labels.dtype == data.test_labels.dtype == torch.int64
    assert data == small
    found = [train_stream(FlyNet(1, 1), RotationMNIST(d, n_tasks=1), progress=False) for d in (small, data)]
    assert torch.equal(found[0].contexts, found[1].contexts)


LABELS = {
    "negative": (lambda y: y - 1, "train_labels must be from 0 to 9; got -1 to 8"),
    "ten": (lambda y: y + 1, "train_labels must be from 0 to 9; got 1 to 10"),
    "255 in bytes": (lambda y: (y + 246).to(torch.uint8), "train_labels must be from 0 to 9; got 246 to 255"),
    "floating": (lambda y: y.float(), "train_labels must be a row of whole numbers; got torch.float32"),
    "one-hot": (lambda y: torch.nn.functional.one_hot(y, 10), "train_labels must be a row of whole numbers"),
    "too few": (lambda y: y[:-2], "train_labels must be 120, one for each image or point; got 118"),
    "too many": (lambda y: torch.cat([y, y]), "train_labels must be 120, one for each image or point; got 240"),
}


@pytest.mark.parametrize("bad", LABELS)
def test_labels_that_are_none_are_refused_in_a_line(small, bad):
    form, message = LABELS[bad]
    with pytest.raises(ParameterError, match=message):
        replace(small, train_labels=form(small.train_labels))


@pytest.mark.parametrize("part", ["train", "test"])
def test_an_empty_part_is_refused(small, part):
    empty = {f"{part}_{what}": getattr(small, f"{part}_{what}")[:0] for what in ("images", "labels")}
    with pytest.raises(ParameterError, match=f"the {part} part has no images"):
        replace(small, **empty)


def test_a_stream_needs_images_of_every_task(digits, small):
    with pytest.raises(ParameterError, match=r"task '.* and .*' has no (train|test) images"):
        SplitMNIST(digits.subset(5, 5))
    with pytest.raises(ParameterError, match="at least one task"):
        TaskStream(small, [])
    with pytest.raises(ParameterError, match="2 tasks but 3 positions"):
        TaskStream(small, [Rotation(0), Rotation(1)], [0, 1, 2], 360)


def test_a_task_may_choose_by_a_mask(small):
    class Threes:
        name = "threes"

        def __call__(self, images):
            return images

        def choose(self, labels):
            return labels == 3

    stream = TaskStream(small, [Threes()])
    images, labels = stream.images(0, "train")
    assert set(labels.tolist()) == {3}
    assert len(images) == stream.count(0, "train") == (small.train_labels == 3).sum()


def test_class_means_need_every_class(small):
    kept = small.test_labels != 9
    data = replace(small, test_images=small.test_images[kept], test_labels=small.test_labels[kept])
    with pytest.raises(ParameterError, match="task '0°' has no test image of class 9"):
        class_means(RotationMNIST(data, n_tasks=1))


def test_pixels_of_0_and_1_that_would_be_read_as_black_are_refused(small):
    with pytest.raises(ParameterError, match="hold only 0 and 1, of 0 to 255"):
        with_images(small, lambda x: (x > 128).to(torch.uint8))
