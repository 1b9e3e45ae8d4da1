import numpy as np
import pytest
import torch

from tgsh import AugmentMNIST, FlyNet, NeuroModNet, ParameterError, Recipe, RotationMNIST, train_stream
from tgsh.benchmarks import PermutedMNIST, ShiftMNIST, SplitMNIST, TaskStream
from tgsh.runs import RunCache, parallel_map
from tgsh.runs._code import code_closure
from tgsh.training import (
    FusedLoop,
    fit_autograd,
    fit_closed_form,
    fit_fused,
    fit_reference,
    fused_logits,
    is_fused,
    training_rule,
)

SHORT = Recipe(epochs=2, batch_size=32)


@pytest.fixture(scope="module")
def stream(few):
    return RotationMNIST(few, n_tasks=4, step=30)


def trained(stream, fit, dtype=torch.float64, recipe=SHORT, tasks=(1, 3), **settings):
    net = FlyNet(len(stream), width_mult=1, **settings).to(dtype)
    fit(net, stream, tasks, recipe, data_seed=0)
    return net.context_vectors()[list(tasks)]


@pytest.mark.parametrize("batch_size", [32, 27, 1000], ids=["whole blocks", "a part of a block", "all images"])
@pytest.mark.parametrize("centred", [True, False])
def test_the_fused_loop_and_pytorch_agree_in_double_precision(stream, centred, batch_size):
    recipe = Recipe(epochs=2, batch_size=batch_size)
    fused, plain = (trained(stream, fit, recipe=recipe, centred=centred) for fit in (fit_fused, fit_closed_form))
    start = FlyNet(4, width_mult=1, centred=centred).double().context_vectors()[[1, 3]]
    assert (plain - start).abs().amax(1).min() > 0.005
    torch.testing.assert_close(fused, plain, rtol=0, atol=1e-11)


def test_the_fused_loop_and_the_published_one_agree_in_double_precision(stream):
    fused, published = (trained(stream, fit) for fit in (fit_fused, fit_reference))
    torch.testing.assert_close(fused, published, rtol=0, atol=1e-9)


def test_they_agree_in_single_precision(stream):
    fused, plain = (trained(stream, fit, torch.float32) for fit in (fit_fused, fit_closed_form))
    torch.testing.assert_close(fused, plain, rtol=0, atol=1e-3)
    assert torch.cosine_similarity(fused, plain).min() > 1 - 1e-5


def test_floating_images_and_tasks_that_choose_images_are_served(few):
    for stream, tasks in ((AugmentMNIST(few, n_tasks=3), (0, 2)), (SplitMNIST(few), (1, 4))):
        fused, plain = (trained(stream, fit, tasks=tasks) for fit in (fit_fused, fit_closed_form_one_by_one))
        torch.testing.assert_close(fused, plain, rtol=0, atol=1e-11)


def fit_closed_form_one_by_one(net, stream, tasks, recipe, data_seed):
    for t in tasks:
        fit_closed_form(net, stream, [t], recipe, data_seed)


def test_a_task_leaves_the_others_bit_identical(stream):
    before, net = FlyNet(4, width_mult=1), FlyNet(4, width_mult=1)
    fit_fused(net, stream, [1], SHORT, data_seed=0)
    for (name, now), was in zip(net.state_dict().items(), before.state_dict().values(), strict=True):
        assert torch.equal(now, was) == (name not in ("g.1", "c.1")), name


def test_contexts_do_not_depend_on_what_is_trained_beside_them(stream):
    alone = trained(stream, fit_fused, torch.float32)
    net = FlyNet(4, width_mult=1)
    list(parallel_map(lambda t: fit_fused(net, stream, [t], SHORT, 0), range(4), net.W2.device))
    assert torch.equal(net.context_vectors()[[1, 3]], alone)


def test_a_seed_reproduces_and_another_differs(stream):
    one, two, other = (trained(stream, fit_fused, torch.float32, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(one, two)
    assert not torch.allclose(one, other)


@pytest.mark.parametrize("part", ["test", "floating"])
def test_the_logits_of_the_loop_are_those_of_the_network(few, part):
    net = FlyNet(1, width_mult=2).double()
    images, m = few.test_images[:37], net.context_vector(0).detach()
    images = images if part == "test" else images.double() / 255
    expected = net.logits(net.features(net.inputs(images)), m[None])[0]
    torch.testing.assert_close(fused_logits(net, images, m, batch_size=21), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", [torch.uint8, torch.float32])
def test_a_batch_is_laid_out_in_blocks_that_begin_with_a_line_of_the_cache(few, kind):
    images, rows = few.train_images[:40], np.array([7, 39, *range(20)])
    images = images if kind == torch.uint8 else images.to(kind) / 255
    loop = FusedLoop(FlyNet(1, width_mult=1), images, batch_size=32)
    loop.stage(rows)
    assert loop._blocks.ctypes.data % 64 == 0
    blocks = loop._blocks.reshape(2, 786, 16).transpose(0, 2, 1).reshape(32, 786)[: len(rows)]
    np.testing.assert_array_equal(blocks[:, :784], images.flatten(1).numpy()[rows])
    assert not blocks[:, 784:].any()


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("make", [RotationMNIST, ShiftMNIST, PermutedMNIST])
def test_moved_pixels_give_what_transformed_images_give_bit_for_bit(few, make, centred, monkeypatch):
    stream = make(few, n_tasks=3)
    contexts = trained(stream, fit_fused, torch.float32, tasks=(1, 2), centred=centred)
    net, images = FlyNet(3, width_mult=1, centred=centred), stream.images(2, "test")[0]
    sources, m = stream.pixel_sources(2), contexts[1]
    assert torch.equal(fused_logits(net, few.test_images, m, sources=sources), fused_logits(net, images, m))
    monkeypatch.setattr(TaskStream, "pixel_sources", lambda self, t: None)
    assert torch.equal(trained(stream, fit_fused, torch.float32, tasks=(1, 2), centred=centred), contexts)


def test_sources_beyond_the_image_are_refused(few):
    for sources in (torch.full((784,), 784), torch.full((784,), -2), torch.zeros(783, dtype=torch.int64)):
        with pytest.raises(ParameterError, match="sources must be 784 whole numbers of type int64, from -1 to 783"):
            FusedLoop(FlyNet(1, width_mult=1), few.train_images, batch_size=32, sources=sources)


class Own(FlyNet):
    def features(self, x):
        return super().features(x).square()


class OwnLogits(FlyNet):
    def logits(self, features, contexts):
        return -super().logits(features, contexts)


def test_the_rule_follows_from_the_network():
    assert training_rule(OwnLogits(1, width_mult=1)) is fit_closed_form
    assert training_rule(FlyNet(1, width_mult=1)) is fit_fused
    assert training_rule(FlyNet(1, width_mult=1, projection="gaussian")) is fit_closed_form
    assert training_rule(FlyNet(1, width_mult=1).half()) is fit_closed_form
    assert training_rule(Own(1, width_mult=1)) is fit_closed_form
    assert training_rule(NeuroModNet(1, (20,))) is fit_autograd


@pytest.mark.parametrize(
    "net", [Own(4, width_mult=1), FlyNet(4, width_mult=1, projection="gaussian"), NeuroModNet(4, (20,))]
)
def test_another_network_is_refused_in_one_line(stream, net):
    assert not is_fused(net)
    with pytest.raises(ParameterError, match=r"^the fused loop serves FlyNet .*; use another rule for this \w+$"):
        fit_fused(net, stream, [0], SHORT, data_seed=0)


def test_divergence_is_one_line(stream):
    with pytest.raises(ParameterError, match="training diverged with lr 1e"):
        trained(stream, fit_fused, torch.float32, recipe=Recipe(epochs=2, lr=1e38))


def test_the_compiled_loops_count_in_the_identity_of_a_result(stream, tmp_path):
    assert {"tgsh.training._fused._kernel", "numba"} <= set(code_closure("tgsh.training._fused"))
    net, cache = FlyNet(4, width_mult=1), RunCache(tmp_path)
    assert not any(train_stream(net, stream, SHORT, cache=cache, progress=False).from_cache)
    again = train_stream(FlyNet(4, width_mult=1), stream, SHORT, cache=cache, progress=False)
    assert all(again.from_cache)


def test_what_would_read_or_write_elsewhere_is_refused(few):
    loop = FusedLoop(FlyNet(1, width_mult=1), few.train_images, batch_size=32)
    n = len(few.train_images)
    for rows in (np.arange(33), np.array([0, n]), np.array([-1])):
        with pytest.raises(ParameterError):
            loop.stage(rows)
    g, c, squares = np.ones(1, np.float32), np.ones(784, np.float32), np.zeros(785, np.float32)
    for labels, batch_size in ((np.full(n, 10), 32), (np.full(n, -1), 32), (np.zeros(n, int), 33)):
        with pytest.raises(ParameterError):
            loop.train_epoch(labels, np.arange(n), batch_size, g, c, squares, 0.01)


def test_parts_of_the_images_and_units_add_up_to_the_whole(few):
    net = FlyNet(1, width_mult=1).double()
    loop = FusedLoop(net, few.train_images, batch_size=48)
    mean, readout = loop.stage(np.arange(40)), loop.W2 * float(loop.unit)
    whole = loop.forward(mean, readout)
    assert whole.shape == (10, 48)
    halves = [loop.forward(mean, readout, slice(16, 48), slice(a, b)) for a, b in ((0, 300), (300, 784))]
    np.testing.assert_allclose(sum(halves), whole[:, 16:], rtol=0, atol=1e-12)
    errors = np.random.default_rng(0).normal(size=(10, 48))
    gradient = loop.backward(mean, errors, loop.W2)
    parts = [slice(0, 16), slice(16, 48)]
    found = [loop.backward(mean, errors[:, images], loop.W2, images, slice(300, 784)) for images in parts]
    np.testing.assert_allclose(sum(found), gradient[300:], rtol=1e-10)


def test_parts_that_do_not_exist_are_refused(few):
    loop = FusedLoop(FlyNet(1, width_mult=1), few.train_images, batch_size=48)
    mean = loop.stage(np.arange(40))
    for images in (slice(8, 24), slice(0, 40), slice(0, 48, 2)):
        with pytest.raises(ParameterError, match="images are computed in blocks of 16"):
            loop.forward(mean, loop.W2, images)
    with pytest.raises(ParameterError, match="images are computed in blocks of 16"):
        loop.forward(np.zeros(64, np.float32), loop.W2)
    with pytest.raises(ParameterError, match="weights must be 10 for each unit; got 7830 in all"):
        loop.forward(mean, loop.W2[10:])
    with pytest.raises(ParameterError, match=r"errors must have shape \(10, 48\); got \(10, 47\)"):
        loop.backward(mean, np.zeros((10, 47), np.float32), loop.W2)


def test_a_unit_that_reads_beyond_the_image_is_refused(stream):
    net = FlyNet(4, width_mult=1)
    net.pixels[0, 0] = 784
    with pytest.raises(ParameterError, match="pixels of W1 must be from 0 to 783; got 784"):
        fit_fused(net, stream, [0], SHORT, data_seed=0)
