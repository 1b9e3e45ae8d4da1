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
    # (of several networks, the extremes: chance has to be smaller than the difference)
    "half_a": Rule(
        "t-gsh", "largest mean angle within a task, trained contexts, less the smallest without modulation", "<", 0
    ),
    "half_b": Rule(
        "t-gsh", "smallest mean angle between tasks, trained contexts, less the largest without modulation", ">", 0
    ),
    "context_hashes": Rule(
        "t-gsh",
        "largest ratio of the distances within to those between tasks, trained contexts, less the smallest without "
        "modulation",
        "<",
        0,
    ),
    "hash_learned": Rule(
        "t-gsh", "largest such ratio, trained contexts, less the smallest with untrained contexts", "<", 0
    ),
    "hash_unlearned": Rule(
        "t-gsh", "smallest such ratio, trained contexts, less the largest with untrained contexts", ">", 0
    ),
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
    "templates_beat_null": Rule(
        "why-geometry-repeats",
        "what templates are better by than a null model of the angle, in correlation and in error",
        ">",
        0,
    ),
    "templates_smaller_error": Rule(
        "why-geometry-repeats", "mean difference of templates, less that of the better null model of the angle", "<", 0
    ),
    "templates_partial": Rule(
        "why-geometry-repeats",
        "partial correlation of templates, given exp(-d / 20°), less its 95th percentile under permuted tasks",
        ">",
        0,
    ),
    "templates_augment": Rule(
        "why-geometry-repeats",
        "lowest correlation of templates on AugmentMNIST, less its 95th percentile under permuted tasks",
        ">",
        0,
    ),
    "augment_sign": Rule(
        "why-geometry-repeats", "similarity of T1 and T7 by templates, times that of trained contexts", ">", 0
    ),
    "renaming": Rule("why-geometry-repeats", "p-value of the correlation over the renamings", "<", 0.05),
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
    "t7_opposed": Rule("augment-mnist", "similarity of T7 to T1", "<", 0),
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
        "task-manifolds", "share of the images whose nearest image, of other handwriting, is of their task", ">=", 0.9
    ),
    "tasks_partly_apart": Rule(
        "task-manifolds", "smallest such share, less the largest with tasks dealt to the images at random", ">", 0
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
    "angle_every": Rule("reconstruction", "share of the images whose angle is read to within 1.5 steps", ">=", 0.99),
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
    "order_in_images": Rule(
        "is-it-learned",
        "rank correlation of similarity with distance, no modulation, less its 5th percentile under permuted tasks",
        "<",
        0,
    ),
    "order_erased": Rule(
        "is-it-learned",
        "rank correlation of similarity with distance, untrained, less its 5th percentile under permuted tasks",
        ">",
        0,
    ),
    "order_restored": Rule(
        "is-it-learned",
        "rank correlation of similarity with distance, in size, trained less untrained contexts",
        ">",
        0.2,
    ),
    "order_learned": Rule(
        "is-it-learned",
        "that correlation, in size, trained less the largest of untrained, permuted and no modulation",
        ">",
        0,
    ),
    "order_strengthened": Rule("is-it-learned", "that correlation, in size, trained less no modulation", ">", 0),
    "order_weakened": Rule("is-it-learned", "that correlation, in size, trained less no modulation", "<", 0),
    # shift-mnist
    "coarser_sample": Rule(
        "shift-mnist",
        "lowest correlation of the 1 px with the 2 px matrix, less the 99th percentile under permuted tasks",
        ">",
        0,
    ),
    "same_as_repeated": Rule(
        "shift-mnist",
        "share of the ways to divide the networks in two groups that part them as far as the two streams do",
        ">",
        0.05,
    ),
    # a-usable-hash (means over the seeds)
    "bucket_trivial": Rule(
        "a-usable-hash",
        "lowest share of queries in the bucket of their context, of any input (trained, untrained)",
        ">",
        0.9,
    ),
    "hash_of_context": Rule(
        "a-usable-hash",
        "lowest share of queries in the bucket of their context, of any input (trained, untrained)",
        ">",
        0.5,
    ),
    "hash_of_image": Rule(
        "a-usable-hash",
        "lowest share of queries in the bucket of their context, of any input (trained, untrained)",
        "<",
        0.5,
    ),
    "image_adds": Rule(
        "a-usable-hash", "lowest share in the bucket, own image, less the highest with noise, trained", ">", 0
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
    "digit_above_pixels": Rule("a-usable-hash", "average precision for the digit, trained r less pixels", ">", 0.01),
    "digit_below_pixels": Rule("a-usable-hash", "average precision for the digit, trained r less pixels", "<", -0.01),
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
    "entropy_ahead": Rule(
        "task-inference",
        "lowest share inferred by entropy from 16 inputs, less the highest by Gaussians, all interpolated",
        ">",
        0,
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
    # living-network
    "rounding_harmless": Rule("living-network", "mean accuracy lost by rounding the weights", "<", 0.001),
    "context_carries_over": Rule(
        "living-network",
        "share of contexts trained on other digits that are most similar to a known context within 20 degrees",
        ">=",
        0.5,
    ),
    "shuffled_flat": Rule("living-network", "largest similarity, in size, after the pixels were shuffled", "<", 0.2),
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
