import numpy as np
import pytest
import torch

from tgsh import ParameterError, RotationMNIST
from tgsh.benchmarks import ManifoldSample
from tgsh.measures import (
    distance_by_identifier,
    effective_rank,
    linear_recovery,
    manifold_probes,
    one_shot_accuracy,
    pair_distances,
    read_positions,
)
from tgsh.seeding import generator


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=generator(seed, "test"))


def clusters(spread, M=25, P=6, d=30):
    return gaussian(M, 1, d, seed=1) + spread * gaussian(M, P, d, seed=2)


def test_distances_within_and_between_by_hand():
    r = torch.tensor([[[1.0, 0.0], [3.0, 0.0]], [[0.0, 2.0], [-1.0, 0.0]]])
    within, between = pair_distances(r)
    half = 2**0.5
    assert within.tolist() == pytest.approx([0, half])
    assert sorted(between.tolist()) == pytest.approx([half, half, 2, 2])


def test_one_shot_is_perfect_on_separated_clusters_and_chance_on_noise():
    assert one_shot_accuracy(clusters(0.01)) == 1
    noise = gaussian(100, 10, 30)
    assert one_shot_accuracy(noise, n_way=20) == pytest.approx(1 / 20, abs=0.01)
    with pytest.raises(ParameterError, match="n_way must be a whole number from 2 to 25"):
        one_shot_accuracy(clusters(0.1), n_way=26)


def test_one_shot_does_not_count_the_prototype():
    # Two manifolds, two points each, every point nearest to the other manifold's: all questions are missed.
    r = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[0.1, 1.0], [1.0, 0.1]]])
    assert one_shot_accuracy(r, n_way=2, episodes=50) < 0.6


def test_linear_recovery_is_exact_where_gamma_is_linear_and_nil_where_it_is_not_there():
    gamma = [gaussian(n, 3, seed=n) for n in (60, 40)]
    mix = gaussian(3, 8, seed=5)
    linear = [(g @ mix)[:, None] + torch.zeros(len(g), 4, 8) for g in gamma]
    assert linear_recovery(linear[0], gamma[0], linear[1], gamma[1]) == pytest.approx(1, abs=1e-3)
    squared = [(g.square() @ mix)[:, None] + torch.zeros(len(g), 4, 8) for g in gamma]
    assert linear_recovery(squared[0], gamma[0], squared[1], gamma[1]) < 0.2
    noise = [gaussian(len(g), 4, 8, seed=9) for g in gamma]
    assert linear_recovery(noise[0], gamma[0], noise[1], gamma[1]) < 0.1
    with pytest.raises(ParameterError, match="at least 3"):
        linear_recovery(linear[0][:2], gamma[0][:2], linear[1], gamma[1])


def test_distance_by_identifier_bins_pairs_of_manifolds():
    gamma = torch.tensor([[0.0], [0.5], [2.0]])
    r = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])[:, None].repeat(1, 2, 1)
    found = distance_by_identifier(r, gamma, np.array([0, 1, 1.2, 3]))
    assert found[0] == pytest.approx(2**0.5)
    assert np.isnan(found[1])
    assert found[2] == pytest.approx((2 + 2**0.5) / 2)


def test_effective_rank_counts_equal_directions():
    r = torch.cat([torch.eye(4), -torch.eye(4)])[None]
    assert effective_rank(r) == pytest.approx(4)
    assert effective_rank(torch.tensor([[[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]])) == pytest.approx(1)


def test_all_measurements_agree_on_a_perfect_hash_and_on_none():
    gamma = gaussian(60, 3, seed=1)
    x = torch.cat([gamma[:, None].repeat(1, 6, 1), gaussian(60, 6, 3, seed=2)], 2)
    seen, unseen = (ManifoldSample(x[part], gamma[part]) for part in (slice(0, 30), slice(30, 60)))
    hashing = manifold_probes(lambda x: x[..., :3], seen, seen, unseen)
    assert hashing.ratio_seen == hashing.ratio_unseen == pytest.approx(0, abs=1e-6)
    assert (hashing.nearer_unseen, hashing.one_shot) == (1, 1)
    assert hashing.r2 == pytest.approx(1, abs=1e-3)
    blind = manifold_probes(lambda x: x[..., 3:], seen, seen, unseen)
    assert blind.ratio_unseen == pytest.approx(1, abs=0.1)
    assert blind.one_shot < 0.15
    assert blind.r2 < 0.1


def test_positions_are_read_from_pixels_far_better_than_guessed(few):
    error, guessed = read_positions(RotationMNIST(few, n_tasks=4, step=90), n_fit=600, n_read=200)
    assert len(error) == len(guessed) == 200
    assert 0 <= error.min() <= error.max() <= 180
    assert np.median(error) < 30
    assert guessed.mean() == pytest.approx(90, abs=15)
