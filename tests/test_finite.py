"""NaN and infinity: whatever sorts, compares or counts numbers refuses them in a line that says how many."""

from functools import partial

import numpy as np
import pytest
import torch

from tgsh import FlyNet, ParameterError, RotationMNIST
from tgsh import measures as M
from tgsh import theory as T
from tgsh.benchmarks import ManifoldSample, circular_distance
from tgsh.errors import check_finite, finite_arguments
from tgsh.extensions import (
    combine_contexts,
    energy_score,
    entropy_score,
    fit_task_memory,
    fourier_weights,
    hash_codes,
    infer_tasks,
    information_score,
    neighbour_weights,
    weights_by_method,
)
from tgsh.extensions import lenses as L
from tgsh.inversion import (
    blur,
    canonical_units,
    develop,
    forward_cosine,
    invert_active,
    map_reconstruct,
    reconstruct,
    reconstruction_quality,
)
from tgsh.training import accuracy_on, solve_context, templates

SOURCE = torch.Generator().manual_seed(0)
NET = FlyNet(4, width_mult=1)


def points(*shape):
    return torch.rand(*shape, generator=SOURCE)


def symmetric(n=5):
    x = points(n, n).numpy()
    return np.clip((x + x.T) / 2 + np.eye(n), 0, 1)


TASK, LABEL = torch.arange(16) // 8, torch.arange(16) // 4 % 2
FOUR, DIGITS = torch.arange(4), torch.arange(20) % 10
SQUARES = L.squared_distances(points(12, 5))
BASIS = torch.linalg.qr(points(784, 6))[0]
ANGLES = np.array([0.0, 90.0, 180.0, 270.0])
DISTANCES = circular_distance([0, 90], [0, 90], 360)
# Name -> a function, and the argument in which a number is planted
MEASURES = {
    "separability": (lambda x: M.separability(x, points(9)), points(9)),
    "separability, other side": (lambda x: M.separability(points(9), x), points(9)),
    "overlap": (lambda x: M.overlap(x, points(9)), points(9)),
    "cosines": (M.cosine_matrix, points(4, 3)),
    "cosines with others": (lambda x: M.cosine_matrix(points(4, 3), x), points(4, 3)),
    "similarity of contexts": (M.context_similarity, points(4, 3)),
    "intra and inter": (lambda x: M.intra_inter_similarity(x, TASK, LABEL), points(16, 5)),
    "pairs of two tasks": (lambda x: M.pairs_of_two_tasks(x, TASK, LABEL, 0, 1), points(16, 16)),
    "Definition 1": (lambda x: M.tgsh_test(x, TASK, LABEL, n_resamples=5), points(16, 5)),
    "by distance of tasks": (lambda x: M.separability_by_distance(x, TASK, LABEL, DISTANCES), points(16, 5)),
    "mean similarity": (lambda x: M.mean_similarity(x, TASK, LABEL), points(16, 5)),
    "profile": (lambda x: M.similarity_profile(x, 1 - symmetric()), symmetric()),
    "profile, distances": (lambda x: M.similarity_profile(symmetric(), x), symmetric()),
    "mean by distance": (lambda x: M.by_distance(x, symmetric()), symmetric()),
    "agreement of matrices": (lambda x: M.matrix_agreement(x, symmetric()), symmetric()),
    "clusters": (M.cluster, symmetric()),
    "trees": (lambda x: M.tree_agreement([M.cluster(symmetric()), x]), M.cluster(symmetric())),
    "circulant part": (M.circulant_part, symmetric()),
    "circulant share": (M.circulant_share, symmetric()),
    "Fourier power": (M.fourier_power, symmetric()),
    "Fourier coordinates": (lambda x: M.fourier_coordinates(x, points(5, 8), 1), points(5, 8)),
    "between runs": (lambda x: M.between_runs(x, points(4, 3)), points(4, 3)),
    "dimension": (M.linear_dimension, symmetric()),
    "neighbours": (M.neighbour_shape, symmetric()),
    "average accuracy": (M.average_accuracy, symmetric()),
    "forgetting": (M.forgetting, symmetric()),
    "backward transfer": (M.backward_transfer, symmetric()),
    "forward transfer": (lambda x: M.forward_transfer(symmetric(), x), points(5).numpy()),
    "unit pixels": (M.unit_pixels, points(2, 28, 28)),
    "variance shares": (lambda x: M.variance_shares(x, TASK, LABEL), points(16, 5)),
    "distances of tasks": (M.distances_between_tasks, points(2, 3, 5)),
    "power law": (lambda x: M.log_log_slope(x, 1 + points(4).numpy()), 1 + points(4).numpy()),
    "pair distances": (M.pair_distances, points(3, 4, 5)),
    "distance by identifier": (
        lambda x: M.distance_by_identifier(x, points(3, 2), np.array([0.0, 2.0])),
        points(3, 4, 5),
    ),
    "linear recovery": (lambda x: M.linear_recovery(x, points(4, 2), points(4, 3, 5), points(4, 2)), points(4, 3, 5)),
    "one shot": (lambda x: M.one_shot_accuracy(x, 2, 3), points(3, 4, 5)),
    "rank": (M.effective_rank, points(3, 4, 5)),
    "odd and even": (lambda x: M.odd_even_logits(NET, points(2, 28, 28), x), points(784)),
    "manifolds": (lambda x: ManifoldSample(x, points(3, 2)), points(3, 4, 5)),
    "positions": (lambda x: circular_distance(x, ANGLES, 360), ANGLES),
    "hash codes": (lambda x: hash_codes(x, 8), points(4, 5)),
    "entropy": (entropy_score, points(2, 4, 3)),
    "energy": (energy_score, points(2, 4, 3)),
    "information": (information_score, points(2, 4, 3, 5)),
    "inferred tasks": (lambda x: infer_tasks([points(4, 2), x], 2), points(4, 2)),
    "neighbour weights": (lambda x: neighbour_weights(ANGLES, x, 360), ANGLES),
    "Fourier weights": (lambda x: fourier_weights(ANGLES, x, 360), ANGLES),
    "weights by method": (lambda x: weights_by_method(x, ANGLES, [45.0], 360), points(4, 30)),
    "combined contexts": (lambda x: combine_contexts(points(4, 3), x), symmetric(4)),
    "blurred": (blur, points(2, 784)),
    "developed": (develop, points(2, 784)),
    "units of classes": (lambda x: canonical_units(NET, x), points(2, 784)),
    "Eq. 3": (lambda x: reconstruct(NET, x), points(2, 784)),
    "active units": (lambda x: invert_active(NET, x), points(1, 784)),
    "most probable pictures": (lambda x: map_reconstruct([NET], [x], steps=1), points(1, 784)),
    "implied contexts": (lambda x: forward_cosine(NET, x, points(1, 10, 784)), points(1, 784)),
    "quality": (lambda x: reconstruction_quality(x, points(2, 10, 784)), points(2, 10, 784)),
    "templates": (lambda x: templates(x, FOUR, 4), points(4, 5)),
    "optimum": (lambda x: solve_context(x, FOUR % 2, points(2, 5), max_iterations=1), points(4, 5)),
    "set context": (lambda x: NET.set_context(0, x), points(784)),
    "dual weights": (lambda x: T.dual_weights(x, DIGITS.numpy(), 0.1), points(20, 10).numpy()),
    "representer": (lambda x: T.context_from_weights(x, NET.W2, points(20, 10).double().numpy()), points(20, 784)),
    "law of signs": (T.sign_cosine, symmetric()),
    "spectrum": (T.angular_spectrum, symmetric()),
    "kernel": (T.gaussian_kernel, points(4, 784).numpy()),
    "mean over a group": (lambda x: T.group_average(x, 1), symmetric()),
    "bandwidth": (L.bandwidth, SQUARES),
    "diffusion entropy": (lambda x: L.diffusion_entropy(x, 1.0), SQUARES),
    "diffusion information": (lambda x: L.diffusion_information(x, torch.arange(12) % 3, 1.0), SQUARES),
    "squared distances": (L.squared_distances, points(4, 5)),
    "components": (L.components_for, np.array([0.5, 0.3, 0.2])),
    "path": (L.path_shares, points(8, 20)),
    "walk": (lambda x: L.walk_like(x, 0), points(8, 20)),
    "share within": (lambda x: L.share_within(x, BASIS), points(4, 784)),
    "path within": (lambda x: L.path_within(x, BASIS), points(4, 784)),
    "RankMe": (L.rank_me, points(8, 20)),
    "decay": (L.spectral_decay, points(40, 30)),
    "outliers": (L.outliers, np.array([9.0, 8.0, 1.0, 0.9])),
    "predicted outliers": (lambda x: L.predicted_outliers(NET.W2, x), points(784)),
    "Hessian": (lambda x: L.leading_eigenvalues(x, NET.W2, points(784), 3), points(20, 784)),
    "basis": (L.basis_of, points(4, 784)),
    "features in a span": (lambda x: L.span_features(x, NET.W2, BASIS), points(4, 784)),
    "cross entropy in a span": (lambda x: L.cross_entropy_in_span(x, DIGITS[:4]), points(4, 10, 6)),
    "capacity": (lambda x: L.manifold_capacity([x], 20), points(4, 5)),
    "counted capacity": (lambda x: L.counted_capacity([x, x + 1], 2), points(4, 5)),
    "coding rate": (L.coding_rate, points(4, 5)),
    "gain of rate": (lambda x: L.rate_gain(x, [FOUR % 2]), points(4, 5)),
    "alignment": (lambda x: L.cka(x, points(4, 5)), points(4, 5)),
    "leading directions": (lambda x: L.leading_directions(x, 2), points(4, 5)),
    "shared directions": (lambda x: L.shared_directions(x, points(4, 5)), points(4, 5)),
    "graph of tasks": (L.graph_distances, circular_distance([0, 1, 2, 3], [0, 1, 2, 3], 360)),
    "distance from a manifold": (lambda x: L.manifold_distances(x, [points(4, 5)]), points(4, 5)),
    "radius": (lambda x: L.empirical_radius(x, [1, 4]), points(4, 5)),
    "dimension reached": (lambda x: L.dimension_reached([1, 2, 3], x, 0.5), np.array([0.1, 0.6, 0.9])),
}


@pytest.mark.parametrize("value", [float("nan"), float("inf")], ids=str)
@pytest.mark.parametrize("measure", MEASURES)
def test_a_measure_refuses_numbers_that_are_none(measure, value):
    function, argument = MEASURES[measure]
    function(argument)  # as it is, it is measured
    planted = argument.clone() if isinstance(argument, torch.Tensor) else argument.copy()
    planted.reshape(-1)[1] = value
    with pytest.raises(ParameterError, match=r"must be finite; 1 of .* numbers? (is|are) NaN or infinite") as caught:
        function(planted)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")], ids=str)
def test_contexts_that_are_none_are_not_evaluated(few, value):
    stream, contexts = RotationMNIST(few, n_tasks=4), NET.context_vectors()
    contexts[2, 5] = value
    for function in (
        partial(accuracy_on, NET, stream, 0),
        lambda m: fit_task_memory(NET, stream, m),
        lambda m: M.sample_representations(NET, stream, 1, contexts=m),
        lambda m: M.sample_by_position(NET, stream, 1, contexts=m),
    ):
        with pytest.raises(ParameterError, match="contexts must be finite; 1 of 3,136 numbers"):
            function(contexts)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_every_precision_is_checked(dtype):
    x = torch.ones(7, dtype=dtype)
    check_finite("x", x)
    x[3] = float("-inf")
    with pytest.raises(ParameterError, match="x must be finite; 1 of 7 numbers"):
        check_finite("x", x)
    with pytest.raises(ParameterError, match="x must be finite; 1 of 7 numbers"):
        check_finite("x", [torch.ones(2), (x,)])


def test_arguments_are_checked_by_name_and_the_rest_is_left_alone():
    @finite_arguments
    def add(one, *, other=0.0):
        """Add."""
        return one + other

    assert add(2) == 2
    assert add(np.zeros(0)).shape == (0,)
    assert add.__doc__ == "Add."
    with pytest.raises(ParameterError, match="other must be finite"):
        add(1, other=np.array([np.nan]))


# Labels of points

LABELLED = {
    "mean similarity": M.mean_similarity,
    "variance shares": M.variance_shares,
    "by distance of tasks": lambda x, t, y: M.separability_by_distance(
        x, t, y, circular_distance(range(20), range(20), 20)
    ),
    "Definition 1": lambda x, t, y: M.tgsh_test(x, t, y, n_resamples=5),
}


@pytest.mark.parametrize("measure", LABELLED)
def test_points_may_be_labelled_in_bytes(measure):
    x = points(20 * 15 * 2, 6)  # task times class exceeds 255
    task, label = torch.arange(20).repeat_interleave(30), torch.arange(15).repeat(40)
    expected = LABELLED[measure](x, task, label)
    found = LABELLED[measure](x, task.to(torch.uint8), label.to(torch.uint8))
    if isinstance(expected, np.ndarray):
        np.testing.assert_array_equal(found, expected)
    else:
        assert found == expected


@pytest.mark.parametrize("measure", ["mean similarity", "variance shares", "by distance of tasks"])
@pytest.mark.parametrize(
    ("label", "message"),
    [
        (torch.arange(600) % 15 - 1, "label must be 0 or more; got -1 to 13"),
        (torch.arange(599) % 15, "label must be 600, one for each image or point; got 599"),
        (torch.arange(600) / 40, "label must be a row of whole numbers"),
    ],
)
def test_labels_of_points_that_are_none_are_refused(measure, label, message):
    with pytest.raises(ParameterError, match=message):
        LABELLED[measure](points(600, 6), torch.arange(20).repeat_interleave(30), label)


def test_a_mean_over_classes_needs_every_class():
    with pytest.raises(ParameterError, match="as many points of each"):
        M.mean_similarity(points(16, 5), TASK, LABEL.where(TASK == 0, 1))
    with pytest.raises(ParameterError, match=r"each of 16 points has a task and a label; got 16 and 15"):
        M.tgsh_test(points(16, 5), TASK, LABEL[:15])


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -float("inf")])
def test_transposed_view_is_checked_too(wrong):
    features = torch.ones(5, 3).T
    check_finite("h", features)
    features[2, 4] = wrong
    with pytest.raises(ParameterError, match="h must be finite; 1 of 15"):
        check_finite("h", features)
