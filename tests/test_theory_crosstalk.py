"""Cross-talk of superposed readouts: exact cases, and the prediction against solved contexts."""

import numpy as np
import pytest
import torch

from tgsh.errors import ParameterError
from tgsh.seeding import generator
from tgsh.theory import predict_cosines, predict_inner, predict_readout, superpose

H, K = 240, 5


def signs(seed):
    return (2 * torch.randint(2, (K, H), generator=generator(seed, "keys")) - 1).double().numpy()


@pytest.fixture(scope="module")
def problem():
    """Two tasks with correlated features of very unequal size, and their targets."""
    source = torch.Generator().manual_seed(0)
    mix = torch.randn(60, H, generator=source, dtype=torch.float64)
    mix *= torch.linspace(-2, 2, H, dtype=torch.float64).exp()  # units differ in size by a factor of 50
    a = torch.randn(400, 60, generator=source, dtype=torch.float64)
    b = 0.8 * a + 0.6 * torch.randn(400, 60, generator=source, dtype=torch.float64)
    y = a[:, :K] + 0.3 * torch.randn(400, K, generator=source, dtype=torch.float64)
    noise = torch.randn(400, H, generator=source, dtype=torch.float64)
    features = [(x @ mix + 2 * noise).numpy() for x in (a, b)]
    return [(h.T @ h / 400, h.T @ y.numpy() / 400) for h in features]


def test_superpose_minimises_the_squared_loss(problem):
    C, B = problem[0]
    m, keys = superpose(C, B, signs(0), 3.0), signs(0)
    gradient = sum(keys[k] * (C @ (keys[k] * m) - B[:, k]) for k in range(K)) + 3.0 * m
    assert np.abs(gradient).max() < 1e-9


def test_one_class_has_no_crosstalk(problem):
    C, B = problem[0]
    found = predict_readout(C, B[:, :1], 2.0)
    np.testing.assert_allclose(found.ridges, 2.0)
    np.testing.assert_allclose(superpose(C, B[:, :1], signs(0)[:1], 2.0), signs(0)[0] * found.weights[:, 0])


def test_units_that_share_nothing_have_each_their_own_ridge():
    # With C diagonal all D_k C D_k are C, whatever the signs, and everything is known.
    source = np.random.default_rng(0)
    C, B = np.diag(source.random(H)), source.normal(size=(H, K))
    found = predict_readout(C, B, 0.1)
    np.testing.assert_allclose(found.weights, B / (K * np.diag(C) + 0.1)[:, None], rtol=1e-4)
    keys = signs(1)
    m = superpose(C, B, keys, 0.1)
    np.testing.assert_allclose(m, (keys.T * found.weights).sum(1), rtol=1e-4)
    assert predict_inner(found, found) == pytest.approx((found.weights**2).sum(), rel=1e-3)


@pytest.mark.parametrize("ridge", [1.0, 100.0])
def test_a_ridge_for_each_unit_predicts_logits_lengths_and_similarity(problem, ridge):
    own, one = ([predict_readout(C, B, ridge, by_unit=by_unit) for C, B in problem] for by_unit in (True, False))
    contexts, logits = [], []
    for seed in range(60):
        keys = signs(seed)
        contexts.append([superpose(C, B, keys, ridge) for C, B in problem])
        logits.append(keys.T * contexts[-1][0][:, None])  # mean over the keys: V
    inner = np.einsum("nsh,nth->nst", contexts, contexts).mean(0)

    def slope(V):
        return (V * np.mean(logits, axis=0)).sum() / (V**2).sum()

    def errors(readouts):
        lengths = [abs(predict_inner(r, r) / inner[t, t] - 1) for t, r in enumerate(readouts)]
        cosine = inner[0, 1] / np.sqrt(inner[0, 0] * inner[1, 1])
        return [*lengths, abs(predict_cosines(readouts)[0, 1] - cosine)]

    assert slope(own[0].weights) == pytest.approx(1, abs=0.04)
    assert max(errors(own)) < 0.05
    assert max(errors(one)) > max(errors(own))


def test_degrees_of_freedom_are_shared_out_as_the_ridge_vanishes(problem):
    C, B = problem[0]
    for by_unit in (True, False):
        assert predict_readout(C, B, 1e-4, by_unit=by_unit).degrees == pytest.approx(H / K, rel=0.02)


def test_bad_settings_are_one_line(problem):
    C, B = problem[0]
    with pytest.raises(ParameterError, match="ridge must be a number above 0"):
        predict_readout(C, B, 0)
    with pytest.raises(ParameterError, match=r"need a covariance \(240, 240\)"):
        predict_readout(C[:9, :9], B, 1)
    with pytest.raises(ParameterError, match="no effective ridge within 1 iterations"):
        predict_readout(C, B, 1, max_iterations=1)
