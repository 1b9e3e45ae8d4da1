import numpy as np
import pytest
import torch

from tgsh import FlyNet, ParameterError, RotationMNIST
from tgsh.figures import flynet_circuit
from tgsh.inversion import (
    agreement,
    canonical_units,
    class_means,
    invert_active,
    pseudo_inverse,
    read_positions,
    reconstruct,
    smooth,
)


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
    from tgsh.datasets import normalise

    net = FlyNet(1, width_mult=4, centred=centred).double()
    x = normalise(digits.test_images[:3], torch.float64)
    torch.testing.assert_close(invert_active(net, net.encode(x)), x, rtol=0, atol=1e-4)


def test_agreement_of_the_means_with_themselves_is_perfect(few):
    means = class_means(RotationMNIST(few, n_tasks=4, step=30))
    assert means.shape == (4, 10, 784)
    perfect = agreement(means, means)
    np.testing.assert_allclose(perfect.own, 1)
    np.testing.assert_allclose(perfect.own_contrast, 1)
    assert (perfect.class_read, perfect.task_read, perfect.task_near) == (1, 1, 1)
    assert perfect.other_task < 1


def test_agreement_finds_the_wrong_class_and_the_wrong_task(few):
    means = class_means(RotationMNIST(few, n_tasks=4, step=90))
    assert agreement(means.roll(1, dims=1), means).class_read < 0.05
    turned = agreement(means.roll(1, dims=0), means)
    assert turned.task_read < 0.05
    assert turned.task_near > 0.95
    noise = agreement(torch.randn(means.shape, generator=torch.Generator().manual_seed(0)), means)
    assert abs(noise.own.mean()) < 0.05
    assert noise.class_read < 0.4


def test_class_means_by_hand(few):
    stream = RotationMNIST(few, n_tasks=2, step=90)
    images, labels = stream.test(1)
    by_hand = (images[labels == 7].float().mean(0) / 255 - 0.1307) / 0.3081
    torch.testing.assert_close(class_means(stream)[1, 7], by_hand.flatten(), rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"readout": "inverse"}, "readout must be one of published, divide, least-norm"),
        ({"readout": "divide", "ridge": 0}, "ridge must be a number above 0"),
        ({"samples": -1}, "samples must be a whole number of at least 0"),
    ],
)
def test_bad_settings(net, contexts, settings, message):
    with pytest.raises(ParameterError, match=message):
        reconstruct(net, contexts, **settings)


def test_agreement_needs_two_tasks_of_one_shape():
    with pytest.raises(ParameterError, match="two tasks or more"):
        agreement(torch.zeros(1, 10, 784), torch.zeros(1, 10, 784))


def test_the_circuit_draws_the_pixels_that_a_unit_reads(digits):
    net = FlyNet(1, width_mult=1)
    figure = flynet_circuit(net, digits.test_images[0].numpy(), highlight=2)
    figure.canvas.draw()
    lit = figure.axes[0].collections[0].get_offsets()
    columns = np.sort((lit[:, 0] / 2.6 * 28 - 0.5).round().astype(int))
    assert columns.tolist() == sorted((net.pixels[2] % 28).tolist())
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert {"$g_t$", "$c_t$", *map(str, range(10))} <= texts


def test_positions_are_read_from_pixels_far_better_than_guessed(few):
    error, guessed = read_positions(RotationMNIST(few, n_tasks=4, step=90), n_fit=600, n_read=200)
    assert len(error) == len(guessed) == 200
    assert 0 <= error.min() <= error.max() <= 180
    assert np.median(error) < 30
    assert guessed.mean() == pytest.approx(90, abs=15)


def test_smoothing_blurs_each_image_by_itself():
    images = torch.zeros(2, 784)
    images[0, 14 * 28 + 10] = 1
    blurred = smooth(images).reshape(2, 28, 28)
    assert blurred[1].abs().max() == 0
    assert blurred[0].sum().item() == pytest.approx(1, abs=1e-4)
    assert blurred[0].argmax() == 14 * 28 + 10
    assert blurred[0, 14, 11].item() == pytest.approx(blurred[0, 14, 10].item() * np.exp(-0.5), rel=1e-3)
