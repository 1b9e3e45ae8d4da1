import torch
import torch.nn.functional as F

from tgsh import AugmentMNIST, FlyNet
from tgsh.datasets import normalise
from tgsh.readout import activity, gradient, halves, logits


def test_halves_add_up_to_the_logits_and_the_odd_one_is_linear(few):
    net, images = FlyNet(1, width_mult=2).double(), few.test_images[:40] / 255
    m = net.context_vector(0).detach()
    odd, even = halves(net, images, m)
    whole = net(normalise(images, torch.float64), 0)
    torch.testing.assert_close(odd + even, whole - whole.mean(0))
    v = normalise(images, torch.float64) @ (net.W1 - net.W1.mean(0)).T
    linear = v @ (net.W2 * m).T / 2
    torch.testing.assert_close(odd, linear - linear.mean(0), rtol=0, atol=1e-4)
    assert even.std() > 1e-3


def test_logits_are_the_networks_own(few):
    net = FlyNet(1, width_mult=1)
    images = few.test_images[:5]
    torch.testing.assert_close(logits(net, images, net.context_vector(0)), net(normalise(images), 0))


def test_gradient_is_autograds(few):
    net, stream = FlyNet(1, width_mult=1).double(), AugmentMNIST(few)
    m = net.context_vector(0).detach().requires_grad_()
    images, labels = stream.train(6)
    h = net.encode(normalise(images[:100], torch.float64))
    F.cross_entropy((m * h) @ net.W2.T, labels[:100]).backward()
    torch.testing.assert_close(gradient(net, stream, 6, m.detach(), n=100), m.grad)


def test_inverting_an_image_turns_on_exactly_the_units_that_were_off(few):
    net, stream = FlyNet(1, width_mult=2), AugmentMNIST(few)
    original, inverted = (activity(net, stream.test(t)[0][:50]) for t in (0, 6))
    assert (original & inverted).double().mean() < 1e-3
    assert (original | inverted).double().mean() > 0.99
    uncentred = FlyNet(1, width_mult=2, centred=False)
    both = activity(uncentred, stream.test(0)[0][:50]) & activity(uncentred, stream.test(6)[0][:50])
    assert both.double().mean() > 0.1
