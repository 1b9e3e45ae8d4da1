import torch

from tgsh import AugmentMNIST, FlyNet
from tgsh.datasets import normalise
from tgsh.measures import active_units, odd_even_logits


def test_halves_add_up_to_the_logits_and_the_odd_one_is_linear(few):
    net, images = FlyNet(1, width_mult=2).double(), few.test_images[:40] / 255
    m = net.context_vector(0).detach()
    odd, even = odd_even_logits(net, images, m)
    whole = net(normalise(images, torch.float64), 0)
    torch.testing.assert_close(odd + even, whole - whole.mean(0))
    v = normalise(images, torch.float64) @ (net.W1 - net.W1.mean(0)).T
    linear = v @ (net.W2 * m).T / 2
    torch.testing.assert_close(odd, linear - linear.mean(0), rtol=0, atol=1e-4)
    assert even.std() > 1e-3


def test_logits_are_the_networks_own_and_images_stay_as_they_are(few):
    net, images = FlyNet(1, width_mult=2), few.test_images[:20] / 255
    before, m = images.clone(), net.context_vector(0).detach()
    odd, even = odd_even_logits(net, images, m)
    assert torch.equal(images, before)
    whole = net.logits(net.features(net.inputs(few.test_images[:20])), m[None])[0]
    torch.testing.assert_close(odd + even, whole - whole.mean(0), rtol=0, atol=1e-5)
    again = odd_even_logits(net, few.test_images[:20], m)  # uint8
    torch.testing.assert_close(torch.stack([odd, even]), torch.stack(again), rtol=0, atol=1e-5)


def test_inverting_an_image_turns_on_exactly_the_units_that_were_off(few):
    net, stream = FlyNet(1, width_mult=2), AugmentMNIST(few)
    original, inverted = (active_units(net, stream.images(t, "test")[0][:50]) for t in (0, 6))
    assert (original & inverted).double().mean() < 1e-3
    assert (original | inverted).double().mean() > 0.99
    uncentred = FlyNet(1, width_mult=2, centred=False)
    original, inverted = (active_units(uncentred, stream.images(t, "test")[0][:50]) for t in (0, 6))
    assert (original & inverted).double().mean() > 0.1
