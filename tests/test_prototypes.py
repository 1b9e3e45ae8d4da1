import pytest
import torch
import torch.nn.functional as F

from tgsh import FlyNet, ParameterError, RotationMNIST
from tgsh.datasets import normalise
from tgsh.inversion import class_means, reconstruct
from tgsh.judge import DEVELOPMENTS, favourable, judge_real, train_judge
from tgsh.prototypes import Explainer, Prior, develop, explain, explained, ridge_contexts
from tgsh.runs.cache import RunCache


@pytest.fixture(scope="module")
def stream(few):
    return RotationMNIST(few, n_tasks=2, step=90)


@pytest.fixture(scope="module")
def pictures(stream):
    return class_means(stream) * 0.3081 + 0.1307


@pytest.fixture(scope="module")
def judge(stream, tmp_path_factory):
    return train_judge(stream, epochs=30, cache=RunCache(tmp_path_factory.mktemp("judge")))


def contrast(images):
    return images - images.mean(1, keepdim=True)


def agreement(a, b):
    return F.cosine_similarity(contrast(a), contrast(b), dim=2).mean().item()


@pytest.mark.parametrize("centred", [True, False])
def test_what_pictures_write_into_a_context_by_hand(pictures, centred):
    net = FlyNet(1, width_mult=1, centred=centred)
    h = net.encode(((pictures[1] - 0.1307) / 0.3081).contiguous())
    by_hand = sum((net.W2[k] - net.W2.mean(0)) * h[k] for k in range(10))
    torch.testing.assert_close(Explainer(net)(pictures)[1], by_hand, rtol=1e-3, atol=1e-5)


def test_the_gradient_through_the_sparse_product_is_that_of_the_dense_one():
    net = FlyNet(1, width_mult=1)
    picture = torch.rand(1, 10, 784, generator=torch.Generator().manual_seed(0)).requires_grad_()
    (sparse,) = torch.autograd.grad(Explainer(net)(picture).square().sum(), picture)
    z = ((picture[0] - 0.1307) / 0.3081) @ net.W1.T
    dense = ((net.W2 - net.W2.mean(0)) * (z - z.mean(1, keepdim=True)).clamp(min=0)).sum(0)
    (expected,) = torch.autograd.grad(dense.square().sum(), picture)
    torch.testing.assert_close(sparse, expected, rtol=1e-3, atol=1e-4)


def test_planted_pictures_are_found_and_eq_3_finds_them_less_well(pictures):
    nets = [FlyNet(1, width_mult=3, seed=s) for s in (0, 1)]
    contexts = [Explainer(net)(pictures) for net in nets]
    found = explain(nets, contexts, Prior(blur=1.0))
    assert found.shape == (2, 10, 784)
    assert 0 <= found.min() < found.max() <= 1
    back = sum(reconstruct(net, m) for net, m in zip(nets, contexts, strict=True))
    assert agreement(found, pictures) > 0.85
    assert agreement(found, pictures) > agreement(back, pictures) + 0.2
    assert explained(nets[0], contexts[0], found).min() > 0.9
    torch.testing.assert_close(explained(nets[0], contexts[0], pictures), torch.ones(2))


def test_pictures_follow_the_context(pictures):
    net = FlyNet(1, width_mult=1)
    context = Explainer(net)(pictures)
    torch.testing.assert_close(explain([net], [context.flip(0)], steps=3)[1], explain([net], [context[:1]], steps=3)[0])
    noise = torch.randn(context.shape, generator=torch.Generator().manual_seed(0))
    assert abs(agreement(explain([net], [noise]), pictures)) < 0.2


def test_a_ridge_context_is_a_minimum_and_a_sum_of_features(stream, tmp_path):
    net, ridge = FlyNet(1, width_mult=1), 0.01
    m = ridge_contexts(net, stream, [1], ridge, 300, cache=RunCache(tmp_path))
    images, labels = stream.train(1)
    h = net.encode(normalise(images))
    D = F.one_hot(labels, 10) - ((h * m) @ net.W2.T).softmax(1)
    torch.testing.assert_close(ridge * m[0], (net.W2 * (D.T @ h)).sum(0) / len(h), rtol=0, atol=2e-5)
    again = ridge_contexts(net, stream, [1], ridge, 300, cache=RunCache(tmp_path))
    assert torch.equal(m, again)


def test_under_a_strong_ridge_mean_images_explain_the_context(stream, pictures, tmp_path):
    net = FlyNet(1, width_mult=2)
    strong, weak = (ridge_contexts(net, stream, [0], ridge, 300, cache=RunCache(tmp_path)) for ridge in (1.0, 1e-4))
    assert explained(net, strong, pictures[:1]) > 0.9
    assert explained(net, strong, pictures[:1]) > explained(net, weak, pictures[:1]) + 0.1


def test_developing_by_hand():
    image = torch.zeros(784)
    image[:392], image[14 * 28 + 14] = -5, 3
    picture = develop(image, blur=0.1, black=0.4)
    assert picture[0] == 0
    assert picture.argmax() == 14 * 28 + 14
    assert picture.max() == 1
    assert develop(torch.ones(784), blur=0.1, black=0.5).max() == 0  # nothing is seen where there is nothing


def test_the_judge_reads_real_images_and_tells_a_wrong_digit_from_a_wrong_angle(judge, stream, pictures):
    real = judge_real(judge, stream)
    assert len(real.digit) == 150
    assert real.digit.mean() > 0.7
    assert (real.off == 0).mean() > 0.8
    sharp = develop(pictures, 0.3, 0.5)
    right, turned, renamed = judge.read(sharp), judge.read(sharp.flip(0)), judge.read(sharp.roll(1, 1))
    assert (right.digit.mean(), right.off.mean()) == (1, 0)
    assert turned.off.mean() == 90
    assert renamed.digit.mean() < 0.2
    assert judge.read(sharp[1:], [1]).digit.tolist() == right.digit[1:].tolist()


def test_the_favourable_development_is_the_best_there_is(judge, pictures):
    raw = pictures - 3
    best = favourable(judge, raw)
    assert best in DEVELOPMENTS
    readings = {how: judge.read(develop(raw, *how)) for how in DEVELOPMENTS}
    shares = {how: reading.digit.mean() + reading.blind.mean() for how, reading in readings.items()}
    assert shares[best] == max(shares.values()) > min(shares.values())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s, j: explain([FlyNet(1, width_mult=1)], []), "every network needs its contexts"),
        (lambda s, j: Prior(blur=0), "blur must be a number above 0"),
        (lambda s, j: develop(torch.zeros(784), black=1), "black must be from 0 to below 1"),
        (lambda s, j: ridge_contexts(FlyNet(1, width_mult=1), s, [0], 0, 9), "ridge must be a number above 0"),
        (lambda s, j: ridge_contexts(FlyNet(1, width_mult=1), s, [0], 1, 999), "n_images must be a whole number"),
        (lambda s, j: j.read(torch.zeros(3, 10, 784)), "pictures of 2 tasks and 10 classes"),
        (lambda s, j: j.read(torch.full((2, 10, 784), 2.0)), r"pixels in \[0, 1\]"),
        (lambda s, j: train_judge(s, epochs=0), "epochs must be a whole number of at least 1"),
    ],
)
def test_bad_settings(stream, judge, call, message):
    with pytest.raises(ParameterError, match=message):
        call(stream, judge)
