import pytest
import torch
import torch.nn.functional as F

from tgsh import FlyNet, ParameterError, RotationMNIST
from tgsh.inversion import ForwardModel, Prior, class_means, forward_cosine, map_reconstruct, reconstruct
from tgsh.runs import RunCache
from tgsh.training import ridge_contexts


@pytest.fixture(scope="module")
def stream(few):
    return RotationMNIST(few, n_tasks=2, step=90)


@pytest.fixture(scope="module")
def pictures(stream):
    return class_means(stream) * 0.3081 + 0.1307


def contrast(images):
    return images - images.mean(1, keepdim=True)


def agreement(a, b):
    return F.cosine_similarity(contrast(a), contrast(b), dim=2).mean().item()


@pytest.mark.parametrize("centred", [True, False])
def test_what_pictures_write_into_a_context_by_hand(pictures, centred):
    net = FlyNet(1, width_mult=1, centred=centred)
    h = net.features(((pictures[1] - 0.1307) / 0.3081).contiguous())
    by_hand = sum((net.W2[k] - net.W2.mean(0)) * h[k] for k in range(10))
    torch.testing.assert_close(ForwardModel(net)(pictures)[1], by_hand, rtol=1e-3, atol=1e-5)


def test_the_gradient_through_the_sparse_product_is_that_of_the_dense_one():
    net = FlyNet(1, width_mult=1)
    picture = torch.rand(1, 10, 784, generator=torch.Generator().manual_seed(0)).requires_grad_()
    (sparse,) = torch.autograd.grad(ForwardModel(net)(picture).square().sum(), picture)
    z = ((picture[0] - 0.1307) / 0.3081) @ net.W1.T
    dense = ((net.W2 - net.W2.mean(0)) * (z - z.mean(1, keepdim=True)).clamp(min=0)).sum(0)
    (expected,) = torch.autograd.grad(dense.square().sum(), picture)
    torch.testing.assert_close(sparse, expected, rtol=1e-3, atol=1e-4)


def test_planted_pictures_are_found_and_eq_3_finds_them_less_well(pictures):
    nets = [FlyNet(1, width_mult=3, seed=s) for s in (0, 1)]
    contexts = [ForwardModel(net)(pictures) for net in nets]
    found = map_reconstruct(nets, contexts, Prior(blur=1.0))
    assert found.shape == (2, 10, 784)
    assert 0 <= found.min() < found.max() <= 1
    back = sum(reconstruct(net, m) for net, m in zip(nets, contexts, strict=True))
    assert agreement(found, pictures) > 0.85
    assert agreement(found, pictures) > agreement(back, pictures) + 0.2
    assert forward_cosine(nets[0], contexts[0], found).min() > 0.9
    torch.testing.assert_close(forward_cosine(nets[0], contexts[0], pictures), torch.ones(2))


def test_pictures_follow_the_context(pictures):
    net = FlyNet(1, width_mult=1)
    context = ForwardModel(net)(pictures)
    torch.testing.assert_close(
        map_reconstruct([net], [context.flip(0)], steps=3)[1], map_reconstruct([net], [context[:1]], steps=3)[0]
    )
    noise = torch.randn(context.shape, generator=torch.Generator().manual_seed(0))
    assert abs(agreement(map_reconstruct([net], [noise]), pictures)) < 0.2


def test_under_a_strong_ridge_mean_images_explain_the_context(stream, pictures, tmp_path):
    net = FlyNet(1, width_mult=2)
    strong, weak = (ridge_contexts(net, stream, [0], ridge, 300, cache=RunCache(tmp_path)) for ridge in (1.0, 1e-4))
    assert forward_cosine(net, strong, pictures[:1]) > 0.9
    assert forward_cosine(net, strong, pictures[:1]) > forward_cosine(net, weak, pictures[:1]) + 0.1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: map_reconstruct([FlyNet(1, width_mult=1)], []), "every network needs its contexts"),
        (lambda: Prior(blur=0), "blur must be a number above 0"),
    ],
)
def test_bad_settings(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
