import numpy as np
import pytest
import torch

from tgsh import context_similarity
from tgsh.errors import ParameterError
from tgsh.measures import (
    between_runs,
    circulant_part,
    circulant_share,
    fourier_coordinates,
    fourier_power,
    linear_dimension,
    neighbour_shape,
)

T = 12


def planted(frequencies, dim: int = 300, seed: int = 0, noise: float = 0.0) -> torch.Tensor:
    """Contexts on a closed curve: a circle in a random plane for every frequency."""
    source = torch.Generator().manual_seed(seed)
    frame = torch.linalg.qr(torch.randn(dim, 2 * len(frequencies), generator=source)).Q
    angle = 2 * torch.pi * torch.arange(T)[:, None] * torch.tensor(frequencies)[None, :] / T
    own = torch.randn(T, dim, generator=torch.Generator().manual_seed(seed + 100))
    return torch.cat([angle.cos(), angle.sin()], 1) @ frame.T + noise * own / dim**0.5


def test_eigenvalues_of_a_circulant_matrix_are_its_fourier_transform():
    row = 0.8 ** np.minimum(np.arange(T), T - np.arange(T))
    matrix = np.stack([np.roll(row, t) for t in range(T)])
    np.testing.assert_allclose(circulant_part(matrix), matrix)
    power = fourier_power(matrix)
    assert power.sum() == pytest.approx(1)
    multiplicity = np.array([1] + [2] * (T // 2 - 1) + [1])
    eigenvalues = np.sort(np.repeat(power * T / multiplicity, multiplicity))
    np.testing.assert_allclose(eigenvalues, np.linalg.eigvalsh(matrix))


def test_power_sums_to_one_for_an_odd_number_of_tasks_too():
    contexts = torch.randn(7, 50, generator=torch.Generator().manual_seed(0))
    assert fourier_power(context_similarity(contexts)).sum() == pytest.approx(1)


def test_a_planted_circle_is_one_frequency_and_two_directions():
    contexts = planted([1])
    similarity = context_similarity(contexts)
    assert fourier_power(similarity)[1] == pytest.approx(1)
    assert linear_dimension(similarity) == pytest.approx(2)
    assert circulant_share(similarity) == pytest.approx(1)
    places = fourier_coordinates(contexts, contexts, 1)
    np.testing.assert_allclose(np.hypot(*places.T), 1)
    turns = np.unwrap(np.arctan2(*places.T[::-1]))
    np.testing.assert_allclose(np.diff(turns), 2 * np.pi / T, rtol=1e-5)


def test_a_curve_of_two_frequencies_goes_round_twice_in_the_second():
    contexts = planted([1, 2])
    similarity = context_similarity(contexts)
    np.testing.assert_allclose(fourier_power(similarity)[1:3], 0.5, rtol=1e-5)
    assert linear_dimension(similarity) == pytest.approx(4)
    turns = np.unwrap(np.arctan2(*fourier_coordinates(contexts, contexts, 2).T[::-1]))
    assert abs(turns[-1] - turns[0]) == pytest.approx(2 * 2 * np.pi * (T - 1) / T)


def test_frequencies_beyond_the_tasks_are_refused():
    with pytest.raises(ParameterError, match="frequency"):
        fourier_coordinates(torch.eye(T), torch.eye(T), T // 2)


def test_unrelated_contexts_make_a_circle_in_their_own_plane_and_none_in_that_of_others():
    one, other = (torch.randn(36, 20_000, generator=torch.Generator().manual_seed(s)) for s in (0, 1))
    own = np.hypot(*fourier_coordinates(one, one, 1).T)
    np.testing.assert_allclose(own, (2 / 36) ** 0.5, rtol=0.2)
    assert np.hypot(*fourier_coordinates(one, other, 1).T).max() < 0.05


def test_circulant_share_of_noise_is_small_and_shuffling_a_circle_destroys_it():
    circle = planted([1, 2])
    shuffled = circle[torch.randperm(T, generator=torch.Generator().manual_seed(1))]
    assert circulant_share(context_similarity(shuffled)) < 0.5
    noise = torch.randn(T, 300, generator=torch.Generator().manual_seed(0))
    assert circulant_share(context_similarity(noise)) < 0.3


def test_noise_of_two_runs_cancels_between_them():
    curve, one = planted([1]), planted([1], noise=1)
    assert between_runs(curve, curve).diagonal() == pytest.approx([1] * T)
    fresh = curve + torch.randn(T, 300, generator=torch.Generator().manual_seed(7)) / 300**0.5
    within, across = context_similarity(one), between_runs(one, fresh)
    assert np.diag(across).mean() == pytest.approx(0.5, abs=0.1)  # half signal, half noise in each
    assert fourier_power(across)[1] > 0.9 > fourier_power(within)[1]


def test_neighbours_of_a_planted_circle_form_a_ring_of_dimension_one():
    shape = neighbour_shape(context_similarity(planted([1, 2, 3])))
    assert shape.is_ring
    assert shape.recovered == 1
    assert shape.dimension == pytest.approx(1)


def test_neighbours_on_a_torus_spread_in_two_dimensions():
    a = 2 * np.pi * np.arange(12) / 12
    u, v = (grid.ravel() for grid in np.meshgrid(a, a))
    points = np.stack([np.cos(u), np.sin(u), np.cos(v), np.sin(v)], 1)
    shape = neighbour_shape(context_similarity(torch.from_numpy(points)), n_neighbours=4)
    assert 1.5 < shape.dimension < 2.1
    assert not shape.is_ring


def test_unrelated_contexts_form_no_ring():
    noise = torch.randn(36, 500, generator=torch.Generator().manual_seed(3))
    shape = neighbour_shape(context_similarity(noise))
    assert not shape.is_ring
    assert shape.recovered < 0.3
