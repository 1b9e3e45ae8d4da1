import numpy as np
import pytest
import torch

from tgsh import AugmentMNIST, FlyNet
from tgsh.datasets import normalise
from tgsh.readout import activity, split_similarity


@pytest.mark.parametrize("settings", [{}, {"centred": False}, {"projection": "gaussian"}])
def test_the_two_contributions_add_up_to_the_cosine(settings):
    net = FlyNet(3, width_mult=2, **settings)
    linear, rest = split_similarity(net)
    a = (net.W2 * net.context_vectors()[:, None]).flatten(1).double()
    a /= a.norm(dim=1, keepdim=True)
    np.testing.assert_allclose(linear + rest, a @ a.T, atol=1e-9)
    # A random vector has 784 of its H dimensions in the column space: about half of it here.
    np.testing.assert_allclose(np.diag(linear), 0.5, atol=0.06)


def orthogonal_readout(net):
    """A random vector less its component in the column space of the centred W1."""
    W1 = net.W1.double()
    W1 = W1 - W1.mean(0)
    drawn = torch.randn(net.n_hidden, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return drawn - W1 @ torch.linalg.lstsq(W1, drawn[:, None], rcond=1e-9, driver="gelsd").solution[:, 0]


def test_a_readout_in_the_column_space_is_all_linear_and_one_orthogonal_to_it_all_rest():
    net = FlyNet(1, width_mult=2).double()
    net.W2.fill_(1.0)
    inside = (net.W1 - net.W1.mean(0)) @ torch.linspace(-1, 1, 784, dtype=torch.float64)
    linear, rest = split_similarity(net, torch.stack([inside, orthogonal_readout(net)]))
    np.testing.assert_allclose(linear, [[1, 0], [0, 0]], atol=1e-6)
    np.testing.assert_allclose(rest, [[0, 0], [0, 1]], atol=1e-6)


def test_rest_does_not_tell_an_inverted_image_from_the_image(few):
    # Inverting an image turns the centred drive v into -v. An orthogonal readout sees |v| only.
    net, stream = FlyNet(1, width_mult=2).double(), AugmentMNIST(few)
    readout = orthogonal_readout(net)
    inputs = [normalise(stream.test(t)[0][:20], torch.float64) for t in (0, 6)]
    original, inverted = (net.encode(x) @ readout for x in inputs)
    torch.testing.assert_close(original, inverted, rtol=0, atol=1e-4)
    assert original.std() > 1


def test_inverting_an_image_turns_on_exactly_the_units_that_were_off(few):
    net, stream = FlyNet(1, width_mult=2), AugmentMNIST(few)
    original, inverted = (activity(net, stream.test(t)[0][:50]) for t in (0, 6))
    assert (original & inverted).double().mean() < 1e-3
    assert (original | inverted).double().mean() > 0.99
    uncentred = FlyNet(1, width_mult=2, centred=False)
    both = activity(uncentred, stream.test(0)[0][:50]) & activity(uncentred, stream.test(6)[0][:50])
    assert both.double().mean() > 0.1
