"""Verdicts: one table of rules, which the notation page prints, and one function that applies them."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tgsh.errors import ParameterError, check_choice
from tgsh.runs._estimate import Estimate

_RELATIONS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}


@dataclass(frozen=True)
class Rule:
    """Condition under which a statement holds: ``quantity relation threshold``, in every network that was measured.

    Attributes:
        chapter: the chapter that applies it.
        quantity: the quantity, in words.
        relation: its relation to the threshold. Of an `Estimate`, the unfavourable end of the interval is compared.
        threshold: the number that it is compared with.
    """

    chapter: str
    quantity: str
    relation: Literal[">", ">=", "<", "<="]
    threshold: float


RULES: dict[str, Rule] = {
    # t-gsh
    "half_a": Rule("t-gsh", "share of the pairs within a task that are close", ">", 0.5),
    "half_b": Rule("t-gsh", "share of the pairs between tasks that are not close", ">", 0.5),
    "intra_over_inter": Rule("t-gsh", "AUC of intra pairs over inter pairs", ">", 0.5),
    "angle_falls": Rule("t-gsh", "mean angle after training minus that before", "<", 0),
    "angle_rises": Rule("t-gsh", "mean angle after training minus that before", ">", 0),
    "position_flatters": Rule("t-gsh", "AUC by position in the mini-batch minus AUC by label", ">", 0),
    "neuromodnet_below": Rule("t-gsh", "mean accuracy of NeuroModNet minus that of FlyNet", "<", 0),
    "neighbours_alike": Rule(
        "t-gsh",
        "similarity of the contexts of neighbours minus that of tasks half the largest distance apart",
        ">",
        0.2,
    ),
    # why-geometry-repeats
    "convex": Rule("why-geometry-repeats", "smallest second difference of the loss along a line", ">", -1e-4),
    "reaches_optimum": Rule(
        "why-geometry-repeats", "best mean cosine to an optimum, less mean cosine between two runs", ">=", 0
    ),
    "optimum_geometry": Rule(
        "why-geometry-repeats", "correlation of the similarities of optima with those of trained contexts", ">", 0.9
    ),
    "templates": Rule(
        "why-geometry-repeats", "correlation of the similarities of templates with those of trained contexts", ">", 0.9
    ),
    "other_weights": Rule(
        "why-geometry-repeats", "lowest correlation between networks, less the highest under permuted tasks", ">", 0
    ),
    "gain_adds_nothing": Rule(
        "why-geometry-repeats", "difference in mean accuracy between g fixed at 1 and g learned", "<", 0.02
    ),
    "circulant": Rule("why-geometry-repeats", "share of the variance that the angle explains", ">", 0.9),
    "closed_ring": Rule(
        "why-geometry-repeats", "1 where the nearest neighbours form one closed chain, else 0", ">=", 1
    ),
    "not_flat": Rule("why-geometry-repeats", "number of directions that the contexts fill", ">", 3),
    # augment-mnist
    "t7_negative": Rule("augment-mnist", "largest similarity of T7 to another task", "<", 0),
    "t7_closer": Rule("augment-mnist", "similarity of T7 to T1, less its similarity to T2", ">", 0),
    "t7_rises": Rule("augment-mnist", "similarity of T7 to T1 after most epochs, less that after one epoch", ">", 0),
    # gsh (means over the seeds, where no other is named)
    "within_shrinks": Rule(
        "gsh", "distance within over between manifolds, trained r, divided by that of the best control", "<", 0.8
    ),
    "unseen_alike": Rule("gsh", "distance within over between manifolds, unseen less seen manifolds", "<", 0.1),
    "gamma_read": Rule("gsh", "R² of gamma from the trained r, on unseen manifolds", ">", 0.5),
    "gamma_gained": Rule("gsh", "R² of gamma from the trained r, less that from the best control", ">", 0),
    "one_shot_gained": Rule("gsh", "one-shot accuracy, trained r, divided by that of the best control", ">", 1.2),
    "decay_helps": Rule("gsh", "one-shot accuracy with the best weight decay, less that with none", ">", 0.02),
    "decay_harms": Rule(
        "gsh", "lowest one-shot accuracy with no weight decay, less the highest with strong weight decay", ">", 0
    ),
    "relu_adds": Rule(
        "gsh", "lowest one-shot accuracy of networks with a ReLU, less the highest of linear networks", ">", 0
    ),
    # task-manifolds (means over the draws of images)
    "task_dominates": Rule("task-manifolds", "share of the variance between tasks", ">", 0.5),
    "tasks_apart": Rule(
        "task-manifolds", "largest mean distance between tasks, divided by that within a task, less 1", ">=", 1
    ),
    "tasks_partly_apart": Rule(
        "task-manifolds", "largest mean distance between tasks, divided by that within a task, less 1", ">=", 0.2
    ),
    "orbit_smooth": Rule("task-manifolds", "exponent of the distance moved, over a small rotation", ">", 0.9),
    "angle_linear": Rule("task-manifolds", "R² of the angle from the random layer, on tasks not fitted", ">=", 0.8),
    "angle_partly_linear": Rule(
        "task-manifolds", "R² of the angle from the random layer, on tasks not fitted", ">=", 0.3
    ),
    # reconstruction
    "relu_undone": Rule(
        "reconstruction", "largest relative error of a test image recovered from its active units", "<", 0.001
    ),
    "angle_read": Rule("reconstruction", "median error of the angle, divided by that of a guess", "<", 0.5),
    # is-it-learned
    "trained_separate": Rule("is-it-learned", "AUC with trained contexts", ">", 0.5),
    "untrained_separate": Rule("is-it-learned", "AUC with untrained contexts, less that with trained ones", ">=", 0),
    "permuted_separate": Rule("is-it-learned", "AUC with permuted contexts, less that with trained ones", ">", -0.02),
    "shared_below": Rule("is-it-learned", "AUC with one context for all tasks, less that with trained ones", "<", -0.1),
    "negated_fails": Rule("is-it-learned", "test accuracy with negated contexts", "<", 0.1),
    "well_separated": Rule(
        "is-it-learned", "AUC of intra pairs over the inter pairs of tasks at one distance", ">", 0.9
    ),
    "order_learned": Rule(
        "is-it-learned",
        "rank correlation of similarity with distance, in size, trained less permuted contexts",
        ">",
        0.2,
    ),
    # shift-mnist
    "coarser_sample": Rule(
        "shift-mnist",
        "lowest correlation of the 1 px with the 2 px matrix, less the 99th percentile under permuted tasks",
        ">",
        0,
    ),
    "same_as_repeated": Rule(
        "shift-mnist", "mean difference of matrices of two streams, divided by that within one stream", "<", 1.25
    ),
    # unseen-tasks (means over the networks)
    "within_half_a_point": Rule(
        "unseen-tasks", "accuracy of contexts predicted by kriging, less that of trained ones", ">=", -0.005
    ),
    "better_than_wrong": Rule(
        "unseen-tasks", "change of accuracy by kriging, less half the change with wrong angles", ">", 0
    ),
    "better_than_nearest": Rule(
        "unseen-tasks", "accuracy of contexts predicted by kriging, less that of the nearest ones", ">", 0
    ),
    "grid_certain": Rule(
        "unseen-tasks", "share of the networks in which the mean loses less with interpolated rotation", ">=", 1
    ),
    "grid_probable": Rule(
        "unseen-tasks", "share of the networks in which the mean loses less with interpolated rotation", ">", 0.5
    ),
    "shifts_easier": Rule(
        "unseen-tasks", "change by kriging with every second shift known, less that with rotations", ">", 0
    ),
    # a-usable-hash (means over the seeds)
    "bucket_trivial": Rule(
        "a-usable-hash", "lowest share of queries in the bucket of their context, of any input, untrained", ">", 0.9
    ),
    "hash_of_context": Rule(
        "a-usable-hash", "lowest share of queries in the bucket of their context, of any input, untrained", ">", 0.5
    ),
    "hash_of_image": Rule(
        "a-usable-hash", "lowest share of queries in the bucket of their context, of any input, untrained", "<", 0.5
    ),
    "shared_above_pixels": Rule(
        "a-usable-hash", "average precision for the task, one shared context, less that of pixels", ">", 0.02
    ),
    "shared_below_pixels": Rule(
        "a-usable-hash", "average precision for the task, one shared context, less that of pixels", "<", -0.02
    ),
    "hash_improves": Rule("a-usable-hash", "average precision for the task, trained less untrained", ">", 0.01),
    "hash_worsens": Rule("a-usable-hash", "average precision for the task, trained less untrained", "<", -0.01),
    "context_finds_digit": Rule(
        "a-usable-hash", "average precision for the digit, trained r less hidden units", ">", 0.01
    ),
    "context_hides_digit": Rule(
        "a-usable-hash", "average precision for the digit, trained r less hidden units", "<", -0.01
    ),
    # task-inference (means over the seeds)
    "entropy_improves": Rule(
        "task-inference", "share of the tasks inferred by entropy from 128 inputs, less that from one", ">", 0.05
    ),
    "learned_context_helps": Rule(
        "task-inference", "share of the tasks inferred by the nearest manifold, trained less untrained", ">", 0.02
    ),
    "learned_context_harms": Rule(
        "task-inference", "share of the tasks inferred by the nearest manifold, trained less untrained", "<", -0.02
    ),
    "pattern_not_needed": Rule(
        "task-inference", "share inferred within a step, interpolated queries, divided by that of usual ones", ">", 0.8
    ),
    "contexts_add": Rule(
        "task-inference", "accuracy, task by Gaussians and digit by context, less that of Gaussians alone", ">=", 0.005
    ),
    "contexts_cost": Rule(
        "task-inference", "accuracy, task by Gaussians and digit by context, less that of Gaussians alone", "<=", -0.005
    ),
}


def holds(rule: str, values: float | Estimate | Sequence[float | Estimate]) -> bool:
    """Whether all values meet a rule.

    Args:
        rule: name of a rule in `RULES`.
        values: a number or an `Estimate`, or a list of them, one for each network.

    Raises:
        ParameterError: there is no such rule, or the list is empty.
    """
    chosen = RULES[check_choice("rule", rule, tuple(RULES))]
    compare = _RELATIONS[chosen.relation]
    several = values if isinstance(values, Sequence) else [values]
    if not several:
        raise ParameterError(f"the rule {rule} needs a value to compare; got none")
    ends = [(v.low if ">" in chosen.relation else v.high) if isinstance(v, Estimate) else v for v in several]
    return all(compare(float(end), chosen.threshold) for end in ends)


def verdict(
    rule: str,
    values: float | Estimate | Sequence[float | Estimate],
    yes: str = "holds",
    no: str = "does not hold",
) -> tuple[str, str]:
    """Return the words of a verdict, in the form that `record` takes.

    Args:
        rule: name of a rule in `RULES`.
        values: as in `holds`.
        yes: the text where the rule holds.
        no: the text where it does not.

    Raises:
        ParameterError: there is no such rule, or the list is empty.
    """
    return (yes if holds(rule, values) else no), ""
