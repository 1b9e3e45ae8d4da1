import numpy as np
import pytest
import torch
from scipy.stats import mannwhitneyu

from tgsh.errors import ParameterError
from tgsh.measures import (
    derangement,
    intra_inter_similarity,
    mean_similarity,
    overlap,
    separability,
    separability_by_distance,
)

T, K, P = 6, 3, 4
TASK = torch.arange(T).repeat_interleave(K * P)
LABEL = torch.arange(K).repeat_interleave(P).repeat(T)
APART = np.minimum((np.arange(T)[:, None] - np.arange(T)) % T, (np.arange(T) - np.arange(T)[:, None]) % T)


def points(task_share: float, seed: int = 0) -> torch.Tensor:
    """Tasks as points round a circle, classes as other directions, and a little noise."""
    source = torch.Generator().manual_seed(seed)
    angle = 2 * torch.pi * TASK / T
    of_task = torch.stack([angle.cos(), angle.sin()], 1) * task_share
    of_class = torch.nn.functional.one_hot(LABEL, K) * (1 - task_share)
    return torch.cat([of_task, of_class], 1) + 0.01 * torch.randn(len(TASK), 2 + K, generator=source)


def test_a_derangement_moves_everything():
    for n in (2, 3, 36):
        moved = derangement(n, seed=n)
        assert sorted(moved.tolist()) == list(range(n))
        assert (moved != torch.arange(n)).all()


def test_a_single_element_cannot_move():
    with pytest.raises(ParameterError, match="n must be a whole number"):
        derangement(1, seed=0)


def test_planted_tasks_separate_the_more_the_farther_they_are():
    found = separability_by_distance(points(0.5), TASK, LABEL, APART, n_resamples=50)
    np.testing.assert_array_equal(found.distance, [1, 2, 3])
    assert (np.diff(found.inter) < 0).all()
    assert (np.diff(found.auc) >= 0).all()
    assert found.auc[0] < 0.05  # neighbours share half of their direction, and the class besides
    assert found.auc[-1] == 1
    assert ((found.low <= found.auc) & (found.auc <= found.high)).all()


def test_where_only_classes_count_no_distance_separates():
    found = separability_by_distance(points(0.0), TASK, LABEL, APART, n_resamples=20)
    np.testing.assert_allclose(found.auc, 0)


def test_noise_separates_nothing_and_the_interval_says_so():
    noise = torch.randn(len(TASK), 50, generator=torch.Generator().manual_seed(2))
    found = separability_by_distance(noise, TASK, LABEL, APART, n_resamples=100)
    assert (np.abs(found.auc - 0.5) < 0.1).all()
    assert ((found.low < 0.5) & (found.high > 0.5)).sum() >= 2


def test_the_profile_agrees_with_the_overall_number_on_a_single_distance():
    r = points(0.3)
    found = separability_by_distance(r, TASK, LABEL, 1 - np.eye(T), n_resamples=5)
    assert found.auc[0] == separability(*intra_inter_similarity(r, TASK, LABEL))


def test_distances_of_another_stream_are_refused():
    with pytest.raises(ParameterError, match="distances"):
        separability_by_distance(points(0.3), TASK, LABEL, np.zeros((3, 3)))


def test_mean_similarity_is_the_mean_over_pairs():
    r = points(0.4)
    found = mean_similarity(r, TASK, LABEL)
    intra, inter = intra_inter_similarity(r, TASK, LABEL)
    assert np.diag(found).mean() == pytest.approx(float(intra.mean()), abs=1e-6)
    assert found[~np.eye(T, dtype=bool)].mean() == pytest.approx(float(inter.mean()), abs=1e-6)
    np.testing.assert_allclose(found, found.T)


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


def test_overlap_of_known_distributions():
    x = torch.linspace(0, 1, 1001)
    assert overlap(x + 2, x) == 0
    assert overlap(x, x) == 1
    assert overlap(x + 0.25, x) == pytest.approx(0.75, abs=0.01)
    assert overlap(x, x + 0.25) == overlap(x + 0.25, x)


@pytest.mark.parametrize("measure", [overlap, separability])
def test_arrays_of_numpy_and_half_precision_are_served(measure):
    source = torch.Generator().manual_seed(0)
    high, low = torch.rand(200, generator=source) + 0.3, torch.rand(200, generator=source)
    assert measure(high.numpy(), low.numpy()) == measure(high, low)
    for dtype in (torch.bfloat16, torch.float16):
        some = high.to(dtype), low.to(dtype)
        assert measure(*some) == measure(*(side.double() for side in some))


@pytest.mark.parametrize("measure", [overlap, separability])
@pytest.mark.parametrize("wrong", [torch.rand(4, 2), torch.ones(3, dtype=torch.bool), [0.1, 0.2], np.array(["a"])])
def test_what_is_no_row_of_numbers_is_one_line(measure, wrong):
    with pytest.raises(ParameterError, match=r"^inter must be a row of real numbers, of PyTorch or NumPy; got \S"):
        measure(torch.rand(5), wrong)
