import pytest
import torch

from tgsh import FlyNet, ParameterError, RotationMNIST, intra_inter_similarity, sample_representations
from tgsh.measures import balanced_sample, cosine_matrix, pair_masks, pairs_of_two_tasks, sample_by_position
from tgsh.seeding import generator

# Two tasks, two labels, one point of each: a hand-made case.
TASK, LABEL = torch.tensor([0, 0, 1, 1]), torch.tensor([3, 7, 3, 7])


def test_pairs_are_what_the_definition_says():
    intra, inter = pair_masks(TASK, LABEL)
    assert intra.nonzero().tolist() == [[0, 1], [2, 3]]  # one task, other labels
    assert inter.nonzero().tolist() == [[0, 2], [1, 3]]  # one label, other tasks


def test_a_pair_that_shares_task_and_label_or_neither_is_left_out():
    intra, inter = pair_masks(torch.tensor([0, 0, 1]), torch.tensor([3, 3, 7]))
    assert not intra.any()
    assert not inter.any()


def test_similarities_of_a_hand_made_example():
    # Task 0 points along x and y, task 1 along -x and x + y.
    points = torch.tensor([[2.0, 0.0], [0.0, 3.0], [-1.0, 0.0], [1.0, 1.0]])
    intra, inter = intra_inter_similarity(points, TASK, LABEL)
    torch.testing.assert_close(intra, torch.tensor([0.0, -(0.5**0.5)]))
    torch.testing.assert_close(inter, torch.tensor([-1.0, 0.5**0.5]))


def test_a_balanced_sample_has_equally_many_images_of_each_class():
    labels = torch.tensor([0, 1, 1, 0, 1, 0, 1, 2, 2, 2, 2])
    chosen = balanced_sample(labels, 3, generator(0, "test"), n_classes=3)
    assert labels[chosen].tolist() == [0] * 3 + [1] * 3 + [2] * 3
    assert len(chosen.unique()) == 9
    assert torch.equal(chosen, balanced_sample(labels, 3, generator(0, "test"), n_classes=3))
    assert not torch.equal(chosen, balanced_sample(labels, 3, generator(1, "test"), n_classes=3))
    with pytest.raises(ParameterError, match="per_class is 4, but some class has fewer"):
        balanced_sample(labels, 4, generator(0, "test"), n_classes=3)


def test_samples_are_balanced_and_modulated_by_their_own_context(few):
    stream = RotationMNIST(few, n_tasks=3, step=90)
    net = FlyNet(3, width_mult=1)
    r, task, label = sample_representations(net, stream, per_class=4)
    assert r.shape == (3 * 10 * 4, 784)
    for t in range(3):
        assert label[task == t].bincount().tolist() == [4] * 10
        images, _ = stream.images(t, "test")
        possible = net.represent(net.inputs(images), net.context_vectors()[t])
        assert torch.cdist(r[task == t].double(), possible.double()).min(1).values.max() < 1e-4
    again, _, _ = sample_representations(net, stream, per_class=4)
    assert torch.equal(r, again)


def test_too_few_images_of_a_class(few):
    with pytest.raises(ParameterError, match="per_class is 100, but some class has fewer"):
        sample_representations(FlyNet(1, width_mult=1), RotationMNIST(few, n_tasks=1), per_class=100)


def test_positions_are_not_labels(few):
    stream, net = RotationMNIST(few, n_tasks=2, step=90), FlyNet(2, width_mult=1)
    r, task, position = sample_by_position(net, stream, per_position=5)
    assert [position[task == t].bincount().tolist() for t in (0, 1)] == [[5] * 10] * 2
    images, labels = stream.images(1, "test")
    possible = net.represent(net.inputs(images), net.context_vectors()[1])
    shown = labels[torch.cdist(r[task == 1].double(), possible.double()).argmin(1)]
    assert (shown == position[task == 1]).float().mean() < 0.4
    with pytest.raises(ParameterError, match="per_position"):
        sample_by_position(net, stream, per_position=1000)


# Pairs of two tasks


THREE_TASKS = torch.arange(3).repeat_interleave(6)
TWO_LABELS = torch.arange(2).repeat_interleave(3).repeat(3)
POINTS = torch.randn(18, 5, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("a", "b"), [(0, 1), (2, 0)])
def test_two_tasks_are_what_fig_2a_gives_for_a_stream_of_two(a, b):
    chosen = (a == THREE_TASKS) | (b == THREE_TASKS)
    expected = intra_inter_similarity(POINTS[chosen], THREE_TASKS[chosen], TWO_LABELS[chosen])
    found = pairs_of_two_tasks(cosine_matrix(POINTS), THREE_TASKS, TWO_LABELS, a, b)
    for ours, theirs in zip(found, expected, strict=True):
        assert torch.allclose(ours.sort().values, theirs.sort().values, atol=1e-6)


def test_a_task_with_itself_has_pairs_of_one_label_instead():
    intra, inter = pairs_of_two_tasks(cosine_matrix(POINTS), THREE_TASKS, TWO_LABELS, 1, 1)
    assert len(intra) == 3 * 3
    assert len(inter) == 2 * 3  # two labels, three pairs of three points each
    assert inter.max() < 1 - 1e-4  # no point is paired with itself


def test_a_task_without_points_is_named():
    with pytest.raises(ParameterError, match="got 6 of 0 and 0 of 7"):
        pairs_of_two_tasks(cosine_matrix(POINTS), THREE_TASKS, TWO_LABELS, 0, 7)
