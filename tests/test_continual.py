import re
import warnings

import numpy as np
import pytest
from conftest import ROOT

from tgsh import ParameterError
from tgsh.measures import (
    average_accuracy,
    average_incremental_accuracy,
    backward_transfer,
    forgetting,
    forward_transfer,
)

A = np.array([[0.9, 0.3, 0.1], [0.7, 0.8, 0.4], [0.6, 0.9, 0.7]])


def test_worked_by_hand():
    assert average_accuracy(A) == pytest.approx((0.6 + 0.9 + 0.7) / 3)
    assert forgetting(A) == pytest.approx(((0.9 - 0.6) + (0.8 - 0.9)) / 2)
    assert backward_transfer(A) == pytest.approx(-0.1)
    assert forward_transfer(A, np.array([0.5, 0.1, 0.2])) == pytest.approx(((0.3 - 0.1) + (0.4 - 0.2)) / 2)


def test_first_minus_last_is_not_the_maximum():
    risen_and_fallen = np.array([[0.5, 0, 0], [0.9, 0.5, 0], [0.5, 0.5, 0.5]])
    assert forgetting(risen_and_fallen) == 0.0  # Mammoth's would be 0.2


def mammoth(a):
    """Maximum over all rows less the last row, mean over all tasks but the last."""
    return (a.max(0) - a[-1])[:-1].mean()


def gem(a):
    """First less last, mean over all tasks; the last one changes by zero."""
    return (a.diagonal() - a[-1]).mean()


def test_avalanche_has_the_same_forgetting_and_backward_transfer():
    """Needs ``pip install .[scoreboard]``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what Avalanche imports
        metrics = pytest.importorskip("avalanche.evaluation.metrics", exc_type=ImportError)
    for theirs, ours in ((metrics.Forgetting(), forgetting(A)), (metrics.BWT(), backward_transfer(A))):
        for task in range(3):
            theirs.update(task, A[task, task], initial=True)  # right after it was learned
            theirs.update(task, A[-1, task])
        found = theirs.result()
        assert np.mean([found[task] for task in range(2)]) == pytest.approx(ours)


def test_the_notation_page_has_the_forgetting_of_three_definitions():
    page = " ".join((ROOT / "book" / "notation.md").read_text(encoding="utf-8").split())
    rows, found = re.search(r"the matrix with the rows (.*?) the three give (.*?)\. ", page).groups()
    matrix = np.array([[float(number) for number in re.findall(r"[\d.]+\d", row)] for row in rows.split(")")[:3]])
    np.testing.assert_array_equal(matrix, A)
    expected = [f"{number:.3f}" for number in (forgetting(A), mammoth(A), gem(A))]
    assert re.findall(r"[\d.]+\d", found) == expected


def test_the_mean_over_the_stream_of_the_tasks_learned_so_far():
    assert average_incremental_accuracy(A) == pytest.approx((0.9 + (0.7 + 0.8) / 2 + (0.6 + 0.9 + 0.7) / 3) / 3)


def test_separate_contexts_forget_nothing():
    assert forgetting(np.tile([0.9, 0.8, 0.7], (3, 1))) == 0.0


@pytest.mark.parametrize("bad", [np.ones(3), np.ones((2, 3)), np.ones((0, 0))])
def test_a_matrix_that_is_not_square(bad):
    with pytest.raises(ParameterError, match="an accuracy matrix is square"):
        average_accuracy(bad)


def test_too_little_to_compare():
    with pytest.raises(ParameterError, match="got only one"):
        forgetting(np.ones((1, 1)))
    with pytest.raises(ParameterError, match="one entry for each of 3 tasks"):
        forward_transfer(A, np.ones(2))
