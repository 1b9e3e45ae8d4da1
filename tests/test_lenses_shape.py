"""Holes, heat and curvature of known shapes: circles, a torus, cycles, trees; linear maps of linear systems."""

import sys

import numpy as np
import pytest
import torch

from tgsh import FlyNet, ParameterError, Recipe, ShiftMNIST
from tgsh.benchmarks import SIDE, Rotation, TaskStream, circular_distance
from tgsh.datasets import load
from tgsh.extensions.lenses import (
    angle_error,
    angles_from_distances,
    chord_distances,
    continue_path,
    count_holes,
    covariance_weights,
    distance_error,
    fit_linear_map,
    harmonic_share,
    heat_geodesics,
    laplacian_modes,
    left_out_error,
    matern_covariance,
    move_error,
    nearest_graph,
    ollivier_ricci,
    persistence,
    persistent_holes,
    procrustes_error,
    transport_cost,
    with_shift_orbits,
)
from tgsh.measures import context_similarity
from tgsh.seeding import generator
from tgsh.training import train_stream

T = 36
ANGLES = np.arange(T) * 360 / T


def normal(*shape):
    return torch.randn(*shape, generator=generator(0, "shape", *shape), dtype=torch.float64)


def ring(n=T, frequencies=(1,), H=50):
    """Points at equal steps round a circle, with equal power in each frequency, in H dimensions."""
    angle = 2 * np.pi * np.outer(np.arange(n) / n, frequencies)
    waves = torch.from_numpy(np.hstack([np.cos(angle), np.sin(angle)]))
    return waves @ torch.linalg.qr(normal(H, waves.shape[1]))[0].T


def cycle(n):
    return np.roll(np.eye(n, dtype=bool), 1, 0) | np.roll(np.eye(n, dtype=bool), -1, 0)


def between(points):
    return torch.cdist(points, points).fill_diagonal_(0).numpy()


def spread_on_torus(n=16):
    """A grid on two circles, every second row moved by half a step, so that neighbours are about equally far."""
    i, j = (part.ravel() for part in np.mgrid[:n, :n])
    u, v = 2 * np.pi * i / n, 2 * np.pi * (j + 0.5 * (i % 2)) / n
    return torch.from_numpy(np.stack([np.cos(u), np.sin(u), np.cos(v), np.sin(v)], 1))


# Holes


def test_a_circle_has_one_loop_and_a_point_cloud_none():
    (loops,) = persistent_holes(between(ring()))
    assert len(loops) == count_holes(loops, 1.3) == 1
    # births at the side of the 36-gon; deaths near the side of the inscribed triangle, which is sqrt(3)
    assert loops[0] == pytest.approx([2 * np.sin(np.pi / T), np.sqrt(3)], rel=1e-5)
    (loops,) = persistent_holes(chord_distances(normal(T, 5000)))
    assert len(loops) > 5
    assert count_holes(loops, 1.3) == 0


def test_two_separate_circles_have_two_loops():
    both = torch.cat([ring(), ring() + 10 * torch.eye(50, dtype=torch.float64)[0]])
    assert count_holes(persistent_holes(between(both))[0], 1.3) == 2


def test_a_torus_has_two_loops_and_a_cavity():
    loops, cavities = persistent_holes(between(spread_on_torus()), 2, limit=1.95)
    assert count_holes(loops, 1.6) == 2
    assert count_holes(cavities, 1.6) == 1
    assert persistence(loops)[2:].max() < 1.3


def test_the_ratio_does_not_depend_on_the_scale_and_a_limit_ends_the_search():
    one, other = (persistent_holes(between(ring() * scale))[0] for scale in (1, 7))
    assert persistence(one) == pytest.approx(persistence(other), rel=1e-5)
    (cut,) = persistent_holes(between(ring()), limit=1.0)
    assert cut[0, 1] == 1.0
    assert persistence(np.array([[0.0, 1.0]]))[0] == np.inf


def test_without_ripser_one_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ripser", None)
    with pytest.raises(ParameterError, match=r"persistent homology needs ripser: pip install \.\[lenses\]"):
        persistent_holes(between(ring()))


# The graph, heat and curvature


def test_a_ring_is_joined_to_a_cycle_whose_modes_are_waves():
    graph = nearest_graph(between(ring()))
    assert np.array_equal(graph, cycle(T))
    values, modes = laplacian_modes(graph)
    k = np.arange(T)
    assert values == pytest.approx(np.sort(2 - 2 * np.cos(2 * np.pi * k / T)), abs=1e-12)
    assert harmonic_share(modes, ANGLES, 360, 5) == pytest.approx(1)
    shuffled = ANGLES[torch.randperm(T, generator=generator(0, "shuffle")).numpy()]
    assert harmonic_share(modes, shuffled, 360, 5) < 0.6


def test_heat_measures_the_way_round_a_circle():
    way = circular_distance(ANGLES, ANGLES, 360)
    heat = heat_geodesics(cycle(T))
    straight = between(ring())
    assert distance_error(way * 3, way) == pytest.approx(0, abs=1e-9)
    assert distance_error(heat, way) < 2 < distance_error(straight, way)
    # a link is the unit, on a path so long that the heat cannot come round
    assert heat_geodesics(cycle(200))[0, 20] == pytest.approx(20, rel=0.03)
    with pytest.raises(ParameterError, match="the graph has several parts"):
        heat_geodesics(np.kron(np.eye(2), np.ones((3, 3))) - np.eye(6))


def test_angles_are_read_from_distances():
    assert angle_error(angles_from_distances(between(ring())), ANGLES) == pytest.approx(0, abs=1e-9)
    assert angle_error((77 - ANGLES) % 360, ANGLES) == pytest.approx(0, abs=1e-9)
    one_off = ANGLES.copy()
    one_off[3] += 36
    assert angle_error(one_off, ANGLES) == pytest.approx(1)  # 36 degrees over 36 tasks
    at_random = 360 * torch.rand(T, generator=generator(0, "angles"), dtype=torch.float64).numpy()
    assert angle_error(at_random, ANGLES) > 60


def test_curvature_is_that_of_known_graphs():
    for n in (6, 12):
        edges, curvature = ollivier_ricci(cycle(n))
        assert len(edges) == n
        assert curvature == pytest.approx(0, abs=1e-9)
    n = 7
    assert ollivier_ricci(~np.eye(n, dtype=bool))[1] == pytest.approx((n - 2) / (n - 1))  # all joined to all
    star = np.zeros((8, 8), dtype=bool)  # two hubs with three leaves each: a tree
    star[0, 1:5] = star[4, 5:8] = True
    edges, curvature = ollivier_ricci(star | star.T)
    hubs = (edges == [0, 4]).all(1)
    assert curvature[hubs] == pytest.approx(-2 * (1 - 1 / 4 - 1 / 4))
    assert curvature[~hubs] == pytest.approx(0, abs=1e-9)


def test_a_flat_torus_is_flat():
    n = 7  # a triangular lattice, so that a task has six neighbours
    place = np.arange(n * n)
    row, column = place // n, place % n
    down, across = (np.subtract.outer(part, part) % n for part in (row, column))
    steps = [(0, 1), (0, n - 1), (1, 0), (n - 1, 0), (1, n - 1), (n - 1, 1)]
    graph = np.logical_or.reduce([(down == i) & (across == j) for i, j in steps])
    assert (graph.sum(1) == 6).all()
    assert ollivier_ricci(graph)[1] == pytest.approx(0, abs=1e-9)


def test_an_idle_walk_halves_the_curvature_of_a_triangle_free_graph():
    cube = np.array([[bin(i ^ j).count("1") == 1 for i in range(8)] for j in range(8)])
    assert ollivier_ricci(cube)[1] == pytest.approx(0, abs=1e-9)
    assert ollivier_ricci(cube, 1 / 4)[1] == pytest.approx(0.5)  # 2 / (d + 1) with d = 3 neighbours


def test_transport_moves_the_least():
    assert transport_cost([0.5, 0.5], [0.5, 0.5], [[0, 1], [1, 0]]) == pytest.approx(0, abs=1e-12)
    assert transport_cost([1.0], [0.25, 0.75], [[1, 2]]) == pytest.approx(1.75)


# Linear maps


def test_a_linear_system_has_its_eigenvalues_and_goes_on():
    damped = [0.9 * np.exp(0.3j), 0.9 * np.exp(-0.3j), 0.5]
    cos, sin = 0.9 * np.cos(0.3), 0.9 * np.sin(0.3)
    step = torch.tensor([[cos, -sin, 0], [sin, cos, 0], [0, 0, 0.5]], dtype=torch.float64)
    states = [torch.tensor([1.0, 0.5, 2.0], dtype=torch.float64)]
    for _ in range(11):
        states.append(step @ states[-1])
    path = torch.stack(states) @ torch.linalg.qr(normal(40, 3))[0].T
    fitted = fit_linear_map(path[:6], 3)
    assert np.sort_complex(fitted.eigenvalues) == pytest.approx(np.sort_complex(damped))
    assert torch.allclose(continue_path(fitted, path[5], 6), path[6:])


def test_a_ring_of_few_frequencies_is_continued_from_half_a_turn():
    points = ring(frequencies=(1, 2, 3))
    fitted = fit_linear_map(points[:19], 6)
    assert np.abs(fitted.eigenvalues) == pytest.approx(1)
    assert torch.allclose(continue_path(fitted, points[18], 17), points[19:])


def test_over_a_full_turn_any_points_have_the_roots_of_unity():
    # So eigenvalues on the circle say nothing, if the turn is closed.
    points = normal(T, 500)
    fitted = fit_linear_map(torch.cat([points, points[:1]]))
    assert np.sort(np.angle(fitted.eigenvalues)) == pytest.approx(
        np.sort(np.angle(np.exp(2j * np.pi * np.arange(T) / T)))
    )
    assert np.abs(fitted.eigenvalues) == pytest.approx(1)


# Symmetry


def test_points_are_equivariant_under_the_moves_that_keep_their_similarities():
    similarity = context_similarity(ring(frequencies=(1, 2)))
    assert move_error(similarity, np.roll(np.arange(T), 5)) == pytest.approx(0, abs=1e-6)
    assert move_error(similarity, np.arange(T)[::-1]) == pytest.approx(0, abs=1e-6)
    swapped = np.arange(T)
    swapped[[0, 18]] = 18, 0
    assert move_error(similarity, swapped) > 0.2


def test_the_error_is_that_of_the_best_orthogonal_map():
    a, b = normal(6, 9), normal(9, 6).T
    U, _, Vh = torch.linalg.svd(b.T @ a)
    error = (a - b @ U @ Vh).square().sum() / (a.square().sum() + b.square().sum())
    assert procrustes_error((a @ a.T).numpy(), (b @ b.T).numpy()) == pytest.approx(float(error.sqrt()))
    assert procrustes_error((a @ a.T).numpy(), (a @ a.T).numpy()) == pytest.approx(0, abs=1e-6)


def test_units_in_orbits_make_a_network_equivariant():
    net = with_shift_orbits(FlyNet(2, 2, seed=0))
    x = torch.rand(5, SIDE, SIDE, generator=generator(0, "images"))
    h, shifted = net.features(x.flatten(1)), net.features(x.roll(3, -1).flatten(1))
    assert torch.allclose(shifted, h.unflatten(1, (-1, SIDE)).roll(3, -1).flatten(1), atol=1e-5)
    plain = FlyNet(2, 2, seed=0)
    h, shifted = plain.features(x.flatten(1)), plain.features(x.roll(3, -1).flatten(1))
    assert not torch.allclose(shifted, h.unflatten(1, (-1, SIDE)).roll(3, -1).flatten(1), atol=0.1)


class OneOrder(TaskStream):
    """All tasks see their images in one order."""

    def order_key(self, t):
        return 0


def test_contexts_of_an_equivariant_network_move_with_their_tasks():
    data = load("digits", 200, 50)
    shifts = ShiftMNIST(data, pixels=4).tasks
    net = with_shift_orbits(FlyNet(7, 2, seed=0))
    for t in range(1, 7):
        net.g[t].data.copy_(net.g[0])
        net.c[t].data.copy_(net.c[0])
    record = train_stream(net, OneOrder(data, shifts), Recipe(epochs=1), progress=False)
    moved = record.contexts.unflatten(1, (-1, SIDE))
    for t in range(1, 7):
        assert torch.allclose(moved[0].roll(4 * t, -1), moved[t], atol=1e-3)
    assert move_error(context_similarity(record.contexts), np.roll(np.arange(7), 1)) < 0.01


# Processes on a graph


def test_the_covariance_of_a_cycle_depends_on_the_distance_only():
    K = matern_covariance(cycle(T), 3.0)
    assert np.diag(K) == pytest.approx(1)
    assert K[0] == pytest.approx(np.roll(K[5], -5))
    assert (np.diff(K[0, :19]) < 0).all()
    # nu = 1: the inverse of 2 / length^2 + L, up to a factor
    inverse = np.linalg.inv(2 / 9 * np.eye(T) + np.diag(np.full(T, 2.0)) - cycle(T))
    assert matern_covariance(cycle(T), 3.0, 1.0) == pytest.approx(inverse / inverse[0, 0])


def test_weights_give_back_what_is_known_and_follow_the_graph():
    K, known = matern_covariance(cycle(T), 6.0), list(range(0, T, 2))
    assert covariance_weights(K, known, known, 0.0) == pytest.approx(np.eye(18), abs=1e-8)
    points = ring()
    made = torch.from_numpy(covariance_weights(K, known, [5], 0.0)) @ points[known]
    assert torch.nn.functional.cosine_similarity(made, points[5:6]).item() > 0.99
    order = torch.randperm(T, generator=generator(0, "renamed")).numpy()
    renamed = K[np.ix_(order, order)]
    assert left_out_error(K, points[known], known, 0.01) < 0.1 < left_out_error(renamed, points[known], known, 0.01)


# Wrong arguments


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: persistent_holes(np.ones((3, 3))), "distances must be a symmetric matrix"),
        (lambda: persistent_holes(between(ring()), 0), "max_dimension must be"),
        (lambda: persistent_holes(between(ring()), 1, -1.0), "limit must be a number above 0"),
        (lambda: count_holes(np.ones((1, 2)), 1.0), "ratio must be above 1; got 1"),
        (lambda: nearest_graph(between(ring()), T), "n_neighbours must be a whole number from 1 to 35"),
        (lambda: heat_geodesics(cycle(T), 0), "time must be a number above 0"),
        (lambda: angles_from_distances(np.zeros((2, 2))), "at least three tasks; got 2"),
        (lambda: angle_error(ANGLES[:3], ANGLES), "there are 36 known angles but 3 others"),
        (lambda: distance_error(np.zeros((3, 3)), np.ones((3, 3)) - np.eye(3)), "all distances are 0"),
        (lambda: harmonic_share(np.eye(T), ANGLES[:3], 360, 1), "there are 36 tasks but 3 positions"),
        (lambda: ollivier_ricci(np.eye(3, dtype=bool)), "no task is joined to itself"),
        (lambda: ollivier_ricci(cycle(6), 1.0), "idleness must be at least 0 and below 1"),
        (lambda: transport_cost([1.0], [0.5], [[1]]), "must have one sum"),
        (lambda: fit_linear_map(ring()[:1]), "points of a path must be"),
        (lambda: fit_linear_map(ring()[:19], 5), "fewer than 5 independent directions"),
        (lambda: continue_path(fit_linear_map(ring()[:19], 2), torch.ones(3), 2), "start has shape"),
        (lambda: move_error(np.eye(3), [0, 0, 1]), "each number from 0 to 2 once"),
        (lambda: procrustes_error(np.eye(3), np.eye(4)), "similarities have shapes"),
        (lambda: procrustes_error(-np.eye(3), np.eye(3)), "no negative eigenvalue"),
        (lambda: with_shift_orbits(FlyNet(1, 1, projection="gaussian")), "only where W1 is sparse"),
        (lambda: matern_covariance(cycle(T), 0.0), "length must be a number above 0"),
        (lambda: covariance_weights(np.eye(3), [0], [3], 0.0), "the number of a task must be"),
        (lambda: covariance_weights(np.eye(3), [0], [1], -1.0), "nugget must be"),
        (lambda: chord_distances(torch.tensor([[np.nan, 1.0]])), "must be finite"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(call, message):
    with pytest.raises(ParameterError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


def test_rotations_are_no_permutation_of_pixels_but_quarter_turns_are():
    # why quarter turns are a symmetry of the network in law, and other rotations are not
    pixels = torch.arange(SIDE * SIDE, dtype=torch.int32).reshape(1, SIDE, SIDE)
    kept = [Rotation(angle)(pixels.to(torch.int64)).unique().numel() for angle in (90, 180, 10)]
    assert kept[:2] == [784, 784]
    assert kept[2] < 750
