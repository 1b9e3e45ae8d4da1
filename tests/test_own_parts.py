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

RECIPE = Recipe(epochs=6, batch_size=32)
PARTS = {
    "stream": (permuted_pixels, FlyNet, None),
    "network": (RotationMNIST, TanhNet, None),
    "rule": (RotationMNIST, FlyNet, fit_with_momentum),
    "all three": (permuted_pixels, TanhNet, fit_with_momentum),
}


@pytest.fixture(params=PARTS)
def parts(request, few):
    """A stream of three tasks, a function of a seed that makes a network, and a training rule."""
    make_stream, kind, fit = PARTS[request.param]
    return make_stream(few, 3), lambda seed: kind(3, **{"n_hidden" if kind is TanhNet else "width_mult": 1}, seed=seed), fit


@pytest.mark.parametrize("part", ["stream", "network", "rule"])
def test_a_part_takes_at_most_fifteen_lines(part):
    text = Path(__file__).read_text(encoding="utf-8")
    (lines,) = re.findall(rf"^# \[{part}\]\n(.*?)^# \[end\]", text, flags=re.MULTILINE | re.DOTALL)
    assert len(lines.strip().splitlines()) <= 15
