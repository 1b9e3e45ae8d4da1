import pytest
import torch
from scipy.stats import mannwhitneyu

from tgsh import FlyNet, ParameterError, RotationMNIST, intra_inter_similarity, sample_representations, separability
from tgsh.datasets import normalise
from tgsh.hashing import pair_masks

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


def test_separability_is_the_share_of_pairs_in_order():
    assert separability(torch.tensor([0.9, 0.8]), torch.tensor([0.1, 0.2])) == 1
    assert separability(torch.tensor([0.1]), torch.tensor([0.9])) == 0
    assert separability(torch.linspace(0.5, 1, 300_000), torch.linspace(0, 0.4, 300_000)) == 1  # to the last digit
    assert separability(torch.tensor([0.5, 0.1]), torch.tensor([0.3, 0.5])) == pytest.approx((1 + 0.5) / 4)


def test_separability_is_scipys_mann_whitney_statistic_ties_included():
    source = torch.Generator().manual_seed(0)
    intra, inter = (torch.randint(50, (n,), generator=source) / 50 for n in (300, 700))
    expected = mannwhitneyu(intra.numpy(), inter.numpy()).statistic / (300 * 700)
    assert separability(intra, inter) == pytest.approx(expected, abs=1e-12)


def test_separability_needs_pairs_of_both_kinds():
    with pytest.raises(ParameterError, match="got 2 intra and 0 inter pairs"):
        separability(torch.tensor([0.1, 0.2]), torch.tensor([]))


def test_samples_are_balanced_and_modulated_by_their_own_context(few):
    stream = RotationMNIST(few, n_tasks=3, step=90)
    net = FlyNet(3, width_mult=1)
    r, task, label = sample_representations(net, stream, per_class=4)
    assert r.shape == (3 * 10 * 4, 784)
    for t in range(3):
        assert label[task == t].bincount().tolist() == [4] * 10
        images, _ = stream.test(t)
        possible = net.representation(normalise(images), t).detach()
        assert torch.cdist(r[task == t].double(), possible.double()).min(1).values.max() < 1e-4
    again, _, _ = sample_representations(net, stream, per_class=4)
    assert torch.equal(r, again)


def test_too_few_images_of_a_class(few):
    with pytest.raises(ParameterError, match="per_class is 100, but some class has fewer"):
        sample_representations(FlyNet(1, width_mult=1), RotationMNIST(few, n_tasks=1), per_class=100)
