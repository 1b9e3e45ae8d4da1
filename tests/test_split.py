import pytest
import torch

from tgsh import FlyNet, ParameterError, Recipe, train_stream
from tgsh.benchmarks import SplitMNIST


def test_tasks_divide_the_images_between_them(few):
    stream = SplitMNIST(few)
    assert [task.name for task in stream] == ["0 and 1", "2 and 3", "4 and 5", "6 and 7", "8 and 9"]
    for t in range(5):
        for part in ("train", "test"):
            images, labels = stream.images(t, part)
            assert len(images) == len(labels)
            assert set(labels.tolist()) == {2 * t, 2 * t + 1}
    assert sum(len(stream.images(t, "train")[1]) for t in range(5)) == len(few.train_labels)
    pairs = SplitMNIST(few, n_tasks=2)
    assert torch.equal(pairs.images(1, "test")[0], few.test_images[(few.test_labels // 2) == 1])


def test_training_writes_each_context_and_no_other(few):
    stream, recipe = SplitMNIST(few, n_tasks=2), Recipe(epochs=4)
    net = FlyNet(3, width_mult=1)
    before = net.context_vectors()
    accuracy = train_stream(net, stream, recipe, device="cpu", progress=False).accuracy
    after = net.context_vectors()
    assert accuracy.min() > 0.8
    assert torch.equal(before[2], after[2])
    assert not torch.equal(before[:2], after[:2])
    again = FlyNet(2, width_mult=1)
    assert torch.equal(train_stream(again, stream, recipe, device="cpu", progress=False).accuracy, accuracy)
    assert torch.equal(again.context_vectors(), after[:2])


def test_more_pairs_than_there_are(few):
    with pytest.raises(ParameterError, match=r"n_tasks must be a whole number from 1 to 5 \(pairs of classes\); got 6"):
        SplitMNIST(few, n_tasks=6)
