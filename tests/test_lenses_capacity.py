"""Capacity is 2 for points, 2 / M for clouds of M points, as for discs on paper, and as counted; rates by hand."""

import numpy as np
import pytest
import torch
from scipy.integrate import quad

from tgsh import ParameterError
from tgsh.extensions.lenses import Capacity, coding_rate, counted_capacity, manifold_capacity, rate_gain
from tgsh.seeding import generator


def normal(*shape):
    return torch.randn(*shape, generator=generator(0, "capacity", *shape), dtype=torch.float64)


def test_the_capacity_of_points_is_covers_two():
    found = manifold_capacity([normal(1, 8) for _ in range(20)], 1000)
    assert found.mean == pytest.approx(2, rel=0.03)
    assert (found.radius == 0).all()
    assert (found.dimension == 0).all()


def test_random_clouds_have_the_capacity_of_the_authors_example():
    # README of github.com/schung039/neural_manifolds_replicaMFT: 50 normal points in 5000 dimensions have a capacity
    # of 0.04, a radius of 1.47 and a dimension of 36.17. Its 100 manifolds differ by chance only; 12 are enough.
    source = generator(0, "authors' example")
    found = manifold_capacity([torch.randn(50, 5000, generator=source) for _ in range(12)])
    assert found.mean == pytest.approx(2 / 50, abs=0.001)
    assert found.radius.mean() == pytest.approx(1.47, abs=0.03)
    assert found.dimension.mean() == pytest.approx(36.17, abs=0.8)


def disc_capacity(R):
    """Capacity of a disc of radius R at distance 1 (Chung, Lee, Sompolinsky 2016), by integration over t0 and |t|."""

    def of_radius(t):
        weight = t * np.exp(-(t**2) / 2)
        touching = quad(lambda t0: np.exp(-(t0**2) / 2) * (R * t - t0) ** 2 / (1 + R**2), -t / R, R * t)[0]
        inside = quad(lambda t0: np.exp(-(t0**2) / 2) * (t0**2 + t**2), -np.inf, -t / R)[0]
        return weight * (touching + inside) / np.sqrt(2 * np.pi)

    return 1 / quad(of_radius, 0, np.inf)[0]


@pytest.mark.parametrize("R", [0.2, 1.0, 3.0])
def test_discs_have_the_capacity_of_the_formula(R):
    angle = torch.linspace(0, 2 * torch.pi, 61, dtype=torch.float64)[:-1]
    disc = torch.stack([torch.ones(60), R * angle.cos(), R * angle.sin()], 1)
    found = manifold_capacity([disc] * 8, 1000)
    assert found.mean == pytest.approx(disc_capacity(R), rel=0.04)
    assert disc_capacity(1e-3) == pytest.approx(2, rel=0.01)
    if R == 0.2:  # the hyperplane touches the rim: T has two directions there, all along the anchor
        assert found.radius.mean() == pytest.approx(R, rel=0.02)
        assert found.dimension.mean() == pytest.approx(2, rel=0.05)


def test_it_knows_no_scale_and_no_frame():
    clouds = [normal(10, 30) + 1, 2 * normal(12, 30) + normal(30)]
    turn = torch.linalg.qr(normal(30, 30)).Q
    found, scaled = manifold_capacity(clouds), manifold_capacity([7 * c for c in clouds])
    assert found.alpha == pytest.approx(scaled.alpha)
    many = [manifold_capacity([c @ turn for c in clouds], 3000).mean, manifold_capacity(clouds, 3000).mean]
    assert many[0] == pytest.approx(many[1], rel=0.05)


def test_counting_finds_what_the_theory_says():
    source = generator(3, "clouds")
    clouds = torch.randn(16, 8, 300, generator=source) * 0.5 + torch.randn(16, 1, 300, generator=source)
    counted = counted_capacity(list(clouds), 30)
    assert manifold_capacity(list(clouds)).mean == pytest.approx(counted, rel=0.2)
    points = torch.randn(40, 1, 100, generator=source)
    assert counted_capacity(list(points), 60) == pytest.approx(2, rel=0.15)


def test_a_capacity_is_the_harmonic_mean():
    assert Capacity(np.array([1.0, 0.5]), np.zeros(2), np.zeros(2)).mean == pytest.approx(2 / 3)


def test_bad_manifolds_are_refused():
    with pytest.raises(ParameterError, match="needs manifolds; got none"):
        manifold_capacity([])
    with pytest.raises(ParameterError, match="centre of manifold 1 lies at the origin"):
        manifold_capacity([torch.ones(1, 2), torch.tensor([[1.0, 0], [-1, 0]])])
    with pytest.raises(ParameterError, match="manifold 0 must be points"):
        manifold_capacity([torch.ones(3)])
    with pytest.raises(ParameterError, match="none of 1 random T meets a point"):
        manifold_capacity([torch.ones(1, 2)] * 20, 1)
    with pytest.raises(ParameterError, match="P must be a whole number of at least 2"):
        counted_capacity([torch.ones(1, 2)])
    with pytest.raises(ParameterError, match="no hyperplane"):
        counted_capacity([torch.tensor([[1.0, 0], [-1, 0]]), torch.tensor([[0, 1.0], [0, -1]])])


# Coding rate


def test_orthogonal_groups_have_the_rate_and_the_gain_by_hand():
    # g groups of n / g equal unit vectors, orthogonal to each other: Z Z^T has the eigenvalue n / g, g times.
    g, d, e = 4, 16, 0.5
    points, group = 3 * torch.eye(d)[:g].repeat_interleave(5, 0), torch.arange(g).repeat_interleave(5)
    all_of_them = g / 2 * np.log2(1 + d / (g * e))
    assert coding_rate(points) == pytest.approx(all_of_them)
    (gain,) = rate_gain(points, [group])
    assert gain.value == pytest.approx(all_of_them - np.log2(1 + d / e) / 2)
    assert gain.above_chance == gain.value - gain.chance > 0
    assert coding_rate(points, 64, 0.1) == pytest.approx(g / 2 * np.log2(1 + 64 / (g * 0.1)))


def test_the_rate_is_the_determinant_of_the_paper():
    points = normal(6, 4)
    Z = torch.nn.functional.normalize(points, dim=1).T
    by_definition = torch.logdet(torch.eye(4) + 4 / (6 * 0.2) * Z @ Z.T) / 2 / np.log(2)
    assert coding_rate(points, distortion=0.2) == pytest.approx(float(by_definition))


def test_groups_that_say_nothing_gain_as_random_ones_do():
    points = normal(200, 10)
    group = torch.arange(200) % 4
    gain, one_group = rate_gain(points, [group, torch.zeros(200, dtype=torch.long)], n_draws=20)
    assert gain.chance > 0
    assert gain.value == pytest.approx(gain.chance, rel=0.2)
    assert one_group.value == pytest.approx(0, abs=1e-9)
    (apart,) = rate_gain(points + 5 * torch.eye(10)[group], [group])
    assert apart.value > 2 * apart.chance


def test_bad_settings_of_a_rate_are_refused():
    with pytest.raises(ParameterError, match="distortion must be a number above 0"):
        coding_rate(torch.ones(2, 2), distortion=0)
    with pytest.raises(ParameterError, match="dimension must be a whole number of at least 1"):
        coding_rate(torch.ones(2, 2), 0)
    with pytest.raises(ParameterError, match="group must be 2"):
        rate_gain(torch.ones(2, 2), [torch.arange(3)])
    with pytest.raises(ParameterError, match="n_draws must be"):
        rate_gain(torch.ones(2, 2), [torch.arange(2)], n_draws=0)
