"""Pairs of two tasks, and the overlap of their similarities."""

import pytest
import torch

from tgsh import ParameterError
from tgsh.hashing import intra_inter_similarity
from tgsh.overlap import cosines, overlap, pairs_of_two_tasks

TASK = torch.arange(3).repeat_interleave(6)
LABEL = torch.arange(2).repeat_interleave(3).repeat(3)
POINTS = torch.randn(18, 5, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("a", "b"), [(0, 1), (2, 0)])
def test_two_tasks_are_what_fig_2a_gives_for_a_stream_of_two(a, b):
    chosen = (a == TASK) | (b == TASK)
    expected = intra_inter_similarity(POINTS[chosen], TASK[chosen], LABEL[chosen])
    found = pairs_of_two_tasks(cosines(POINTS), TASK, LABEL, a, b)
    for ours, theirs in zip(found, expected, strict=True):
        assert torch.allclose(ours.sort().values, theirs.sort().values, atol=1e-6)


def test_a_task_with_itself_has_pairs_of_one_label_instead():
    intra, inter = pairs_of_two_tasks(cosines(POINTS), TASK, LABEL, 1, 1)
    assert len(intra) == 3 * 3
    assert len(inter) == 2 * 3  # two labels, three pairs of three points each
    assert inter.max() < 1 - 1e-4  # no point is paired with itself


def test_a_task_without_points_is_named():
    with pytest.raises(ParameterError, match="got 6 of 0 and 0 of 7"):
        pairs_of_two_tasks(cosines(POINTS), TASK, LABEL, 0, 7)


def test_overlap_of_known_distributions():
    x = torch.linspace(0, 1, 1001)
    assert overlap(x + 2, x) == 0
    assert overlap(x, x) == 1
    assert overlap(x + 0.25, x) == pytest.approx(0.75, abs=0.01)
    assert overlap(x, x + 0.25) == overlap(x + 0.25, x)
