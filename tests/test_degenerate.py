"""Equal contexts, positions with fractions, numbers of NumPy, other dtypes, and what follows from loaded weights."""

import copy
import io
import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from scipy.cluster.hierarchy import cophenet

from tgsh import FlyNet, NeuroModNet, ParameterError, Recipe, RotationMNIST, ShiftMNIST, TaskStream, train_stream
from tgsh.benchmarks import AnalyticMap, Rotation, SplitMNIST, circular_distance, sample_manifolds
from tgsh.extensions import hash_codes, periodic_covariance, weights_by_method
from tgsh.measures import (
    by_distance,
    circulant_share,
    cluster,
    context_similarity,
    cosine_matrix,
    fourier_coordinates,
    is_outgroup,
    matrix_agreement,
    neighbour_shape,
    similarity_profile,
    tree_agreement,
)
from tgsh.networks import GSHNet
from tgsh.training import GSHRecipe, cross_accuracy, evaluate

# Equal and parallel contexts

ONE = torch.rand(50, generator=torch.Generator().manual_seed(0)) - 0.5
PARALLEL = {"equal": [1, 1, 1, 1, 1, 1, 1], "parallel": [1, 3, 0.1, 7, 1e-3, 5, 2]}
of_parallel = pytest.mark.parametrize("scale", PARALLEL.values(), ids=PARALLEL)


@of_parallel
def test_parallel_contexts_have_cosine_1_and_no_negative_distance(scale):
    for contexts in (torch.tensor(scale)[:, None] * ONE, torch.tensor(scale)[:, None].bfloat16() * ONE.bfloat16()):
        S = context_similarity(contexts)
        assert np.abs(S).max() <= 1
        assert cosine_matrix(contexts).abs().max() <= 1
        heights = cophenet(cluster(S))
        assert (heights >= 0).all()
        assert (heights < 1e-4).all()
    above = np.full((7, 7), 1.0000004)
    assert (cophenet(cluster(above)) == 0).all()
    with pytest.raises(ParameterError, match=r"similarities are cosines, in \[-1, 1\]; got 2"):
        cluster(2 * above / 1.0000004)


@pytest.mark.parametrize("length", [1e-30, 1e-15, 1e15, 1e30])
def test_very_short_and_very_long_contexts_have_the_same_cosines(length):
    contexts = torch.randn(3, 50, generator=torch.Generator().manual_seed(1))
    expected, scale = cosine_matrix(contexts), torch.tensor([[1.0], [length], [length]])
    for found in (cosine_matrix(contexts * scale), torch.from_numpy(context_similarity(contexts * scale))):
        torch.testing.assert_close(found.float(), expected, rtol=0, atol=1e-5)
    assert cosine_matrix(torch.zeros(1, 50), contexts).abs().max() == 0


def test_matrices_of_other_tasks_and_tasks_that_a_tree_lacks_are_refused():
    S = context_similarity(torch.randn(4, 50, generator=torch.Generator().manual_seed(1)))
    for other in (S[:2, :2], S[:3, :3], S[0], S[:, :3]):
        for one, two in ((S, other), (other, S)):
            with pytest.raises(ParameterError, match="two square matrices of the same tasks are needed"):
                matrix_agreement(one, two)
        with pytest.raises(ParameterError, match="two square matrices of the same tasks are needed"):
            similarity_profile(S, other)
    for task in (-1, 4, 1.0):
        with pytest.raises(ParameterError, match="task must be a whole number from 0 to 3"):
            is_outgroup(cluster(S), task)


@of_parallel
def test_what_is_undefined_between_parallel_contexts_is_nan_or_refused(scale):
    contexts = torch.tensor(scale)[:, None] * ONE
    S, d = context_similarity(contexts), circular_distance(range(7), range(7), 7)
    assert np.isnan(similarity_profile(S, d).spearman)
    assert np.isnan(circulant_share(S))
    assert np.isnan(matrix_agreement(S, S).correlation)
    assert np.isnan(tree_agreement([cluster(S), cluster(S)]).cophenetic)
    with pytest.raises(ParameterError, match="equally similar"):
        neighbour_shape(S)
    with pytest.raises(ParameterError, match="do not vary with frequency 1"):
        fourier_coordinates(contexts, contexts, 1)


def test_equal_contexts_predict_themselves_and_have_equal_accuracy(few):
    known = np.arange(7) * 360 / 7
    for weights in weights_by_method(ONE.expand(7, -1), known, [1.0, 77.7], 360).values():
        np.testing.assert_allclose(weights.sum(1), 1, atol=1e-6)
    net, stream = FlyNet(3, width_mult=1), RotationMNIST(few, n_tasks=3)
    for t, scale in enumerate((1.0, 2.0, 4.0)):
        net.set_context(t, scale * torch.ones(784))
    A = cross_accuracy(net, stream)
    assert torch.equal(A[0], A[1])
    assert torch.equal(A[0], A[2])
    assert torch.equal(A.diagonal(), evaluate(net, stream))


# Positions with fractions

POSITIONS = {
    "a full turn in 7": (np.arange(7) * 360 / 7, 360, 3),
    "a full turn in 11, in radians": (np.arange(11) * 2 * np.pi / 11, 2 * np.pi, 5),
    "half degrees": (np.arange(0, 360, 0.5)[:60], 360, 59),
    "tenths, of a short circle": (np.arange(10) * 0.1, 1, 5),
    "whole": (np.arange(36) * 10, 360, 18),
}


@pytest.mark.parametrize("positions", POSITIONS.values(), ids=POSITIONS)
def test_one_distance_is_one_distance(few, positions):
    at, period, n_distances = positions
    stream = TaskStream(few, [Rotation(float(a)) for a in at], at, period)
    d = stream.distances()
    assert len(np.unique(d)) == n_distances + 1  # and 0
    raw = np.abs(np.subtract.outer(at, at)) % period
    raw = np.minimum(raw, period - raw)  # not rounded
    np.testing.assert_allclose(d, raw, atol=1e-9 * period)
    S = np.cos(2 * np.pi / period * raw)
    for distances in (d, raw):
        assert len(similarity_profile(S, distances).distance) == n_distances
        np.testing.assert_allclose(by_distance(S, distances), S, atol=1e-6)
    assert len(set(stream.tick_labels)) == len(at)
    assert len(set(stream.names)) == len(at)


def test_labels_of_positions_show_fractions_and_not_more(few):
    stream = TaskStream(few, [Rotation(a) for a in (0, 0.5, 360 / 7)], [0, 0.5, 360 / 7], 360)
    assert stream.tick_labels == ["0", "0.5", "51.43"]
    assert stream.names == ["0°", "0.5°", "51.4286°"]


def test_kriging_at_a_seventh_of_a_turn_is_exact_at_known_positions_and_refuses_one_twice():
    at = np.arange(7) * 360 / 7
    contexts = torch.stack([torch.from_numpy(np.cos(np.deg2rad(at) - phase)) for phase in np.linspace(0, 6, 40)], 1)
    profile = similarity_profile(context_similarity(contexts), circular_distance(at, at, 360))
    covariance = periodic_covariance(profile, 360)
    np.testing.assert_allclose(covariance(profile.distance), np.cos(np.deg2rad(profile.distance)), atol=0.05)
    for name, weights in weights_by_method(contexts, at, at + 1e-13, 360).items():
        if name != "kriging":  # the least-norm solution, since contexts here have rank 2
            np.testing.assert_allclose(weights, np.eye(7), atol=1e-6, err_msg=name)
        np.testing.assert_allclose(weights @ contexts.numpy(), contexts, atol=0.05, err_msg=name)
    with pytest.raises(ParameterError, match="known must be different positions"):
        weights_by_method(contexts, [*at[:6], 360 - 1e-12], [1.0], 360)


# Numbers of NumPy, another default dtype, coarse networks

NUMPY = {
    "FlyNet": lambda i, f: FlyNet(i(2), i(1), i(0)).context_vectors(),
    "NeuroModNet": lambda i, f: NeuroModNet(i(2), (i(9), i(8)), i(0)).context_vectors(),
    "GSHNet": lambda i, f: GSHNet(i(3), i(2), i(5), i(4), i(0)).B.detach(),
    "recipe": lambda i, f: json.dumps(asdict(Recipe(i(2), i(32), f(0.5)))),
    "GSH recipe": lambda i, f: json.dumps(asdict(GSHRecipe(i(2), i(32), f(0.5), f(0.25)))),
    "map": lambda i, f: json.dumps(AnalyticMap((i(3), i(2)), i(5), (f(0.5), f(1)), i(7), i(0)).settings),
    "rotations": lambda i, f: RotationMNIST(DATA[0], i(3), i(20)).names,
    "shifts": lambda i, f: ShiftMNIST(DATA[0], i(3), i(2)).names,
    "pairs": lambda i, f: SplitMNIST(DATA[0], i(2)).names,
    "subset": lambda i, f: DATA[0].subset(i(20), i(20)).fingerprint(),
    "codes": lambda i, f: torch.from_numpy(hash_codes(ONE[None], i(16), i(0))),
}
DATA = []


@pytest.mark.parametrize("call", NUMPY)
@pytest.mark.parametrize("kinds", [(np.int64, np.float64), (np.int32, np.float32), (np.uint8, np.float16)], ids=str)
def test_numbers_of_numpy_are_numbers(few, call, kinds):
    DATA[:] = [few]
    expected, found = NUMPY[call](int, float), NUMPY[call](*kinds)
    assert torch.equal(found, expected) if isinstance(expected, torch.Tensor) else found == expected


@pytest.fixture
def double_by_default():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


NETWORKS = {
    "sparse": lambda: FlyNet(2, 1),
    "Gaussian": lambda: FlyNet(2, 1, projection="gaussian"),
    "not centred": lambda: FlyNet(2, 1, centred=False),
    "layers": lambda: NeuroModNet(2, (30, 20)),
}
of_networks = pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)


@of_networks
def test_another_default_dtype_changes_no_network_and_no_training(few, make, double_by_default):
    def trained():
        net = make()
        return train_stream(net, RotationMNIST(few, n_tasks=2), Recipe(epochs=1), progress=False).contexts

    found = trained()
    torch.set_default_dtype(torch.float32)
    assert found.dtype == torch.float32
    assert torch.equal(found, trained())


def test_another_default_dtype_changes_no_manifold_and_no_code(double_by_default):
    def drawn():
        sample = sample_manifolds(AnalyticMap((3, 3), 6, (1.0, 1.0)), 4, 5, 0, "seen")
        return sample.x, GSHNet(6, 4).A.detach(), torch.from_numpy(hash_codes(ONE[None], 64))

    found = drawn()
    torch.set_default_dtype(torch.float32)
    assert all(map(torch.equal, found, drawn()))


@pytest.mark.parametrize("make", [lambda: FlyNet(2, 1), lambda: NeuroModNet(2, (300, 200))], ids=["FlyNet", "layers"])
def test_a_network_in_bfloat16_trains_about_as_well(few, make):
    stream, recipe = RotationMNIST(few, n_tasks=2), Recipe(epochs=4, lr=0.02)
    single, coarse = (train_stream(net, stream, recipe, progress=False) for net in (make(), make().bfloat16()))
    assert coarse.contexts.dtype == torch.bfloat16
    assert single.accuracy.min() > 0.5
    torch.testing.assert_close(coarse.accuracy, single.accuracy, rtol=0, atol=0.1)


@pytest.mark.parametrize("stream", [RotationMNIST, SplitMNIST])
def test_layers_train_without_a_rule_being_named(few, stream):
    tasks = stream(few, n_tasks=2)
    assert train_stream(NETWORKS["layers"](), tasks, Recipe(epochs=1), progress=False).accuracy.shape == (2,)


def test_records_and_datasets_compare_by_value(few, tmp_path):
    assert few == replace(few, train_images=few.train_images.clone())
    changed = few.train_images.clone()
    changed[3, 4, 5] += 1
    assert few != replace(few, train_images=changed)
    stream = RotationMNIST(few, n_tasks=2)
    one, again = (train_stream(FlyNet(2, 1), stream, Recipe(epochs=1), progress=False) for _ in range(2))
    assert one.from_cache != again.from_cache
    assert one == again
    assert one != replace(one, contexts=one.contexts + 1)
    assert one != "a record"


# State that follows from other state

CHANGES = {
    "loaded": lambda net, other: net.load_state_dict(other.state_dict()),
    "loaded in part": lambda net, other: net.load_state_dict(
        {k: v for k, v in other.state_dict().items() if "sums" not in k}, strict=False
    ),
    "changed in place": lambda net, other: [
        mine.copy_(theirs)
        for (name, mine), (_, theirs) in zip(net.named_buffers(), other.named_buffers(), strict=True)
        if "sums" not in name
    ],
    "saved and loaded": lambda net, other: net.load_state_dict(saved(other.state_dict())),
    "to bfloat16 and back": lambda net, other: net.bfloat16().float(),
    "to double": lambda net, other: net.double(),
}


def saved(state):
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file)


def plain_features(net, x):
    """Features without anything derived from W1."""
    W1 = net.W1 if isinstance(net, FlyNet) else net.weights[0]
    z = x @ W1.T
    return (z - z.mean(1, keepdim=True) if getattr(net, "centred", False) else z).clamp(min=0)


@of_networks
@pytest.mark.parametrize("change", CHANGES)
def test_features_follow_the_weights(few, make, change):
    net, other = make(), make()
    for name, buffer in other.named_buffers():
        if "sums" not in name:
            buffer.copy_(buffer.flip(0) if buffer.is_floating_point() else (buffer + 1) % 784)
    net.features(net.inputs(few.test_images[:2]))
    CHANGES[change](net, other)
    for one in (net, copy.deepcopy(net)):
        x = one.inputs(few.test_images[:9])
        exact = 1e-10 if x.dtype == torch.float64 else 1e-4
        torch.testing.assert_close(one.features(x), plain_features(one, x), rtol=0, atol=exact)


def test_a_setting_that_weights_do_not_show_is_saved_with_them():
    pairs = [
        (FlyNet(1, 1), FlyNet(1, 1, centred=False), "centred"),
        (GSHNet(3, 2, 5, 4), GSHNet(3, 2, 5, 4, activation="identity"), "activation"),
    ]
    for one, other, setting in pairs:
        one.load_state_dict(saved(one.state_dict()))
        with pytest.raises(ParameterError, match=setting):
            one.load_state_dict(other.state_dict())
