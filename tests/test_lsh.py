import math

import numpy as np
import pytest
import torch

from tgsh import FlyNet, ParameterError, RotationMNIST
from tgsh.datasets import normalise
from tgsh.extensions import (
    bucket,
    code_distance,
    codes_under_each,
    hash_codes,
    majority_codes,
    retrieve,
    stream_features,
)


def test_a_shorter_code_is_the_beginning_of_a_longer_one():
    points = torch.randn(20, 12, generator=torch.Generator().manual_seed(0))
    long = hash_codes(points, 64)
    assert long.shape == (20, 8)
    assert np.array_equal(hash_codes(points, 24), long[:, :3])
    assert not np.array_equal(hash_codes(points, 64, seed=1), long)


def test_bits_agree_in_proportion_to_the_angle():
    for degrees in (30, 90, 150):
        angle = math.radians(degrees)
        points = torch.tensor([[1.0, 0.0], [math.cos(angle), math.sin(angle)]])
        bits = np.unpackbits(hash_codes(points, 8000), axis=1)
        assert (bits[0] == bits[1]).mean() == pytest.approx(1 - degrees / 180, abs=0.02)


def test_length_does_not_matter_and_opposites_share_no_bit():
    x = torch.randn(5, 9, generator=torch.Generator().manual_seed(1))
    codes = hash_codes(torch.cat([x, 7 * x, -x]), 32)
    assert np.array_equal(codes[:5], codes[5:10])
    assert np.array_equal(codes[:5], ~codes[10:])


def planted(n_groups=4, each=6):
    """Four groups of identical codes, pairwise 16 or 32 bits apart: a hash that knows its groups."""
    centres = np.array([[0, 0, 0, 0], [255, 255, 0, 0], [0, 0, 255, 255], [255, 255, 255, 255]], dtype=np.uint8)
    return np.repeat(centres[:n_groups], each, axis=0), torch.arange(n_groups).repeat_interleave(each)


def test_a_planted_hash_is_found_exactly():
    codes, group = planted()
    found = retrieve(codes, codes, group, group)
    assert found.chance == 0.25
    assert found.precision[:16].tolist() == [1.0] * 16
    assert found.recall.tolist() == [1.0] * 33
    assert found.precision[16] == pytest.approx(1 / 3)  # each has one group opposite and two at 16 bits
    assert found.precision[32] == 0.25
    assert found.average_precision == 1.0
    assert found.best() == (1.0, 1.0)


def test_precision_and_recall_worked_by_hand():
    items = np.array([[0b0], [0b1], [0b11], [0b111]], dtype=np.uint8)
    found = retrieve(np.array([[0]], dtype=np.uint8), items, torch.tensor([7]), torch.tensor([7, 3, 7, 3]))
    assert found.precision[:4] == pytest.approx([1, 1 / 2, 2 / 3, 1 / 2])
    assert found.recall[:4] == pytest.approx([1 / 2, 1 / 2, 1, 1])
    assert found.average_precision == pytest.approx(1 / 2 + 1 / 2 * 2 / 3)


def test_pooled_and_mean_precision_differ_where_queries_have_other_radii():
    # Items of another group lie nearer to the first query than its own lie to the second.
    items = np.array([[0b0], [0b1], [0b11110000], [0b11111111]], dtype=np.uint8)
    queries, group = np.array([[0b0], [0b11111000]], dtype=np.uint8), torch.tensor([0, 1])
    items_of = torch.tensor([0, 1, 1, 1])
    found = retrieve(queries, items, group, items_of)
    # Query 0: distances 0* 1 4 8. Query 1: distances 5 6* 1* 3* (* of its group): precision 1, 1, 3/4 at its hits.
    assert found.mean_average_precision == pytest.approx((1 + (1 + 1 + 3 / 4) / 3) / 2)
    # Pooled, by distance: 0* 1* 1 3* 4 5 6* 8; the two at distance 1 share a radius.
    assert found.average_precision == pytest.approx((1 + 2 / 3 + 3 / 4 + 4 / 7) / 4)
    one = retrieve(queries[1:], items, group[1:], items_of)
    assert one.mean_average_precision == pytest.approx(one.average_precision)


def test_a_query_without_items_of_its_group_is_left_out_of_the_mean():
    codes, group = planted()
    known = group != 3
    found = retrieve(codes, codes[known], group, group[known])
    assert found.mean_average_precision == 1.0


def test_a_code_that_says_nothing_finds_at_chance():
    group = torch.arange(4).repeat(5)
    found = retrieve(np.zeros((20, 2), np.uint8), np.zeros((20, 2), np.uint8), group, group)
    assert found.precision[0] == found.chance == found.average_precision == 0.25


def test_nothing_found_is_no_mistake():
    found = retrieve(np.zeros((1, 1), np.uint8), np.full((1, 1), 255, np.uint8), torch.tensor([0]), torch.tensor([0]))
    assert found.precision.tolist() == [1.0] * 9
    assert found.recall.tolist() == [0.0] * 8 + [1.0]


def test_buckets_are_the_nearest_centres_and_ties_go_to_the_first():
    codes, group = planted()
    centres = majority_codes(codes, group)
    assert centres.tolist() == codes[::6].tolist()
    noisy = codes.copy()
    noisy[:, 0] ^= 0b00000111
    assert bucket(noisy, centres).tolist() == group.tolist()
    halfway = np.array([[255, 0, 0, 0]], dtype=np.uint8)  # 8 bits from the first, 8 from the second
    assert bucket(halfway, centres).tolist() == [0]
    assert bucket(halfway, centres[::-1]).tolist() == [2]


def test_bad_arguments_are_one_line():
    with pytest.raises(ParameterError, match="n_bits must be a multiple of 8; got 12"):
        hash_codes(torch.ones(2, 3), 12)
    codes, group = planted()
    with pytest.raises(ParameterError, match="codes differ in length: 32 and 16 bits"):
        retrieve(codes, codes[:, :2], group, group)
    with pytest.raises(ParameterError, match="no item belongs"):
        retrieve(codes, codes, group, group + 10)


def test_features_of_every_image_of_every_task(few):
    stream, net = RotationMNIST(few, n_tasks=2, step=90), FlyNet(2, width_mult=1)
    for part, n in (("train", 300), ("test", 150)):
        x, h, task, label = stream_features(net, stream, part)
        assert task.tolist() == [0] * n + [1] * n
        assert torch.equal(x[n:], normalise(stream.images(1, part)[0]))
        assert torch.equal(h, net.features(x))
        assert torch.equal(label[:n], label[n:])
    with pytest.raises(ParameterError, match="part must be one of train, test; got 'all'"):
        stream_features(net, stream, "all")


def test_codes_under_each_context_are_codes_of_its_representation():
    source = torch.Generator().manual_seed(2)
    h, contexts = torch.rand(6, 30, generator=source), torch.randn(3, 30, generator=source)
    codes = codes_under_each(h, contexts, 40, seed=5)
    assert codes.shape == (6, 3, 5)
    assert np.array_equal(codes[:, 1], hash_codes(contexts[1] * h, 40, seed=5))


def test_distance_counts_bits():
    one, other = np.array([[0b1010, 0]], np.uint8), np.array([[0b0110, 1], [0b1010, 0]], np.uint8)
    assert code_distance(one, other).tolist() == [3, 0]
