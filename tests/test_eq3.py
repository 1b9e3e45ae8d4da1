import copy

import pytest
import torch

from tgsh import FlyNet, ParameterError
from tgsh.datasets import normalise
from tgsh.inversion import canonical_units, invert_active, pseudo_inverse, reconstruct


@pytest.fixture(scope="module")
def net():
    return FlyNet(3, width_mult=3).double()


@pytest.fixture(scope="module")
def contexts(net):
    return torch.randn(3, net.n_hidden, generator=torch.Generator().manual_seed(4), dtype=torch.float64)


X = torch.randn(4, 784, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_the_pseudo_inverse_inverts_what_has_an_inverse(net):
    P = pseudo_inverse(net)
    torch.testing.assert_close((X @ net.W1.T) @ P.T, X, rtol=0, atol=1e-9)
    torch.testing.assert_close(P, torch.linalg.pinv(net.W1), rtol=0, atol=1e-9)


def test_equation_3_by_hand(net, contexts):
    images = reconstruct(net, contexts)
    expected = torch.linalg.pinv(net.W1) @ (net.W2[4] * contexts[2])
    torch.testing.assert_close(images[2, 4], expected, rtol=0, atol=1e-9)


def test_samples_scatter_about_the_mean_with_the_variance_of_equation_3(net, contexts):
    P, mean = pseudo_inverse(net), reconstruct(net, contexts[:1])
    drawn = reconstruct(net, contexts[:1], samples=300, inverse=P)
    assert drawn.shape == (1, 10, 300, 784)
    scatter = drawn - mean[:, :, None]
    assert scatter.square().mean().item() == pytest.approx(P.square().sum(1).mean().item() / net.n_hidden, rel=0.02)
    assert scatter.mean(2).abs().max() < 6 * scatter.std() / 300**0.5
    torch.testing.assert_close(drawn, reconstruct(net, contexts[:1], samples=300), rtol=0, atol=1e-9)
    assert not torch.equal(drawn, reconstruct(net, contexts[:1], samples=300, seed=1))


def test_the_noise_of_the_published_notebook_is_a_standard_deviation(net, contexts):
    """1/H where Eq. 3 has a variance of 1/H: the same draw, fainter by the square root of H."""
    P = pseudo_inverse(net)
    mean = reconstruct(net, contexts, inverse=P)[:, :, None]
    by_equation, by_notebook = (
        reconstruct(net, contexts, samples=2, noise=noise, inverse=P) - mean for noise in (None, 1 / net.n_hidden)
    )
    torch.testing.assert_close(by_notebook * net.n_hidden**0.5, by_equation, rtol=0, atol=1e-8)
    assert by_equation.std() / by_notebook.std() == pytest.approx(net.n_hidden**0.5)


@pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning")
def test_no_picture_changes_the_weights_and_a_second_one_is_like_the_first(net, contexts):
    """Nor does the product in the published notebook, of a row of W2 and an array of NumPy: it makes a new tensor."""
    before, first = net.W2.clone(), reconstruct(net, contexts)
    z = net.W2[4] * contexts[2].numpy()
    torch.testing.assert_close(z, net.W2[4] * contexts[2], rtol=0, atol=0)
    assert torch.equal(net.W2, before)
    assert torch.equal(reconstruct(net, contexts), first)
    changed = copy.deepcopy(net)
    changed.W2[4].mul_(contexts[2])  # the control: what a product in place would do
    assert not torch.equal(changed.W2, before)
    alike = torch.cosine_similarity(reconstruct(changed, contexts)[2, 4], first[2, 4], dim=0)
    assert alike < 0.9


def test_what_divides_undoes_and_what_multiplies_does_not(net, contexts):
    undone = canonical_units(net, contexts, "divide", ridge=1e-15)
    torch.testing.assert_close(contexts[:, None] * undone, net.W2.expand(3, -1, -1), rtol=0, atol=1e-6)
    much = canonical_units(net, contexts, "divide", ridge=1e5)
    published = canonical_units(net, contexts)
    cosine = torch.nn.functional.cosine_similarity(much, published, dim=2)
    torch.testing.assert_close(cosine, torch.ones_like(cosine), rtol=0, atol=1e-6)  # a large ridge is Eq. 3
    assert not torch.allclose(contexts[:, None] * published, net.W2.expand(3, -1, -1))


def test_the_least_norm_readout_gives_the_logits_it_promises(net, contexts):
    h = canonical_units(net, contexts, "least-norm")
    logits = torch.einsum("tjh,tkh->tkj", net.W2 * contexts[:, None], h)
    torch.testing.assert_close(logits, torch.eye(10).double().expand(3, -1, -1), rtol=0, atol=1e-9)


@pytest.mark.parametrize("centred", [True, False])
def test_the_relu_can_be_inverted_where_enough_units_are_active(digits, centred):
    net = FlyNet(1, width_mult=4, centred=centred).double()
    x = normalise(digits.test_images[:3], torch.float64)
    torch.testing.assert_close(invert_active(net, net.features(x)), x, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"readout": "inverse"}, "readout must be one of published, divide, least-norm"),
        ({"readout": "divide", "ridge": 0}, "ridge must be a number above 0"),
        ({"samples": 1, "noise": 0}, "noise must be a number above 0"),
        ({"samples": -1}, "samples must be a whole number of at least 0"),
    ],
)
def test_bad_settings(net, contexts, settings, message):
    with pytest.raises(ParameterError, match=message):
        reconstruct(net, contexts, **settings)
