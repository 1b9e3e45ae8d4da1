import numpy as np
import pytest
import torch

from tgsh import context_similarity, similarity_profile


def test_context_similarity_of_known_vectors():
    s = context_similarity(torch.tensor([[1.0, 0.0], [0.0, 2.0], [-3.0, 0.0], [1.0, 1.0]]))
    half = 0.5**0.5
    np.testing.assert_allclose(s, [[1, 0, -1, half], [0, 1, 0, half], [-1, 0, 1, -half], [half, half, -half, 1]])


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
