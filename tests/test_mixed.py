import pytest
import torch

from tgsh import AugmentMNIST, ParameterError, RotationMNIST, TaskStream
from tgsh.benchmarks import Mixed, Rotation


@pytest.mark.parametrize("turn", [0, 1, 5])
@pytest.mark.parametrize("kind", ["rotations", "drawn for each image"])
def test_every_image_is_transformed_as_its_turn_says(few, turn, kind):
    stream = RotationMNIST(few, n_tasks=4, step=90) if kind == "rotations" else AugmentMNIST(few)
    T = len(stream)
    mixed = TaskStream(few, [Mixed(stream.tasks, turn)])
    for part in ("train", "test"):
        images, labels = mixed.images(0, part)
        assert torch.equal(labels, few.part(part)[1])
        for i in range(12):
            wanted, _ = stream.images((i + turn) % T, part, torch.tensor([i]))
            torch.testing.assert_close(images[i], wanted[0], rtol=0, atol=1e-5)


def test_some_images_are_those_of_all(few):
    mixed = TaskStream(few, [Mixed(RotationMNIST(few, n_tasks=4, step=90).tasks, 3)])
    index = torch.tensor([8, 1, 30])
    assert torch.equal(mixed.images(0, "train", index)[0], mixed.images(0, "train")[0][index])
    assert mixed.images(0, "train", index[:0])[0].shape == (0, 28, 28)


def test_without_their_numbers_images_cannot_be_mixed(few):
    mixed = Mixed((Rotation(0), Rotation(90)))
    assert mixed.name == "2 tasks mixed"
    with pytest.raises(ParameterError, match=r"follows from its number; use stream\.images"):
        mixed(few.test_images)


def test_whole_and_floating_numbers_are_not_mixed(few):
    mixed = TaskStream(few, [Mixed((Rotation(90), AugmentMNIST(few)[1]))])
    with pytest.raises(ParameterError, match=r"return one dtype; got torch\.uint8 and torch\.float32"):
        mixed.images(0, "test")
