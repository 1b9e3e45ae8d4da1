"""A task stream, a network and a training rule of a user's own; book/your-own.md shows the three definitions."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tgsh import (
    CRWN,
    FlyNet,
    Recipe,
    RotationMNIST,
    TaskStream,
    context_similarity,
    cross_accuracy,
    sample_representations,
    tgsh_test,
    train_seeds,
    train_stream,
)
from tgsh.extensions import fit_task_memory, hash_codes, infer_tasks, retrieve, score_tasks, stream_features
from tgsh.runs import identity
from tgsh.seeding import generator
from tgsh.training import batch_rows, fit_autograd, fit_closed_form, ridge_contexts, train_in_sequence, training_rule


# [stream]
@dataclass(frozen=True)
class PixelPermutation:
    seed: int

    @property
    def name(self):
        return f"permutation {self.seed}"

    def __call__(self, images):
        order = torch.randperm(784, generator=generator(self.seed, "pixels"))
        return images.flatten(1)[:, order.to(images.device)].reshape(images.shape)


def permuted_pixels(dataset, n_tasks):
    return TaskStream(dataset, [PixelPermutation(seed) for seed in range(n_tasks)])


# [end]


# [network]
class TanhNet(CRWN):
    def __init__(self, n_tasks, n_hidden=1000, seed=0):
        super().__init__(n_tasks, seed)
        self.n_hidden = n_hidden
        W1 = torch.randn(n_hidden, 784, generator=generator(seed, "W1")) / 784**0.5
        W2 = torch.randn(10, n_hidden, generator=generator(seed, "W2")) / n_hidden**0.5
        self.register_buffer("W1", W1)
        self.register_buffer("W2", W2)
        self.start_contexts()

    def features(self, x):
        return torch.tanh(x @ self.W1.T)


# [end]


# [rule]
def fit_with_momentum(net, stream, tasks, recipe, data_seed):
    for t in tasks:
        images, labels = stream.images(t, "train", device=net.W2.device)
        optimiser = torch.optim.SGD([net.g[t], net.c[t]], lr=recipe.lr, momentum=0.9)
        for rows in batch_rows(recipe, data_seed, stream.order_key(t), len(labels)):
            loss = F.cross_entropy(net(net.inputs(images[rows]), t), labels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()


# [end]

RECIPE = Recipe(epochs=6, batch_size=32, lr=0.1)
PARTS = {
    "stream": (permuted_pixels, FlyNet, None),
    "network": (RotationMNIST, TanhNet, None),
    "rule": (RotationMNIST, FlyNet, fit_with_momentum),
    "all three": (permuted_pixels, TanhNet, fit_with_momentum),
}


@pytest.fixture(params=PARTS)
def parts(request, few):
    """A stream of three tasks, a function of a seed that makes a network for it, and a training rule."""
    make_stream, kind, fit = PARTS[request.param]
    size = {"n_hidden": 800} if kind is TanhNet else {"width_mult": 1}
    return make_stream(few, 3), lambda seed=0: kind(3, seed=seed, **size), fit


@pytest.mark.parametrize("part", ["stream", "network", "rule"])
def test_a_part_takes_at_most_fifteen_lines(part):
    text = Path(__file__).read_text(encoding="utf-8")
    (lines,) = re.findall(rf"^# \[{part}\]\n(.*?)^# \[end\]", text, flags=re.MULTILINE | re.DOTALL)
    assert 5 < len(lines.strip().splitlines()) <= 15


def test_it_trains_and_is_measured(parts):
    stream, make_net, fit = parts
    net = make_net()
    record = train_stream(net, stream, RECIPE, fit=fit, progress=False)
    assert record.accuracy.min() > 0.6
    assert record.contexts.shape == (3, net.n_hidden)
    assert not torch.isclose(record.before, record.contexts).all(1).any()

    S = context_similarity(record.contexts)
    assert S.shape == (3, 3)
    np.testing.assert_allclose(S.diagonal(), 1)

    accuracy = cross_accuracy(net, stream)
    assert torch.equal(accuracy.diagonal(), record.accuracy)
    assert accuracy.trace() / 3 > (accuracy.sum() - accuracy.trace()) / 6

    r, task, label = sample_representations(net, stream, per_class=4)
    assert r.shape == (3 * 10 * 4, net.n_hidden)
    report = tgsh_test(r, task, label, n_resamples=20)
    assert report.within.cosine.value > report.between.cosine.value
    assert report.auc.value > 0.5


def test_a_second_run_is_read_from_the_run_cache(parts, capsys):
    stream, make_net, fit = parts
    first, second, other = make_net(), make_net(), make_net(seed=1)
    record = train_stream(first, stream, RECIPE, fit=fit, progress=False)
    again = train_stream(second, stream, RECIPE, fit=fit, progress=False)
    assert record.from_cache == (False,) * 3
    assert again.from_cache == (True,) * 3
    assert torch.equal(first.context_vectors(), second.context_vectors())
    assert torch.equal(record.accuracy, again.accuracy)
    assert not any(train_stream(other, stream, RECIPE, fit=fit, progress=False).from_cache)
    assert "note" not in capsys.readouterr().out


def test_several_seeds_and_one_context_for_all_tasks(parts, few):
    stream, make_net, fit = parts
    trained = train_seeds(make_net, stream, [0, 1], RECIPE, fit=fit, progress=False)
    assert [one.net.seed for one in trained] == [0, 1]
    assert not torch.equal(trained[0].contexts, trained[1].contexts)
    assert train_in_sequence(make_net(), stream, RECIPE).shape == (3, trained[0].net.n_hidden)


def test_chapters_functions_take_it(parts):
    stream, make_net, fit = parts
    net = make_net()
    contexts = train_stream(net, stream, RECIPE, fit=fit, progress=False).contexts
    # task inference
    scores = score_tasks(net, stream, fit_task_memory(net, stream)).scores
    assert infer_tasks(scores["gaussian"], 10).exact > 0.8
    # a usable hash
    _, h, task, _ = stream_features(net, stream, "test")
    codes = hash_codes(contexts[task] * h, 64)
    found = retrieve(codes[::2], codes[1::2], task[::2], task[1::2])
    assert found.average_precision > found.chance
    # why geometry repeats
    assert ridge_contexts(net, stream, [0, 2], 0.1, 50).shape == (2, net.n_hidden)


def test_the_training_rule_of_a_network_follows_from_what_it_defines(few):
    assert training_rule(TanhNet(1)) is fit_closed_form
    nets = [TanhNet(2, 200).double() for _ in range(2)]
    for net, fit in zip(nets, (fit_closed_form, fit_autograd), strict=True):
        train_stream(net, permuted_pixels(few, 2), RECIPE, fit=fit, progress=False)
    torch.testing.assert_close(nets[0].context_vectors(), nets[1].context_vectors(), rtol=0, atol=1e-9)


def test_what_identifies_a_part_is_its_code_and_its_values():
    assert "test_own_parts.PixelPermutation@" in identity(PixelPermutation(3))
    assert identity(PixelPermutation(3)) == identity(PixelPermutation(3))
    assert identity(PixelPermutation(3)) != identity(PixelPermutation(4))
    assert "test_own_parts.TanhNet@" in identity(TanhNet(1))
    assert identity(TanhNet(1)) == identity(TanhNet(2)) != identity(TanhNet(1, seed=1))
    assert identity(fit_with_momentum).startswith("test_own_parts.fit_with_momentum@")
