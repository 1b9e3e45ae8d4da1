import pytest
import torch

from tgsh import ParameterError
from tgsh.benchmarks import AnalyticMap, sample_manifolds, unit_vectors


@pytest.fixture
def f():
    return AnalyticMap((3, 2, 2), 6, (1.5, 0.7, 0.3), n_waves=20, seed=4)


def latents(n, dtype=torch.float32):
    return [unit_vectors(n, d, 0, "latent", i).to(dtype) for i, d in enumerate((3, 2, 2))]


def test_points_lie_on_the_unit_sphere(f):
    torch.testing.assert_close(f(*latents(50)).norm(dim=1), torch.ones(50))
    torch.testing.assert_close(unit_vectors(50, 3, 0, "x").norm(dim=1), torch.ones(50))


def test_one_seed_is_one_map_and_another_seed_another(f):
    same, other = (AnalyticMap((3, 2, 2), 6, (1.5, 0.7, 0.3), n_waves=20, seed=s) for s in (4, 5))
    assert torch.equal(f(*latents(9)), same(*latents(9)))
    assert not torch.allclose(f(*latents(9)), other(*latents(9)), atol=0.1)


def test_f_is_differentiable_in_every_latent_vector(f):
    z = [v.requires_grad_() for v in latents(2, torch.float64)]
    assert torch.autograd.gradcheck(f, z)


def test_frequency_says_how_far_a_latent_vector_moves_x(f):
    gamma_t, gamma_c, theta = latents(200)
    here = f(gamma_t, gamma_c, theta)
    moved = [
        (f(*(v.flip(0) if i == j else v for j, v in enumerate((gamma_t, gamma_c, theta)))) - here).norm(dim=1).mean()
        for i in range(3)
    ]
    assert moved[0] > moved[1] > moved[2] > 0


def test_moving_theta_stays_on_the_manifold():
    # gamma in 1 dimension is +1 or -1: two manifolds, here two closed curves, told apart by nothing but gamma.
    f = AnalyticMap((1, 2), 8, (3.0, 0.4), seed=1)
    sample = sample_manifolds(f, 6, 40, seed=0, group="a")
    turn = torch.linspace(0, 2 * torch.pi, 2000)
    circle = torch.stack([turn.cos(), turn.sin()], 1)
    for x, gamma in zip(sample.x, sample.gamma, strict=True):
        own, other = (torch.cdist(x, f(sign * gamma[None], circle)).min(1).values for sign in (1, -1))
        assert own.max() < 0.01
        assert other.min() > 0.1


def test_groups_are_independent_and_draws_repeatable():
    f = AnalyticMap((3, 3), 10, (1.0, 1.0))
    a, again, b = (sample_manifolds(f, 4, 5, 0, group) for group in ("a", "a", "b"))
    assert a.x.shape == (4, 5, 10)
    assert torch.equal(a.x, again.x)
    assert not torch.allclose(a.gamma, b.gamma, atol=0.1)
    assert torch.equal(a.points(1, 3).first(2).x, a.x[:2, 1:3])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((3,), 6, (1.0, 2.0)), "frequencies must be 1 numbers"),
        (((3, 2), 6, (1.0, 0.0)), "frequencies must be a number above 0"),
        (((3, 2), 1, (1.0, 1.0)), "ambient must be"),
        (((0, 2), 6, (1.0, 1.0)), "latent_dims must be"),
    ],
)
def test_bad_maps_are_refused(arguments, message):
    with pytest.raises(ParameterError, match=message):
        AnalyticMap(*arguments)


def test_latents_of_wrong_length_are_refused(f):
    with pytest.raises(ParameterError, match=r"lengths \(3, 2, 2\)"):
        f(*latents(2)[:2])
