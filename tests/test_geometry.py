import numpy as np
import pytest
import torch

from tgsh import context_similarity, similarity_profile
from tgsh.geometry import (
    agreement,
    by_distance,
    clades,
    cluster,
    dendrogram_order,
    is_outgroup,
    relabel,
    tree_agreement,
)


def test_context_similarity_of_known_vectors():
    s = context_similarity(torch.tensor([[1.0, 0.0], [0.0, 2.0], [-3.0, 0.0], [1.0, 1.0]]))
    half = 0.5**0.5
    np.testing.assert_allclose(s, [[1, 0, -1, half], [0, 1, 0, half], [-1, 0, 1, -half], [half, half, -half, 1]])


def test_profile_of_a_planted_circle():
    angle = np.arange(12) * 30
    apart = np.minimum((angle[:, None] - angle) % 360, (angle - angle[:, None]) % 360)
    profile = similarity_profile(np.cos(np.radians(apart)), apart)
    np.testing.assert_array_equal(profile.distance, [30, 60, 90, 120, 150, 180])
    np.testing.assert_allclose(profile.mean, np.cos(np.radians(profile.distance)), atol=1e-12)
    np.testing.assert_allclose(profile.high - profile.low, 0, atol=1e-12)
    assert profile.spearman == pytest.approx(-1)


def test_profile_counts_each_pair_once_and_no_task_with_itself():
    similarity = np.array([[1.0, 0.2, 0.6], [0.2, 1.0, 0.4], [0.6, 0.4, 1.0]])
    profile = similarity_profile(similarity, np.array([[0, 1, 2], [1, 0, 1], [2, 1, 0]]))
    np.testing.assert_allclose(profile.mean, [0.3, 0.6])


# Two tight groups and a task opposed to all: what clustering must find.
PLANTED = np.full((6, 6), 0.2)
PLANTED[:3, :3] = 0.8
PLANTED[3:5, 3:5] = 0.7
PLANTED[5, :] = PLANTED[:, 5] = -0.4
np.fill_diagonal(PLANTED, 1)


def test_clustering_finds_planted_groups_and_the_outgroup():
    tree = cluster(PLANTED)
    held = clades(tree)
    assert {frozenset({0, 1, 2}), frozenset({3, 4}), frozenset(range(5))} <= held
    assert len(held) == 4
    assert is_outgroup(tree, 5)
    assert not any(is_outgroup(tree, t) for t in range(5))
    order = dendrogram_order(tree).tolist()
    assert sorted(order) == list(range(6))
    assert order[0] == 5 or order[-1] == 5
    assert abs(order.index(3) - order.index(4)) == 1


def test_average_linkage_joins_at_the_mean_cosine_distance():
    heights = cluster(PLANTED)[:, 2]
    np.testing.assert_allclose(np.sort(heights), [0.2, 0.2, 0.3, 0.8, 1.4])


def test_clustering_leaves_its_argument_alone():
    before = PLANTED.copy()
    cluster(PLANTED)
    np.testing.assert_array_equal(PLANTED, before)


def test_trees_agree_with_themselves_and_less_with_relabelled_ones():
    tree, other = cluster(PLANTED), cluster(relabel(PLANTED, np.array([0, 3, 5, 1, 4, 2])))
    same = tree_agreement([tree, tree, tree])
    assert same.cophenetic == pytest.approx(1)
    assert same.shared_clades == 1
    mixed = tree_agreement([tree, other])
    assert mixed.cophenetic < 0.5
    assert mixed.shared_clades < 0.5


def test_agreement_of_known_matrices():
    a = np.array([[1, 0.1, 0.2], [0.1, 1, 0.3], [0.2, 0.3, 1]])
    found = agreement(a, a + 0.5)
    assert found.correlation == pytest.approx(1)
    assert found.difference == pytest.approx(0.5)
    assert agreement(a, -a).correlation == pytest.approx(-1)
    assert np.isnan(agreement(a, np.ones((3, 3))).correlation)


def test_circulant_part_of_a_circulant_matrix_is_itself_and_rolling_keeps_it():
    apart = np.abs(np.arange(8)[:, None] - np.arange(8))
    apart = np.minimum(apart, 8 - apart)
    circulant = 0.9**apart
    np.testing.assert_allclose(by_distance(circulant, apart), circulant)
    np.testing.assert_allclose(relabel(circulant, np.roll(np.arange(8), 3)), circulant)
    noise = np.random.default_rng(0).normal(size=(8, 8))
    noise = noise + noise.T
    rest = noise - by_distance(noise, apart)
    assert [rest[apart == d].mean() for d in range(5)] == pytest.approx([0] * 5)
