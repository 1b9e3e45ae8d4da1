"""The methods of the scoreboard, each on a case whose answer is known."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, Ridge

from tgsh.benchmarks import RotationMNIST, SplitMNIST
from tgsh.errors import ParameterError
from tgsh.extensions import fit_task_memory, score_tasks
from tgsh.extensions.scoreboard import (
    EWC,
    METHODS,
    N_TRIALS,
    BatchEnsemble,
    ContextsByGaussians,
    FineTuned,
    FlyAssociation,
    FlyContexts,
    Gated,
    HardAttention,
    Joint,
    OwnNetwork,
    PooledGaussians,
    RandomLDA,
    RandomRidge,
    Readout,
    Replay,
    Reservoir,
    Superposition,
    SupSup,
    ToldMethod,
    fisher_diagonal,
)
from tgsh.extensions.scoreboard._method import inputs
from tgsh.extensions.scoreboard._mlp import draw_weights, logits
from tgsh.extensions.scoreboard._readouts import coordinates
from tgsh.networks import FlyNet
from tgsh.training import Recipe, train_stream

every_method = pytest.mark.parametrize("name", METHODS)


@pytest.fixture(scope="module")
def stream(few):
    return RotationMNIST(few.subset(n_train=100, n_test=60), 3, 90)


@pytest.fixture(scope="module")
def bars():
    """A separable problem: the class is the row of the image that is lit."""
    labels = torch.arange(10).repeat(10)
    images = torch.zeros(100, 28, 28, dtype=torch.uint8)
    for image, k in zip(images, labels.tolist(), strict=True):
        image[2 * k + 2 : 2 * k + 4] = 200
    noise = torch.randint(40, images.shape, generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    return images + noise, labels


def make(name, n_tasks=2, seed=0, **settings):
    return METHODS[name].make(n_tasks, seed, settings)


def learned(method, stream):
    for t in range(len(stream)):
        method.learn(*stream.images(t, "train"))
    method.finish()
    return method


# The interface


@every_method
def test_a_separable_problem_is_learned(name, bars):
    entry = METHODS[name]
    trials = [settings | ({"epochs": 60} if "epochs" in settings else {}) for settings in entry.kind.TRIALS[::5]]
    best = [entry.make(1, 0, settings) for settings in trials]
    accuracy = []
    for method in best:
        method.learn(*bars)
        method.finish()
        found = method.predict(bars[0], 0 if method.told else None)
        accuracy.append((found == bars[1]).double().mean().item())
    assert max(accuracy) > 0.95


@every_method
def test_every_method_has_the_same_number_of_trials_and_its_defaults_are_the_first(name):
    entry = METHODS[name]
    trials = [tuple(sorted(settings.items())) for settings in entry.kind.TRIALS]
    assert len(set(trials)) == len(trials) == N_TRIALS
    torch.manual_seed(0)
    default, first = entry.make(1, 0, {}), entry.make(1, 0, entry.kind.TRIALS[0])
    for setting, value in entry.kind.TRIALS[0].items():
        of = getattr(default, "recipe", default)
        assert getattr(of, setting, value) == value
    assert type(default) is type(first)


@every_method
def test_a_told_method_needs_the_task_and_an_untold_one_refuses_it(name, few):
    method = make(name)
    with pytest.raises(ParameterError, match="told the task"):
        method.predict(few.test_images, None if method.told else 0)
    if method.told:
        with pytest.raises(ParameterError, match="task must be"):
            method.predict(few.test_images, 2)


@every_method
def test_a_method_repeats_itself_judges_images_alone_and_counts_what_it_stores(name, stream):
    one, other = make(name, 2), make(name, 2)
    images, _ = stream.images(0, "test", slice(10))
    task = 0 if one.told else None
    for method in (one, other):
        method.learn(*stream.images(0, "train"))
    early = None if one.joint else one.predict(images, task)
    for method in (one, other):
        method.learn(*stream.images(1, "train"))
        method.finish()
    late = one.predict(images, task)
    assert torch.equal(late, other.predict(images, task))
    if one.isolated:  # what is learned later changes nothing
        assert one.told
        assert torch.equal(early, late)
    alone = torch.cat([one.predict(image[None], task) for image in images])
    assert (alone == late).sum() >= 9  # rounding may decide one close case
    numbers, size = one.stored
    assert min(numbers, size) > 0
    with pytest.raises(ParameterError, match="all 2 tasks"):
        one.learn(*stream.images(0, "train"))


# The paper's networks


def test_flynet_learns_the_contexts_of_the_book(stream):
    method = learned(FlyContexts(3, 4, epochs=2, width_mult=2), stream)
    net = FlyNet(3, 2, 4)
    train_stream(net, stream, Recipe(epochs=2), device="cpu", progress=False)
    for t in range(3):
        images, _labels = stream.images(t, "test")
        expected = net(net.inputs(images), t).argmax(1)
        assert (method.predict(images, t) == expected).all()
    # The order of the images of a task is that of its place in the stream.
    torch.testing.assert_close(method.net.context_vectors()[:3], net.context_vectors())
    assert method.stored == (3 * (1568 + 1), 12 * (1568 + 1))


# Readouts


def test_a_readout_is_that_of_scikit_learn(stream):
    method = learned(Readout(3, 0, 0.1, 0), stream)
    images, labels = stream.images(2, "train")
    model = LogisticRegression(C=0.1, max_iter=300).fit(inputs(images).numpy(), labels.numpy())
    test, _ = stream.images(2, "test")
    same = method.predict(test, 2).numpy() == model.predict(inputs(test).numpy())
    assert same.mean() > 0.98
    assert method.stored == (3 * 7850, 3 * 7850 * 4)


def test_coordinates_keep_products_and_lead_back():
    h = torch.randn(12, 30, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    h[5] = h[4]  # rank 11
    rotated, basis = coordinates(h)
    assert rotated.shape == (12, 11)
    torch.testing.assert_close(rotated @ basis, h)
    torch.testing.assert_close(basis @ basis.T, torch.eye(11, dtype=torch.float64))


def test_a_readout_of_two_classes_predicts_these_two(few):
    stream = SplitMNIST(few)
    method = learned(Readout(5, 0, 1.0, 1), stream)
    for t in range(5):
        assert set(method.predict(few.test_images, t).tolist()) <= {2 * t, 2 * t + 1}


# Masks, vectors, keys, gates


def test_a_mask_of_ones_is_the_random_network(stream):
    method = SupSup(3, 0, share=1.0)
    images, _labels = stream.images(0, "test")
    W1, _, W2, _ = draw_weights(256, 0)
    W1, W2 = (W.sign() * (2 / W.shape[1]) ** 0.5 for W in (W1, W2))
    expected = (torch.relu(inputs(images) @ W1.T) @ W2.T).argmax(1)
    assert torch.equal(method.predict(images, 0), expected)
    method.learn(*stream.images(0, "train"))
    assert all(mask.all() for mask in method.masks[0])
    assert torch.equal(method.predict(images, 0), expected)


def test_a_mask_keeps_its_share_and_one_bit_a_weight():
    method = SupSup(2, 0, share=0.3, hidden=16)
    images = torch.rand(40, 28, 28)
    method.learn(images, torch.arange(40) % 10)
    kept = [mask.double().mean().item() for mask in method.masks[0]]
    assert kept == pytest.approx([0.3, 0.3], abs=0.01)
    assert method.stored == (2 * (16 * 784 + 10 * 16), 2 * (16 * 784 + 10 * 16) // 8)
    with pytest.raises(ParameterError, match="share"):
        SupSup(2, 0, share=0.0)


def test_vectors_of_ones_are_the_random_network(stream):
    method = BatchEnsemble(3, 0, hidden=64)
    x = inputs(stream.images(0, "test")[0])
    torch.testing.assert_close(method._logits(x, method.start), logits(x, draw_weights(64, 0)))
    assert method.stored[0] == 3 * (784 + 3 * 64 + 20)


def test_batchensemble_leaves_the_weights_alone(stream):
    method = BatchEnsemble(3, 0, hidden=64)
    before = [weight.clone() for weight in method.weights]
    learned(method, stream)
    assert all(torch.equal(one, other) for one, other in zip(before, method.weights, strict=True))


def test_superposition_with_keys_of_ones_is_fine_tuning(stream):
    method, plain = Superposition(3, 0), FineTuned(3, 0)
    method.keys = [(torch.ones(784), torch.ones(256))] * 3
    learned(method, stream), learned(plain, stream)
    for one, other in zip(method.weights, plain.weights, strict=True):
        torch.testing.assert_close(one, other)


def test_keys_are_signs_that_differ_between_tasks():
    method = Superposition(3, 0)
    first = torch.stack([key for key, _ in method.keys])
    assert set(first.unique().tolist()) == {-1.0, 1.0}
    assert (first @ first.T / 784 - torch.eye(3)).abs().max() < 0.15


def test_gates_that_are_all_open_are_fine_tuning(stream):
    method, plain = Gated(3, 0, active=64, hidden=64), FineTuned(3, 0, hidden=64)
    learned(method, stream), learned(plain, stream)
    for one, other in zip(method.weights, plain.weights, strict=True):
        torch.testing.assert_close(one, other)


def test_a_task_leaves_silent_units_alone(stream):
    method = Gated(3, 0, active=16, hidden=64)
    before = method.weights[0].clone()
    method.learn(*stream.images(0, "train"))
    changed = (method.weights[0] != before).any(1).nonzero()[:, 0]
    assert set(changed.tolist()) <= set(method.gates[0].tolist())


def test_no_later_task_changes_what_hard_attention_uses(stream):
    method = HardAttention(3, 0, epochs=3, hidden=64)
    images, _labels = stream.images(0, "test")
    method.learn(*stream.images(0, "train"))
    locked = method.gates(0) == 1
    before, answers = [weight.clone() for weight in method.weights], method.predict(images, 0)
    for t in (1, 2):
        method.learn(*stream.images(t, "train"))
        assert (method.used >= method.gates(0)).all()
    assert 10 < locked.sum() < 60
    for one, other in zip(before, method.weights, strict=True):
        assert torch.equal(one[locked], other[locked])
        assert not torch.equal(one[~locked], other[~locked])
    assert (method.predict(images, 0) == answers).double().mean() > 0.98
    assert method.stored[0] == 64 * 785 + 3 * (64 + 10 * 64 + 10)


def test_a_step_of_hard_attention_is_that_of_slope_1_times_the_largest(stream):
    images, labels = (part[:64] for part in stream.images(0, "train"))
    method = HardAttention(1, 0, lr=0.001, epochs=1, sparsity=0.5, s_max=4.0, hidden=32)  # one batch, at s = 4
    e, weights = method.embeddings[0].clone(), [*method.weights, *method.heads[0]]
    gates = torch.sigmoid(4 * e).requires_grad_()
    W1, b1, W2, b2 = weights
    z = (torch.relu(inputs(images) @ W1.T + b1) * gates) @ W2.T + b2
    loss = torch.nn.functional.cross_entropy(z, labels) + 0.5 * gates.mean()
    (of_gates,) = torch.autograd.grad(loss, gates)
    step = 0.001 * 4 * of_gates * torch.sigmoid(e) * (1 - torch.sigmoid(e))
    method.learn(images, labels)
    torch.testing.assert_close(method.embeddings[0], e - step, rtol=1e-4, atol=1e-6)


def test_hard_attention_opens_fewer_units_where_they_cost_more(stream):
    opened = []
    for sparsity in (0.0, 20.0):
        method = HardAttention(3, 0, epochs=5, sparsity=sparsity, hidden=64)
        method.learn(*stream.images(0, "train"))
        opened.append(method.used.mean().item())
        assert method.embeddings.abs().max() <= 6
    assert opened[1] < opened[0] - 0.1
    with pytest.raises(ParameterError, match="sparsity"):
        HardAttention(3, sparsity=-1.0)


# One network for all tasks


def test_ewc_of_strength_0_is_fine_tuning(stream):
    method, plain = learned(EWC(3, 0, hidden=32, strength=0.0), stream), learned(FineTuned(3, 0, hidden=32), stream)
    assert all(torch.equal(one, other) for one, other in zip(method.weights, plain.weights, strict=True))


def test_ewc_of_great_strength_holds_the_weights(stream):
    def moved(strength):
        method = EWC(3, 0, hidden=32, strength=strength)
        method.learn(*stream.images(0, "train"))
        before, F = method.weights[0].clone(), method.importance[0].clone()
        method.learn(*stream.images(1, "train"))
        return (F * (method.weights[0] - before).square()).sum().item()

    assert moved(1000.0) < moved(10.0) < moved(0.0)


def test_importances_are_not_all_zero_and_are_the_fisher_diagonal():
    weights = draw_weights(6, 3)
    weights[1] += 0.1
    x = torch.rand(5, 784, generator=torch.Generator().manual_seed(1))
    found = fisher_diagonal(x, weights)
    leaves = [weight.clone().requires_grad_() for weight in weights]
    expected = [torch.zeros_like(weight) for weight in weights]
    for one in x:
        log_p = logits(one[None], leaves).log_softmax(1)[0]
        for k in range(10):
            gradients = torch.autograd.grad(log_p[k], leaves, retain_graph=True)
            for total, gradient in zip(expected, gradients, strict=True):
                total += log_p[k].exp().detach() * gradient.square() / len(x)
    for one, other in zip(found, expected, strict=True):
        assert one.max() > 0
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-7)


def test_the_penalty_of_ewc_is_the_sum_over_the_tasks():
    method = EWC(3, 0, hidden=4, strength=2.0)
    source = torch.Generator().manual_seed(0)
    method.importance, method.pull = ([w.double() * 0 for w in method.weights] for _ in range(2))
    anchors = [[torch.rand(w.shape, generator=source, dtype=torch.float64) for w in method.weights] for _ in range(2)]
    fishers = [[torch.rand(w.shape, generator=source, dtype=torch.float64) for w in method.weights] for _ in range(2)]
    for anchor, fisher in zip(anchors, fishers, strict=True):
        for total, pull, F, w in zip(method.importance, method.pull, fisher, anchor, strict=True):
            total += F
            pull += F * w
    method.n_learned = 2

    def whole(weights):
        terms = (
            (F * (w - v).square()).sum()
            for anchor, fisher in zip(anchors, fishers, strict=True)
            for F, v, w in zip(fisher, anchor, weights, strict=True)
        )
        return sum(terms)  # strength / 2 is 1

    one, other = (
        [torch.rand(w.shape, generator=source, dtype=torch.float64) for w in method.weights] for _ in range(2)
    )
    difference = method._against_forgetting(one) - method._against_forgetting(other)
    assert float(difference) == pytest.approx(float(whole(one) - whole(other)), rel=1e-6)


def test_the_reservoir_is_uniform():
    times = np.zeros(40)
    for seed in range(300):
        kept = Reservoir(8, seed)
        labels = torch.arange(40)
        kept.offer(torch.zeros(40, 784), labels, torch.zeros(40, 10))
        times[kept.labels.numpy()] += 1
    expected = 300 * 8 / 40
    chi_square = ((times - expected) ** 2 / expected).sum()
    assert times.sum() == 2400
    assert chi_square < 72


def test_replay_without_its_terms_is_fine_tuning(stream):
    method = learned(Replay(3, 0, hidden=32, size=50, alpha=0.0, beta=0.0), stream)
    plain = learned(FineTuned(3, 0, hidden=32), stream)
    for one, other in zip(method.weights, plain.weights, strict=True):
        torch.testing.assert_close(one, other)
    assert method.buffer.offered == 3 * 100
    assert len(method.buffer) == 50


def test_joint_training_does_not_depend_on_where_tasks_end(stream):
    parts = [stream.images(t, "train") for t in range(3)]
    one, other = Joint(3, 0, hidden=32), Joint(1, 0, hidden=32)
    learned(one, stream)
    other.learn(*(torch.cat(list(part)) for part in zip(*parts, strict=True)))
    other.finish()
    assert all(torch.equal(a, b) for a, b in zip(one.weights, other.weights, strict=True))


def test_own_networks_have_the_numbers_of_a_context():
    assert OwnNetwork(4, hidden=10).stored == (4 * 7960, 16 * 7960)


# Sums over the images


def test_lda_is_that_of_scikit_learn_whatever_the_order_of_the_tasks(few):
    stream = SplitMNIST(few)
    method = learned(RandomLDA(5, 0, 0.1, 1), stream)
    backwards = RandomLDA(5, 0, 0.1, 1)
    for t in reversed(range(5)):
        backwards.learn(*stream.images(t, "train"))
    h, test = method._features(few.train_images).double().numpy(), method._features(few.test_images).double().numpy()
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1).fit(h, few.train_labels.numpy())
    expected = model.predict(test)
    assert (method.predict(few.test_images).numpy() == expected).mean() > 0.99
    assert (backwards.predict(few.test_images).numpy() == expected).mean() > 0.99


def test_ridge_is_that_of_scikit_learn(few):
    method = learned(RandomRidge(5, 0, 0.01, 1), SplitMNIST(few))
    h, test = method._features(few.train_images).double(), method._features(few.test_images).double()
    alpha = 0.01 * h.square().sum(0).mean().item()
    targets = torch.nn.functional.one_hot(few.train_labels, 10).double()
    model = Ridge(alpha=alpha, fit_intercept=False).fit(h.numpy(), targets.numpy())
    expected = model.predict(test.numpy()).argmax(1)
    assert (method.predict(few.test_images).numpy() == expected).mean() > 0.99


def test_pooled_gaussians_are_means_and_the_covariance_within():
    source = torch.Generator().manual_seed(0)
    h, group = torch.randn(60, 5, generator=source), torch.arange(60) % 3
    sums = PooledGaussians(5)
    sums.add(h[group < 2], group[group < 2]), sums.add(h[group == 2], group[group == 2])
    within = h - torch.stack([h[group == k].mean(0) for k in range(3)])[group]
    torch.testing.assert_close(sums.covariance.float(), within.T @ within / 60, rtol=1e-4, atol=1e-5)


def test_gaussians_find_the_tasks_of_the_book(stream):
    method = learned(ContextsByGaussians(3, 0, epochs=1, width_mult=2), stream)
    net = method.fly.net
    memory = fit_task_memory(net, stream, net.context_vectors()[:3])
    scores = score_tasks(net, stream, memory)
    for t in range(3):
        images, _ = stream.images(t, "test")
        task = scores.scores["gaussian"][t].argmax(1)
        assert (method.infer(net.features(net.inputs(images))) == task).double().mean() > 0.98
        expected = scores.predicted[t][torch.arange(len(task)), task]
        assert (method.predict(images) == expected).double().mean() > 0.98


# The fly


def test_fly_association_adds_codes_to_the_output_of_their_class(few):
    method = FlyAssociation(1, 0, 0.02, 2)
    codes = method.codes(few.train_images)
    assert ((codes > 0).sum(1) <= method.active).all()
    assert codes.max() == 1.0
    method.learn(few.train_images, few.train_labels)
    for k in range(10):
        torch.testing.assert_close(method.synapses[k], codes[few.train_labels == k].sum(0))


def test_fly_association_freezes_the_synapses_of_other_classes(few):
    stream = SplitMNIST(few)
    method = FlyAssociation(5, 0)
    method.learn(*stream.images(0, "train"))
    first = method.synapses[:2].clone()
    method.learn(*stream.images(1, "train"))
    assert torch.equal(method.synapses[:2], first)
    assert (method.synapses[4:] == 0).all()


def test_keys_gates_and_masks_are_the_same_in_another_process():
    code = (
        "from tgsh.extensions.scoreboard import *; a = Superposition(2, 5).keys[1][0].sum().item(); "
        "print(a, Gated(2, 5).gates[1].sum().item(), SupSup(2, 5).weights[0].sum().item())"
    )
    here = (
        Superposition(2, 5).keys[1][0].sum().item(),
        Gated(2, 5).gates[1].sum().item(),
        SupSup(2, 5).weights[0].sum().item(),
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert there.split() == [str(number) for number in here]


def test_methods_that_are_told_are_those_of_the_paper_and_of_one_part_a_task():
    told = [name for name, entry in METHODS.items() if issubclass(entry.kind, ToldMethod)]
    assert len(told) == 12
    assert len(METHODS) == 20
