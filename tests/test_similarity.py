import numpy as np
import pytest
import torch

from tgsh import context_similarity, similarity_profile
from tgsh.errors import ParameterError
from tgsh.measures import by_distance, cosine_matrix, matrix_agreement, relabel


def test_context_similarity_of_known_vectors():
    s = context_similarity(torch.tensor([[1.0, 0.0], [0.0, 2.0], [-3.0, 0.0], [1.0, 1.0]]))
    half = 0.5**0.5
    np.testing.assert_allclose(s, [[1, 0, -1, half], [0, 1, 0, half], [-1, 0, 1, -half], [half, half, -half, 1]])


def test_cosine_matrix_of_two_sets_is_on_the_cpu_in_their_precision_and_in_range():
    points = torch.tensor([[3.0, 4.0], [-6.0, -8.0]])
    found = cosine_matrix(points, torch.tensor([[1.0, 0.0], [6.0, 8.0], [4.0, -3.0]], dtype=torch.float64))
    torch.testing.assert_close(found, torch.tensor([[0.6, 1.0, 0.0], [-0.6, -1.0, 0.0]]))
    many = torch.randn(40, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(cosine_matrix(many), cosine_matrix(many, many))
    assert cosine_matrix(many).abs().max() <= 1
    assert not cosine_matrix(many.requires_grad_()).requires_grad


def test_context_similarity_of_two_sets_is_the_block_of_all():
    contexts = torch.randn(5, 30, generator=torch.Generator().manual_seed(1))
    whole = context_similarity(contexts)
    assert whole.dtype == np.float64
    np.testing.assert_allclose(context_similarity(contexts[:2], contexts[2:]), whole[:2, 2:])


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


def test_agreement_of_known_matrices():
    a = np.array([[1, 0.1, 0.2], [0.1, 1, 0.3], [0.2, 0.3, 1]])
    found = matrix_agreement(a, a + 0.5)
    assert found.correlation == pytest.approx(1)
    assert found.difference == pytest.approx(0.5)
    assert matrix_agreement(a, -a).correlation == pytest.approx(-1)
    assert np.isnan(matrix_agreement(a, np.ones((3, 3))).correlation)


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


def test_contexts_are_rows_of_a_tensor_or_of_an_array():
    rows = np.array([[1.0, 0, 0], [1, 1, 0]])
    assert context_similarity(rows)[0, 1] == pytest.approx(0.5**0.5)
    assert np.array_equal(context_similarity(rows), context_similarity(torch.from_numpy(rows)))
    with pytest.raises(ParameterError, match=r"contexts must have shape \(N, H\); got \(3,\)"):
        context_similarity(rows[0])
    with pytest.raises(ParameterError, match=r"others must have shape"):
        context_similarity(rows, rows[0])
