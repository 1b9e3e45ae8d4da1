"""Definition 1 on planted representations, whose answer is known."""

import pytest
import torch

from tgsh import ParameterError
from tgsh.measures import intra_inter_similarity, separability, tgsh_test


def planted(of_task=0.0, of_class=0.0, noise=0.0, T=8, K=6, n=4, H=4000, seed=0):
    """Points of_task * u_t + of_class * v_k + noise * e with random unit vectors, nearly orthogonal in H dimensions."""
    source = torch.Generator().manual_seed(seed)
    unit = [torch.nn.functional.normalize(torch.randn(m, H, generator=source), dim=1) for m in (T, K, T * K * n)]
    task, label = torch.arange(T).repeat_interleave(K * n), torch.arange(K).repeat_interleave(n).repeat(T)
    return of_task * unit[0][task] + of_class * unit[1][label] + noise * unit[2], task, label


def test_a_perfect_hash_has_both_halves():
    report = tgsh_test(*planted(of_task=1))
    assert report.half_a.value == report.half_a.low == 1
    assert report.half_b.value == report.half_b.low == 1
    assert report.within.cosine.value == pytest.approx(1, abs=1e-4)
    assert report.within.angle.value == pytest.approx(0, abs=0.5)
    assert report.between.angle.value == pytest.approx(90, abs=1)
    assert report.between.distance.value == pytest.approx(2**0.5, abs=0.02)
    assert report.auc.value == report.auc.low == report.auc_paper.low == 1


def test_one_half_only():
    same_point = (torch.ones(8 * 6 * 4, 5), *planted()[1:])
    collapsed = tgsh_test(*same_point, n_resamples=20)
    assert (collapsed.half_a.value, collapsed.half_b.value) == (1, 0)
    scattered = tgsh_test(*planted(noise=1), n_resamples=20)
    assert (scattered.half_a.value, scattered.half_b.value) == (0, 1)


def test_far_pairs_between_tasks_are_no_evidence_of_a_hash_and_the_ratio_of_distances_tells():
    # Scattered points are far from each other within a task as well: half (b) is met, and nothing depends on the task.
    nothing, perfect, partly = (
        tgsh_test(*planted(**of), n_resamples=50) for of in ({"noise": 1}, {"of_task": 1}, {"of_task": 1, "noise": 1})
    )
    assert nothing.half_b.value == perfect.half_b.value == 1
    assert nothing.ratio.low < 1 < nothing.ratio.high
    assert nothing.ratio.value == pytest.approx(1, abs=0.01)
    assert perfect.ratio.high == pytest.approx(0, abs=0.01)
    assert partly.ratio.value == pytest.approx(0.5**0.5, abs=0.01)  # cosine 1/2 within a task, 0 between
    assert partly.ratio.value == pytest.approx(partly.within.distance.value / partly.between.distance.value, abs=1e-6)


def test_no_hash():
    # Grouped by class instead of by task: neither half of the paper's reading holds, and its AUC is 0.
    report = tgsh_test(*planted(of_class=1))
    assert report.intra.close.value == 0
    assert report.inter.close.value == 1
    assert report.auc_paper.value == 0
    scattered = tgsh_test(*planted(noise=1))
    assert scattered.auc.low < 0.5 < scattered.auc.high


def test_the_two_readings_count_the_pairs_they_say():
    T, K, n = 3, 4, 2
    report = tgsh_test(*planted(noise=1, T=T, K=K, n=n), n_resamples=10)
    assert report.within.n_pairs == T * (K * n) * (K * n - 1) // 2
    assert report.between.n_pairs == T * (T - 1) // 2 * (K * n) ** 2
    assert report.intra.n_pairs == T * K * (K - 1) // 2 * n**2
    assert report.inter.n_pairs == K * T * (T - 1) // 2 * n**2


def test_point_values_are_those_of_the_pairs_themselves():
    points = planted(of_task=1, of_class=0.7, noise=0.8)
    report = tgsh_test(*points, n_resamples=10)
    intra, inter = intra_inter_similarity(*points)
    assert report.intra.cosine.value == pytest.approx(intra.mean().item(), abs=1e-5)
    assert report.inter.cosine.value == pytest.approx(inter.mean().item(), abs=1e-5)
    assert report.auc_paper.value == separability(intra, inter)


def test_intervals_contain_the_truth_and_are_not_vast():
    # Tasks of different strength a_t: the mean similarity within a task is that of a^2 / (a^2 + 1).
    covered, width = 0, []
    truth = torch.linspace(0.2, 2, 10_001, dtype=torch.float64).square()
    truth = (truth / (truth + 1)).mean().item()
    for seed in range(30):
        noise, task, label = planted(noise=1, T=12, K=4, n=3, H=2000, seed=seed)
        strength = 0.2 + 1.8 * torch.rand(12, generator=torch.Generator().manual_seed(seed))
        tasks, _, _ = planted(of_task=1, T=12, K=4, n=3, H=2000, seed=seed + 100)
        estimate = tgsh_test(strength[task][:, None] * tasks + noise, task, label, n_resamples=200).intra.cosine
        assert estimate.low <= estimate.value <= estimate.high
        covered += estimate.low <= truth <= estimate.high
        width.append(estimate.high - estimate.low)
    assert covered >= 24  # of 30; nominal 28.5, percentile intervals of 12 tasks somewhat less
    assert 0.05 < sum(width) / 30 < 0.4


def test_a_seed_reproduces_and_ids_may_be_any_numbers():
    r, task, label = planted(of_task=1, noise=1)
    one = tgsh_test(r, task, label, seed=3)
    assert one == tgsh_test(r, task * 10 + 5, label - 7, seed=3)
    assert one.within.cosine != tgsh_test(r, task, label, seed=4).within.cosine


@pytest.mark.parametrize("keep", [{"task": 0}, {"label": 0}])
def test_one_task_or_one_class_is_not_enough(keep):
    r, task, label = planted(noise=1)
    kept = task == 0 if "task" in keep else label == 0
    with pytest.raises(ParameterError, match="compares tasks and classes"):
        tgsh_test(r[kept], task[kept], label[kept])


def test_single_points_are_refused():
    with pytest.raises(ParameterError, match="at least two points"):
        tgsh_test(*planted(noise=1, n=1))
