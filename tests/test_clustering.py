import numpy as np
import pytest

from tgsh.measures import clades, cluster, dendrogram_order, is_outgroup, relabel, tree_agreement

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
