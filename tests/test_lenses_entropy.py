"""One place has an entropy of 0, n far places one of log2 n; a label that says all of them has all the information."""

import warnings

import numpy as np
import pytest
import torch

from tgsh import ParameterError
from tgsh.extensions.lenses import bandwidth, diffusion_entropy, diffusion_information, squared_distances
from tgsh.seeding import generator


def normal(*shape):
    return torch.randn(*shape, generator=generator(0, "entropy", *shape), dtype=torch.float64)


@pytest.mark.parametrize("t", [1, 3])
def test_one_place_has_no_entropy(t):
    assert diffusion_entropy(squared_distances(torch.ones(20, 5)), 1.0, t) == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize("t", [1, 3])
@pytest.mark.parametrize("n", [2, 16, 50])
def test_far_places_have_the_entropy_of_their_number(n, t):
    squares = squared_distances(100 * torch.eye(n))
    assert diffusion_entropy(squares, 1.0, t) == pytest.approx(np.log2(n))
    # several points in each place add nothing
    assert diffusion_entropy(squared_distances(100 * torch.eye(n).repeat(3, 1)), 1.0, t) == pytest.approx(np.log2(n))


def test_two_places_at_a_distance_by_hand():
    # G = [[1, a], [a, 1]]: eigenvalues of D^-1 G are 1 and (1 - a) / (1 + a)
    a = np.exp(-(3.0**2) / (2 * 2.0**2))
    sizes = np.array([1, (1 - a) / (1 + a)])
    p = sizes / sizes.sum()
    squares = squared_distances(torch.tensor([[0.0, 0], [3, 0]]))
    assert diffusion_entropy(squares, 2.0) == pytest.approx(-(p * np.log2(p)).sum())
    p = sizes**2 / (sizes**2).sum()
    assert diffusion_entropy(squares, 2.0, t=2) == pytest.approx(-(p * np.log2(p)).sum())


@pytest.fixture(scope="module")
def theirs():
    with warnings.catch_warnings():  # on import it silences all warnings of the process
        return pytest.importorskip(
            "dse_dsmi", reason="the authors' package is not installed: pip install .[lenses]", exc_type=ImportError
        )


@pytest.mark.parametrize(("sigma", "t"), [(0.5, 1), (2.0, 1), (2.0, 3)])
def test_it_is_that_of_the_authors_package(theirs, sigma, t):
    points = normal(60, 6)
    expected = theirs.diffusion_spectral_entropy(points.numpy(), gaussian_kernel_sigma=sigma, t=t)
    assert diffusion_entropy(squared_distances(points), sigma, t) == pytest.approx(expected, abs=1e-6)


def test_information_is_that_of_the_authors_package(theirs):
    label = torch.arange(120) % 3
    points = normal(120, 4) + 1.5 * label[:, None]
    expected = theirs.diffusion_spectral_mutual_information(
        points.numpy(), label.numpy(), reference_discrete=True, gaussian_kernel_sigma=1.0, num_repetitions=20
    )
    expected = expected[0] if isinstance(expected, tuple) else expected
    found = diffusion_information(squared_distances(points), label, 1.0, n_draws=20)
    assert expected > 0.3
    assert found == pytest.approx(expected, abs=0.05)  # both draw points at random


def test_it_has_the_values_of_the_authors_package():
    # dse-dsmi 1.1: diffusion_spectral_entropy(x, gaussian_kernel_sigma=s, t=t) on x[i, j] = sin(i + 1 + 7 j) / (1 + j)
    i, j = np.meshgrid(np.arange(12), np.arange(4), indexing="ij")
    squares = squared_distances(torch.from_numpy(np.sin(i + 1 + 7 * j) / (1 + j)))
    theirs = {(0.3, 1): 3.0599815301, (0.3, 2): 2.6197521847, (1.0, 1): 1.6086434283}
    for (sigma, t), value in theirs.items():
        assert diffusion_entropy(squares, sigma, t) == pytest.approx(value, abs=1e-9)


def test_distances_are_exact_and_scale_with_the_points():
    points = normal(30, 8)
    squares = squared_distances(points)
    assert squares == pytest.approx(torch.cdist(points, points).square().numpy(), abs=1e-9)
    assert squared_distances(points + 1000) == pytest.approx(squares, abs=1e-6)
    assert bandwidth(9 * squares) == pytest.approx(3 * bandwidth(squares))
    entropies = [diffusion_entropy(s, bandwidth(s)) for s in (squares, 9 * squares)]
    assert entropies[0] == pytest.approx(entropies[1])
    assert 1 < entropies[0] < np.log2(30)


def test_a_label_of_far_groups_has_all_the_information():
    groups = torch.arange(4).repeat_interleave(40)
    far = squared_distances(100 * torch.eye(4)[groups])
    assert diffusion_information(far, groups, 1.0) == pytest.approx(2)  # log2 4
    # a label that is independent of the places: every label has points in each of them
    assert diffusion_information(far, torch.arange(4).repeat(40), 1.0) == pytest.approx(0, abs=1e-9)


def test_a_random_label_has_hardly_any_information():
    squares = squared_distances(normal(200, 5))
    label = torch.randint(4, (200,), generator=generator(0, "label"))
    assert abs(diffusion_information(squares, label, bandwidth(squares), n_draws=20)) < 0.1


def test_bad_arguments_are_refused():
    squares = squared_distances(normal(6, 2))
    with pytest.raises(ParameterError, match="sigma must be a number above 0"):
        diffusion_entropy(squares, 0)
    with pytest.raises(ParameterError, match="t must be a whole number of at least 1"):
        diffusion_entropy(squares, 1.0, 0)
    with pytest.raises(ParameterError, match="labels must be 6"):
        diffusion_information(squares, torch.arange(5), 1.0)
    with pytest.raises(ParameterError, match="half of the distances are zero"):
        bandwidth(squared_distances(torch.ones(5, 2)))
    with pytest.raises(ParameterError, match="points must be finite"):
        squared_distances(torch.full((3, 2), float("nan")))
