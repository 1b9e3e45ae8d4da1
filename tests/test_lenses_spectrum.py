"""RankMe counts equal singular values; the decay of a power law is its exponent; phases are rises and falls."""

import numpy as np
import pytest
import torch

from tgsh import ParameterError
from tgsh.extensions.lenses import phases, rank_me, spectral_decay
from tgsh.seeding import generator


def with_singular_values(sizes, n=80, d=120, centred=False):
    source = generator(0, "spectrum")
    left, right = (torch.randn(m, len(sizes) + 1, generator=source, dtype=torch.float64) for m in (n, d))
    if centred:
        left -= left.mean(0)
    U, V = (torch.linalg.qr(m)[0][:, : len(sizes)] for m in (left, right))
    return U @ torch.diag(torch.as_tensor(sizes, dtype=torch.float64)) @ V.T


@pytest.mark.parametrize("n", [1, 5, 40])
def test_equal_singular_values_are_counted(n):
    assert rank_me(with_singular_values([3.0] * n)) == pytest.approx(n)


def test_singular_values_are_not_squared():
    # p = (3/4, 1/4) of the values 3 and 1; squared, it would be (9/10, 1/10)
    p = np.array([0.75, 0.25])
    assert rank_me(with_singular_values([3.0, 1.0])) == pytest.approx(np.exp(-(p * np.log(p)).sum()))


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.5])
def test_the_decay_of_a_power_law_is_its_exponent(alpha):
    sizes = np.arange(1, 41) ** (-alpha / 2)  # singular values: roots of the variances
    points = with_singular_values(sizes, centred=True)
    assert spectral_decay(points) == pytest.approx(alpha)
    assert spectral_decay(points + 7, 3, 30) == pytest.approx(alpha)  # the mean does not count
    assert rank_me(points) < 40


def test_only_the_chosen_variances_are_fitted():
    sizes = np.arange(1, 41) ** -0.5
    sizes[:4] *= 10
    points = with_singular_values(sizes, centred=True)
    assert spectral_decay(points, 5, 40) == pytest.approx(1)
    assert spectral_decay(points) > 1.2


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([10, 8, 5, 9, 12, 7], ["falls", "rises", "falls"]),
        ([10, 10.2, 9.9, 10.1], []),
        ([1, 2, 3, 4], ["rises"]),
        ([10, 9.8, 9.6, 9.4, 9.2], ["falls"]),  # small steps add up
        ([10, 5, 5.1, 4], ["falls"]),  # a small rise within a fall
        ([], []),
    ],
)
def test_phases_are_told_from_small_changes(values, expected):
    assert phases(values) == expected


def test_bad_arguments_are_refused():
    with pytest.raises(ParameterError, match="no spectrum"):
        rank_me(torch.zeros(3, 4))
    with pytest.raises(ParameterError, match="no spectrum"):
        spectral_decay(torch.ones(9, 4))
    with pytest.raises(ParameterError, match="at least three variances; got 2"):
        spectral_decay(torch.eye(3))
    with pytest.raises(ParameterError, match="last must be a whole number from 3 to 5; got 6"):
        spectral_decay(torch.eye(6), 1, 6)
    with pytest.raises(ParameterError, match="finite and above 0"):
        phases([1, 0])
    with pytest.raises(ParameterError, match="tolerance must be 0 or more"):
        phases([1, 2], -0.1)
