import numpy as np
import pytest
import torch

from tgsh import ParameterError, RotationMNIST, TaskStream
from tgsh.benchmarks import Rotation
from tgsh.measures import (
    distance_moved,
    distances_between_tasks,
    log_log_slope,
    rotation_orbit,
    sample_tasks,
    unit_pixels,
    variance_shares,
)


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


def test_samples_are_balanced_and_fresh_for_every_task(few):
    x, labels = sample_tasks(RotationMNIST(few, n_tasks=2, step=180), 3, seed=0)
    assert x.shape == (2, 30, 784)
    assert labels.tolist() == [[k for k in range(10) for _ in range(3)]] * 2
    untransformed, _ = sample_tasks(TaskStream(few, [Rotation(0), Rotation(0)]), 3, seed=0)
    assert not torch.equal(*untransformed)
    with pytest.raises(ParameterError, match="per_class is 100"):
        sample_tasks(RotationMNIST(few, n_tasks=1), 100, seed=0)


def test_an_orbit_starts_at_the_image_and_closes(few):
    images = few.test_images[:2]
    orbit = rotation_orbit(images, np.array([0.0, 90.0, 360.0]))
    torch.testing.assert_close(orbit[:, 0], unit_pixels(images))
    torch.testing.assert_close(orbit[:, 2], orbit[:, 0])
    torch.testing.assert_close(orbit[:, 1], unit_pixels(images.rot90(1, (1, 2))))


def test_a_smooth_orbit_moves_in_proportion_and_a_jumping_one_does_not(few):
    turns, start = np.array([0.1, 0.3, 1.0]), np.arange(5.0, 360, 10)
    exponents = [
        log_log_slope(turns, distance_moved(few.test_images[:10], start, turns, smooth=smooth))
        for smooth in (True, False)
    ]
    assert exponents[0] == pytest.approx(1, abs=0.1)
    assert exponents[1] < 0.75
