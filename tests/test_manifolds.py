import numpy as np
import pytest
import torch

from tgsh import FlyNet, ParameterError, RotationMNIST
from tgsh.datasets import normalise
from tgsh.imagespace import (
    balanced_sample,
    distance_moved,
    distances_between_tasks,
    rotation_orbit,
    sample_tasks,
    slope,
    unit_pixels,
    variance_shares,
)
from tgsh.manifolds import AnalyticMap, sample_manifolds, unit_vectors


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


# Images


def planted(task_size, class_size, interaction_size, noise, n=40):
    task, label = (v.flatten() for v in torch.meshgrid(torch.arange(2), torch.arange(2), indexing="ij"))
    task, label = task.repeat_interleave(n), label.repeat_interleave(n)
    signs = [2 * task - 1, 2 * label - 1, (2 * task - 1) * (2 * label - 1), torch.arange(len(task)) % 2 * 2 - 1]
    sizes = (task_size, class_size, interaction_size, noise)
    x = torch.stack([s * size for s, size in zip(signs, sizes, strict=True)], 1).float()
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    return x[order], task[order], label[order]


def test_variance_shares_of_planted_parts():
    shares = variance_shares(*planted(1, 2, 3, 4))
    expected = {"task": 1 / 30, "class": 4 / 30, "interaction": 9 / 30, "residual": 16 / 30}
    assert shares == pytest.approx(expected)


def test_variance_shares_need_balance():
    x, task, label = planted(1, 1, 1, 1)
    with pytest.raises(ParameterError, match="same number of points"):
        variance_shares(x[1:], task[1:], label[1:])


def test_distances_between_tasks_by_hand():
    x = torch.tensor([[[0.0], [2.0]], [[10.0], [11.0]]])
    np.testing.assert_allclose(distances_between_tasks(x), [[2, 9.5], [9.5, 1]])


def test_flynet_does_not_care_how_long_an_image_is(few):
    net, images = FlyNet(1, width_mult=1), few.test_images[:9] / 510
    logits = [net(normalise(scale * images), 0).detach() for scale in (1, 2)]
    torch.testing.assert_close(logits[1], 2 * logits[0], rtol=1e-3, atol=1e-4)


def test_samples_are_balanced_and_fresh_for_every_task(few):
    x, labels = sample_tasks(RotationMNIST(few, n_tasks=2, step=360 // 2), 3, seed=0)
    assert x.shape == (2, 30, 784)
    assert labels.tolist() == [[k for k in range(10) for _ in range(3)]] * 2
    index = [balanced_sample(few.test_images, few.test_labels, 3, 0, "test", t) for t in (0, 1)]
    assert not torch.equal(*index)
    with pytest.raises(ParameterError, match="per_class is 100"):
        balanced_sample(few.test_images, few.test_labels, 100, 0)


def test_an_orbit_starts_at_the_image_and_closes(few):
    images = few.test_images[:2]
    orbit = rotation_orbit(images, np.array([0.0, 90.0, 360.0]))
    torch.testing.assert_close(orbit[:, 0], unit_pixels(images))
    torch.testing.assert_close(orbit[:, 2], orbit[:, 0])
    torch.testing.assert_close(orbit[:, 1], unit_pixels(images.rot90(1, (1, 2))))


def test_a_smooth_orbit_moves_in_proportion_and_a_jumping_one_does_not(few):
    turns, start = np.array([0.1, 0.3, 1.0]), np.arange(5.0, 360, 10)
    exponents = [
        slope(turns, distance_moved(few.test_images[:10], start, turns, smooth=smooth)) for smooth in (True, False)
    ]
    assert exponents[0] == pytest.approx(1, abs=0.1)
    assert exponents[1] < 0.75
