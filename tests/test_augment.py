"""AugmentMNIST against torchvision's own transforms, called on one image after another."""

import pytest
import torch
from torchvision import transforms as TT
from torchvision.transforms import functional as TF

from tgsh import AugmentMNIST, FlyNet, ParameterError, Recipe, train_stream
from tgsh.benchmarks import TABLE_1, Augmentation
from tgsh.seeding import generator

TORCHVISION = {
    "T1": TT.Compose([]),
    "T2": TT.RandomHorizontalFlip(p=1.0),
    "T3": TT.RandomVerticalFlip(p=1.0),
    "T4": TT.GaussianBlur(kernel_size=5, sigma=2),
    "T5": TT.RandomPerspective(distortion_scale=0.5, p=1.0),
    "T6": TT.RandomErasing(p=1.0),
    "T7": TT.RandomInvert(p=1.0),
    "T8": TT.RandomResizedCrop(size=28),
}
RANDOM = ("T5", "T6", "T8")
of_each_task = pytest.mark.parametrize("t", range(8), ids=list(TORCHVISION))
of_each_random_task = pytest.mark.parametrize("t", [int(key[1]) - 1 for key in RANDOM], ids=RANDOM)


@pytest.fixture(scope="module")
def stream(few) -> AugmentMNIST:
    return AugmentMNIST(few, seed=3)


@of_each_task
def test_every_task_equals_torchvisions_transform_of_one_image_after_another(few, stream, t):
    key = f"T{t + 1}"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(3, "augment", key, "train").initial_seed())
        one_by_one = torch.cat([TORCHVISION[key](image[None].float() / 255) for image in few.train_images])
    images, labels = stream.images(t, "train")
    torch.testing.assert_close(images, one_by_one, rtol=0, atol=2e-5)
    assert torch.equal(labels, few.train_labels)
    assert images.min() >= 0
    assert images.max() <= 1 + 1e-6


@of_each_task
def test_every_task_but_the_first_changes_the_images(few, stream, t):
    changed = (stream.images(t, "test")[0] - few.test_images / 255).abs().amax((1, 2)) > 0.1
    assert changed.double().mean() == 0 if t == 0 else changed.double().mean() > 0.8


def test_table_names_the_configurations_that_are_compared_with():
    for key, row in list(TABLE_1.items())[1:]:
        name, _ = row.configuration.split("(")
        assert type(TORCHVISION[key]).__name__ == name
    assert [key for key, row in TABLE_1.items() if row.draw] == list(RANDOM)


@of_each_random_task
def test_training_images_follow_the_seed_and_test_images_do_not(few, stream, t):
    again, other = AugmentMNIST(few, seed=3), AugmentMNIST(few, seed=4)
    assert torch.equal(stream.images(t, "train")[0], again.images(t, "train")[0])
    assert not torch.equal(stream.images(t, "train")[0], other.images(t, "train")[0])
    assert torch.equal(stream.images(t, "test")[0], other.images(t, "test")[0])


@of_each_random_task
def test_training_and_test_images_are_drawn_apart(few, stream, t):
    first = torch.arange(100)
    same_images = few.train_images[first]
    shown = [stream[t].show(same_images, part, first) for part in ("train", "test")]
    assert not torch.equal(*shown)


def test_perspective_of_a_pixel_on_the_horizon_is_black_where_torchvision_returns_nan():
    start, corners = [[0, 0], [27, 0], [27, 27], [0, 27]], [[5, 5], [27, 7], [20, 20], [7, 27]]
    white = torch.ones(1, 1, 28, 28)
    theirs = TF.perspective(white[0], start, corners, fill=[0.0])
    ours = TABLE_1["T5"].apply(white, torch.tensor([corners]))[0]
    assert theirs.isnan().any()
    torch.testing.assert_close(ours, theirs.nan_to_num(0.0), rtol=0, atol=2e-5)


@of_each_random_task
def test_an_image_keeps_its_draw_in_a_subset(few, stream, t):
    subset = AugmentMNIST(few.subset(n_train=20), seed=3)
    torch.testing.assert_close(subset.images(t, "train")[0], stream.images(t, "train")[0][:20], rtol=0, atol=1e-5)


def test_drawing_leaves_the_global_generator_alone(few):
    before = torch.random.get_rng_state()
    AugmentMNIST(few, seed=12345).images(4, "train")
    assert torch.equal(torch.random.get_rng_state(), before)


def test_repr_tells_seeds_apart_where_something_is_drawn(few):
    one, other = ([repr(task) for task in AugmentMNIST(few, seed=s)] for s in (0, 1))
    assert [f"T{t + 1}" for t in range(8) if one[t] != other[t]] == list(RANDOM)
    assert len(set(one)) == 8


def test_networks_trained_on_other_draws_are_not_taken_from_the_cache(few):
    records = [
        train_stream(FlyNet(5, width_mult=1), AugmentMNIST(few, seed=s, n_tasks=5), Recipe(epochs=1), progress=False)
        for s in (0, 1, 0)
    ]
    assert [record.from_cache for record in records] == [(False,) * 5, (*(True,) * 4, False), (True,) * 5]


def test_tasks_have_names_and_no_distances(few, stream):
    assert stream.names[0] == stream.tick_labels[0] == "T1 original"
    assert stream.axis_label == "task"
    with pytest.raises(ParameterError, match="AugmentMNIST lie on no axis"):
        stream.distances()


@pytest.mark.parametrize(("name", "value"), [("n_tasks", 9), ("n_tasks", 0), ("seed", -1), ("seed", "one")])
def test_bad_parameters(few, name, value):
    with pytest.raises(ParameterError, match=f"{name} must be a whole number"):
        AugmentMNIST(few, **{name: value})


def test_bad_part(few, stream):
    with pytest.raises(ParameterError, match="part must be one of train, test; got 'validation'"):
        Augmentation("T1").show(few.test_images, "validation", torch.arange(3))
    with pytest.raises(ParameterError, match="part must be one of train, test; got 'validation'"):
        stream.images(0, "validation")


@of_each_random_task
def test_what_is_drawn_for_each_image_is_not_applied_without_its_number(few, stream, t):
    with pytest.raises(ParameterError, match=f"T{t + 1} .* draws a transform for each image; use stream.images"):
        stream[t](few.test_images)
