"""A straight path has one component; a random walk has those of theory, and the first carries 6 / pi^2."""

import numpy as np
import pytest
import torch

from tgsh import ParameterError
from tgsh.extensions.lenses import (
    basis_of,
    components_for,
    path_shares,
    path_within,
    random_walk_shares,
    share_within,
    walk_like,
)
from tgsh.seeding import generator


def normal(*shape):
    return torch.randn(*shape, generator=generator(0, "test", *shape), dtype=torch.float64)


def test_a_straight_path_has_one_component():
    path = torch.linspace(0, 1, 20, dtype=torch.float64)[:, None] * normal(50)
    shares = path_shares(path)
    assert shares[0] == pytest.approx(1)
    assert components_for(shares) == 1


def test_a_circle_has_two_equal_components():
    angle = 2 * torch.pi * torch.arange(40, dtype=torch.float64) / 40
    path = torch.stack([angle.cos(), angle.sin()], 1) @ torch.linalg.qr(normal(30, 2))[0].T
    assert path_shares(path)[:3] == pytest.approx([0.5, 0.5, 0], abs=1e-12)
    assert components_for(path_shares(path)) == 2


def test_a_random_walk_has_the_components_of_theory():
    walk = normal(150, 20_000).cumsum(0)
    assert path_shares(walk)[:5] == pytest.approx(random_walk_shares(150)[:5], rel=0.05)


def test_the_components_of_a_long_walk_are_those_of_the_limit():
    k = np.arange(1, 11)
    assert random_walk_shares(100_000)[:10] == pytest.approx(6 / (np.pi * k) ** 2, rel=1e-3)
    assert random_walk_shares(100_000).sum() == pytest.approx(1)
    # nine tenths of the variance of any long random walk lie in six directions
    assert components_for(random_walk_shares(100_000)) == 6


def test_the_walk_of_a_path_has_its_start_and_steps():
    path = normal(12, 400) * torch.linspace(0.1, 3, 12, dtype=torch.float64)[:, None]
    walk = walk_like(path, seed=0)
    assert torch.equal(walk[0], path[0])
    assert torch.allclose(walk.diff(dim=0).norm(dim=1), path.diff(dim=0).norm(dim=1))
    assert torch.equal(walk, walk_like(path, seed=0))
    assert not torch.allclose(walk, walk_like(path, seed=1))


def test_the_share_in_a_random_subspace_is_its_share_of_the_dimensions():
    basis = torch.linalg.qr(normal(1000, 100))[0]
    assert share_within(normal(300, 1000), basis) == pytest.approx(0.1, rel=0.05)
    assert share_within(basis.T, basis) == pytest.approx(1)
    assert share_within(normal(1, 1000) - normal(1, 1000) @ basis @ basis.T, basis) == pytest.approx(0, abs=1e-12)


def test_the_position_of_a_path_does_not_count():
    direction = normal(1, 60)
    path = torch.linspace(0, 1, 9, dtype=torch.float64)[:, None] * direction + 100 * normal(60)
    assert path_within(path, basis_of(direction)) == pytest.approx(1)


def test_bad_arguments_are_refused():
    with pytest.raises(ParameterError, match="points of a path must be a whole number of at least 2; got 1"):
        path_shares(torch.ones(1, 3))
    with pytest.raises(ParameterError, match="the path does not move"):
        path_shares(torch.ones(4, 3))
    with pytest.raises(ParameterError, match="share must be above 0 and below 1; got 1"):
        components_for(np.array([1.0]), 1)
    with pytest.raises(ParameterError, match="n_points must be"):
        random_walk_shares(1)
    with pytest.raises(ParameterError, match="points have 3 numbers, but the basis has 4 rows"):
        share_within(torch.ones(2, 3), torch.eye(4))
    with pytest.raises(ParameterError, match="all points are zero"):
        share_within(torch.zeros(2, 3), torch.eye(3))
