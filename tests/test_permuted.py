import pytest
import torch

from tgsh import ParameterError, RotationMNIST, ShiftMNIST
from tgsh.benchmarks import Classes, Composite, Permutation, PermutedMNIST, Rotation, Shift
from tgsh.runs import identity


def test_a_permutation_moves_every_pixel_once_and_in_all_images_alike(few):
    stream = PermutedMNIST(few, n_tasks=3)
    images, labels = stream.images(1, "test")
    assert torch.equal(labels, few.test_labels)
    assert torch.equal(images.flatten(1).sort(1).values, few.test_images.flatten(1).sort(1).values)
    assert torch.equal(images.flatten(1), few.test_images.flatten(1)[:, stream[1].source])
    assert torch.equal(stream[1].source.sort().values, torch.arange(784))
    assert not torch.equal(images, few.test_images)
    assert images.dtype == few.test_images.dtype
    assert stream[1](images / 255).is_floating_point()


def test_the_first_task_shows_the_images_as_they_are(few):
    assert torch.equal(PermutedMNIST(few).images(0, "test")[0], few.test_images)


def test_all_permutations_come_from_one_seed(few):
    long, short = PermutedMNIST(few, 5, seed=3), PermutedMNIST(few, 2, seed=3)
    assert long.names[:2] == short.names
    assert long.tasks[:2] == short.tasks
    sources = torch.stack([task.source for task in long])
    assert len(sources.unique(dim=0)) == 5
    assert not torch.equal(PermutedMNIST(few, 2, seed=4)[1].source, sources[1])
    assert identity(long[1]) not in (identity(long[2]), identity(PermutedMNIST(few, 2)[1]))


def test_parts_of_a_composite_apply_in_order():
    images = torch.arange(784, dtype=torch.float32).reshape(1, 28, 28) / 784
    shift, permutation = Shift(4), Permutation(1)
    after = Composite((shift, permutation))(images)
    assert torch.equal(after, permutation(shift(images)))
    assert not torch.equal(after, Composite((permutation, shift))(images))
    assert torch.equal(Composite((Rotation(90.0), Rotation(270.0)))(images), images)
    assert Composite((shift, permutation)).name == "4 px, then permutation 1"
    assert Composite((Shift(4), Shift(3)))(images).equal(Shift(7)(images))


@pytest.mark.parametrize(("call", "message"), [
    (lambda few: PermutedMNIST(few, 0), "n_tasks must be a whole number of at least 1"),
    (lambda few: PermutedMNIST(few, 2, seed=-1), "seed must be a whole number of at least 0"),
    (lambda few: Composite(()), "a composite has at least one part"),
    (lambda few: Composite((Shift(1), Classes((0, 1)))), "its part '0 and 1' chooses some"),
])  # fmt: skip
def test_what_is_refused(few, call, message):
    with pytest.raises(ParameterError, match=message):
        call(few)


def test_quarter_turns_and_shifts_are_permutations_and_other_turns_are_not(few):
    numbers = torch.arange(784, dtype=torch.float32).reshape(1, 28, 28) / 784

    def moves_every_pixel_once(task):
        return torch.equal(task(numbers).flatten().sort().values, numbers.flatten())

    assert all(map(moves_every_pixel_once, [*ShiftMNIST(few), *RotationMNIST(few, 4, 90)]))
    assert not moves_every_pixel_once(Rotation(10.0))
    quarter = Rotation(90.0)
    for angle in range(0, 360, 10):  # so the 36 rotations have the symmetry of the square, at every angle
        assert torch.equal(quarter(Rotation(float(angle))(numbers)), Rotation(float(angle + 90))(numbers))
