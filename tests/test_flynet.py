import pytest
import torch

from tgsh import FlyNet, ParameterError
from tgsh.training import dense_features

X = torch.randn(6, 784, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_each_row_of_W1_has_exactly_seven_ones():
    W1 = FlyNet(1, width_mult=3).W1
    assert W1.shape == (3 * 784, 784)
    assert set(W1.unique().tolist()) == {0.0, 1.0}
    assert (W1.sum(1) == 7).all()


def test_W1_reads_every_pixel_about_equally_often():
    read = FlyNet(1, width_mult=10).W1.sum(0)
    assert read.mean() == 70
    assert read.min() > 30
    assert read.max() < 120


def test_W2_and_initial_contexts_have_the_published_distributions():
    net = FlyNet(200, width_mult=10)
    H = net.n_hidden
    assert net.W2.shape == (10, H)
    assert net.W2.abs().max() <= H**-0.5
    assert net.W2.std().item() == pytest.approx(H**-0.5 / 3**0.5, rel=0.01)
    assert torch.stack(list(net.c)).var().item() == pytest.approx(2 / (H + 1), rel=0.01)
    assert torch.stack(list(net.g)).var().item() == pytest.approx(1, rel=0.3)


def test_features_are_centred_before_the_relu():
    net = FlyNet(1, width_mult=2).double()
    z = X @ net.W1.T
    expected = torch.relu(z - z.mean(1, keepdim=True))
    torch.testing.assert_close(net.features(X), expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(dense_features(net.W1, X), expected)
    assert not torch.allclose(expected, torch.relu(z))


@pytest.mark.parametrize("projection", ["sparse", "gaussian"])
@pytest.mark.parametrize("centred", [True, False])
def test_variants_of_the_features(projection, centred):
    net = FlyNet(1, width_mult=2, projection=projection, centred=centred).double()
    z = X @ net.W1.T
    expected = torch.relu(z - z.mean(1, keepdim=True) if centred else z)
    torch.testing.assert_close(net.features(X), expected, rtol=0, atol=1e-6)


def test_features_in_single_precision():
    net = FlyNet(1, width_mult=2)
    torch.testing.assert_close(net.features(X.float()).double(), net.double().features(X), rtol=0, atol=1e-5)


def test_forward_is_equation_2():
    net = FlyNet(3, width_mult=1).double()
    g, c = net.g[2], net.c[2]
    z = X @ net.W1.T
    s = torch.relu(z - z.mean(1, keepdim=True))
    torch.testing.assert_close(net(X, 2), (net.W2 @ (g * c * s).T).T)
    torch.testing.assert_close(net.represent(X, net.context_vectors()[2]), net.context_vectors()[2] * s)


def test_gradients_reach_only_g_and_c_of_the_current_task():
    net = FlyNet(3, width_mult=1)
    net(X.float(), 1).square().sum().backward()
    reached = {name for name, p in net.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    assert reached == {"g.1", "c.1"}
    assert not any(buffer.requires_grad for buffer in net.buffers())


def test_seed_determines_the_network_and_a_context_does_not_depend_on_the_number_of_tasks():
    one, two, other = FlyNet(2, width_mult=1, seed=5), FlyNet(7, width_mult=1, seed=5), FlyNet(2, width_mult=1, seed=6)
    assert torch.equal(one.pixels, two.pixels)
    assert torch.equal(one.W2, two.W2)
    assert torch.equal(one.context_vectors(), two.context_vectors()[:2])
    assert not torch.equal(one.pixels, other.pixels)
    assert not torch.equal(one.W2, other.W2)
    assert not torch.equal(one.context_vectors(), other.context_vectors())


def test_flynet_logits_scale_with_the_image(few):
    net, images = FlyNet(1, width_mult=1), few.test_images[:9] / 510
    logits = [net(net.inputs(scale * images), 0).detach() for scale in (1, 2)]
    torch.testing.assert_close(logits[1], 2 * logits[0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_tasks": 0}, "n_tasks must be a whole number of at least 1; got 0"),
        ({"n_tasks": 1, "width_mult": -4}, "width_mult must be a whole number of at least 1; got -4"),
        ({"n_tasks": 1, "width_mult": 2.5}, "width_mult"),
        ({"n_tasks": 1, "projection": "dense"}, "projection must be one of sparse, gaussian; got 'dense'"),
        ({"n_tasks": 1, "seed": -1}, "seed must be a whole number of at least 0; got -1"),
    ],
)
def test_bad_parameters(arguments, message):
    with pytest.raises(ParameterError, match=message):
        FlyNet(**arguments)
