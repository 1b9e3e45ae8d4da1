"""The rules of the verdicts, by chapter; the notation page prints them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Relation = Literal[">", ">=", "<", "<="]


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
    relation: Relation
    threshold: float


_BY_CHAPTER: dict[str, dict[str, tuple[str, Relation, float]]] = {
    "t-gsh": {  # of several networks, the extremes: chance has to be smaller than the difference
        "half_a": ("largest mean angle within a task, trained contexts, less the smallest without modulation", "<", 0),
        "half_b": ("smallest mean angle between tasks, trained contexts, less the largest without modulation", ">", 0),
        "context_hashes": (
            "largest ratio of the distances within to those between tasks, trained contexts, "
            "less the smallest without modulation",
            "<",
            0,
        ),
        "hash_learned": ("largest such ratio, trained contexts, less the smallest with untrained contexts", "<", 0),
        "hash_unlearned": ("smallest such ratio, trained contexts, less the largest with untrained contexts", ">", 0),
        "intra_over_inter": ("AUC of intra pairs over inter pairs", ">", 0.5),
        "angle_falls": ("mean angle after training minus that before", "<", 0),
        "angle_rises": ("mean angle after training minus that before", ">", 0),
        "position_flatters": ("AUC by position in the mini-batch minus AUC by label", ">", 0),
        "neuromodnet_below": ("mean accuracy of NeuroModNet minus that of FlyNet", "<", 0),
        "neighbours_alike": (
            "similarity of the contexts of neighbours minus that of tasks half the largest distance apart",
            ">",
            0.2,
        ),
        "neighbours_nearer": (
            "dense layers: similarity of the contexts of neighbours minus that of the tasks farthest apart",
            ">",
            0.2,
        ),
        "start_forgotten": ("similarity of the contexts of one task from two starts", ">", 0.5),
    },
    "why-geometry-repeats": {
        "convex": ("smallest second difference of the loss along a line", ">", -0.0001),
        "reaches_optimum": ("best mean cosine to an optimum, less mean cosine between two runs", ">=", 0),
        "optimum_geometry": ("correlation of the similarities of optima with those of trained contexts", ">", 0.9),
        "templates_beat_null": (
            "what templates are better by than a null model of the angle, in correlation and in error",
            ">",
            0,
        ),
        "templates_smaller_error": (
            "mean difference of templates, less that of the better null model of the angle",
            "<",
            0,
        ),
        "templates_partial": (
            "partial correlation of templates, given exp(-d / 20°), less its 95th percentile under permuted tasks",
            ">",
            0,
        ),
        "templates_augment": (
            "lowest correlation of templates on AugmentMNIST, less its 95th percentile under permuted tasks",
            ">",
            0,
        ),
        "augment_sign": ("similarity of T1 and T7 by templates, times that of trained contexts", ">", 0),
        "renaming": ("p-value of the correlation over the renamings", "<", 0.05),
        "other_weights": ("lowest correlation between networks, less the highest under permuted tasks", ">", 0),
        "loss_left": (
            "loss that L-BFGS takes from a trained context, all images, less the most that two runs differ by",
            ">",
            0,
        ),
        "same_task_repeats": (
            "lowest cosine of two runs with the same weights, same task, less the highest of two tasks",
            ">",
            0,
        ),
        "contexts_turn": ("mean cosine before and after many more epochs, less the lowest of two runs", "<", 0),
        "neighbours_stay": (
            "change of the similarity of neighbours by many more epochs, in size, less its range over networks",
            "<=",
            0,
        ),
        "gain_adds_nothing": (
            "difference in mean accuracy to g learned, in size, of g fixed at 1 and as drawn, in each order of images",
            "<",
            0.02,
        ),
        "circulant": ("share of the variance that the angle explains", ">", 0.9),
        "closed_ring": ("1 where the nearest neighbours form one closed chain, else 0", ">=", 1),
        "not_flat": ("number of directions that the contexts fill", ">", 3),
    },
    "augment-mnist": {
        "t7_negative": ("largest similarity of T7 to another task", "<", 0),
        "t7_opposed": ("similarity of T7 to T1", "<", 0),
        "t7_closer": ("similarity of T7 to T1, less its similarity to T2", ">", 0),
        "t7_rises": ("similarity of T7 to T1 after most epochs, less that after one epoch", ">", 0),
    },
    "gsh": {  # means over the seeds, where no other is named
        "within_shrinks": (
            "distance within over between manifolds, trained r, divided by that of the best control",
            "<",
            0.8,
        ),
        "unseen_alike": ("distance within over between manifolds, unseen less seen manifolds", "<", 0.1),
        "gamma_read": ("R² of gamma from the trained r, on unseen manifolds", ">", 0.5),
        "gamma_gained": ("R² of gamma from the trained r, less that from the best control", ">", 0),
        "one_shot_gained": ("one-shot accuracy, trained r, divided by that of the best control", ">", 1.2),
        "decay_helps": ("one-shot accuracy with the best weight decay, less that with none", ">", 0.02),
        "decay_harms": (
            "lowest one-shot accuracy with no weight decay, less the highest with strong weight decay",
            ">",
            0,
        ),
        "relu_adds": ("lowest one-shot accuracy of networks with a ReLU, less the highest of linear networks", ">", 0),
    },
    "task-manifolds": {  # means over the draws of images
        "task_dominates": ("share of the variance between tasks", ">", 0.5),
        "tasks_apart": ("share of the images whose nearest image, of other handwriting, is of their task", ">=", 0.9),
        "tasks_partly_apart": (
            "smallest such share, less the largest with tasks dealt to the images at random",
            ">",
            0,
        ),
        "orbit_smooth": ("exponent of the distance moved, over a small rotation", ">", 0.9),
        "angle_linear": ("R² of the angle from the random layer, on tasks not fitted", ">=", 0.8),
        "angle_partly_linear": ("R² of the angle from the random layer, on tasks not fitted", ">=", 0.3),
    },
    "reconstruction": {
        "relu_undone": ("largest relative error of a test image recovered from its active units", "<", 0.001),
        "angle_every": ("share of the images whose angle is read to within 1.5 steps", ">=", 0.99),
        "angle_read": ("median error of the angle, divided by that of a guess", "<", 0.5),
    },
    "what-a-reconstruction-knows": {
        "better_shows_less": (
            "share of the digits read, contexts of the lowest accuracy less those of the highest, one setting varied",
            ">",
            0,
        ),
        "raises_share": ("share of the digits read, less that of Eq. 3 on the contexts as trained", ">", 0.05),
        "digits_read": ("share of the digits read, solved contexts of all networks at once", ">=", 0.95),
        "angle_in_context": (
            "share of the angles read within a step, contexts of other tasks, less half of that with own contexts",
            "<",
            0,
        ),
    },
    "is-it-learned": {
        "trained_separate": ("AUC with trained contexts", ">", 0.5),
        "untrained_separate": ("AUC with untrained contexts, less that with trained ones", ">=", 0),
        "permuted_separate": ("AUC with permuted contexts, less that with trained ones", ">", -0.02),
        "shared_below": ("AUC with one context for all tasks, less that with trained ones", "<", -0.1),
        "negated_fails": ("test accuracy with negated contexts", "<", 0.1),
        "well_separated": ("AUC of intra pairs over the inter pairs of tasks at one distance", ">", 0.9),
        "order_in_images": (
            "rank correlation of similarity with distance, no modulation, less its 5th percentile under permuted tasks",
            "<",
            0,
        ),
        "order_erased": (
            "rank correlation of similarity with distance, untrained, less its 5th percentile under permuted tasks",
            ">",
            0,
        ),
        "order_restored": (
            "rank correlation of similarity with distance, in size, trained less untrained contexts",
            ">",
            0.2,
        ),
        "order_learned": (
            "that correlation, in size, trained less the largest of untrained, permuted and no modulation",
            ">",
            0,
        ),
        "order_strengthened": ("that correlation, in size, trained less no modulation", ">", 0),
        "order_weakened": ("that correlation, in size, trained less no modulation", "<", 0),
    },
    "shift-mnist": {
        "coarser_sample": (
            "lowest correlation of the 1 px with the 2 px matrix, less the 99th percentile under permuted tasks",
            ">",
            0,
        ),
        "same_as_repeated": (
            "share of the ways to divide the networks in two groups that part them as far as the two streams do",
            ">",
            0.05,
        ),
    },
    "a-usable-hash": {  # means over the seeds
        "bucket_trivial": (
            "lowest share of queries in the bucket of their context, of any input (trained, untrained)",
            ">",
            0.9,
        ),
        "hash_of_context": (
            "lowest share of queries in the bucket of their context, of any input (trained, untrained)",
            ">",
            0.5,
        ),
        "hash_of_image": (
            "lowest share of queries in the bucket of their context, of any input (trained, untrained)",
            "<",
            0.5,
        ),
        "image_adds": ("lowest share in the bucket, own image, less the highest with noise, trained", ">", 0),
        "shared_above_pixels": ("average precision for the task, one shared context, less that of pixels", ">", 0.02),
        "shared_below_pixels": ("average precision for the task, one shared context, less that of pixels", "<", -0.02),
        "hash_improves": ("average precision for the task, trained less untrained", ">", 0.01),
        "hash_worsens": ("average precision for the task, trained less untrained", "<", -0.01),
        "context_finds_digit": ("average precision for the digit, trained r less hidden units", ">", 0.01),
        "context_hides_digit": ("average precision for the digit, trained r less hidden units", "<", -0.01),
        "digit_above_pixels": ("average precision for the digit, trained r less pixels", ">", 0.01),
        "digit_below_pixels": ("average precision for the digit, trained r less pixels", "<", -0.01),
    },
    "task-inference": {  # means over the seeds
        "entropy_improves": ("share of the tasks inferred by entropy from 128 inputs, less that from one", ">", 0.05),
        "learned_context_helps": (
            "share of the tasks inferred by the nearest manifold, trained less untrained",
            ">",
            0.02,
        ),
        "learned_context_harms": (
            "share of the tasks inferred by the nearest manifold, trained less untrained",
            "<",
            -0.02,
        ),
        "entropy_ahead": (
            "lowest share inferred by entropy from 16 inputs, less the highest by Gaussians, all interpolated",
            ">",
            0,
        ),
        "pattern_not_needed": (
            "share inferred within a step, interpolated queries, divided by that of usual ones",
            ">",
            0.8,
        ),
        "contexts_add": ("accuracy, task by Gaussians and digit by context, less that of Gaussians alone", ">=", 0.005),
        "contexts_cost": (
            "accuracy, task by Gaussians and digit by context, less that of Gaussians alone",
            "<=",
            -0.005,
        ),
    },
    "unseen-tasks": {  # means over the networks
        "within_half_a_point": ("accuracy of contexts predicted by kriging, less that of trained ones", ">=", -0.005),
        "better_than_wrong": ("change of accuracy by kriging, less half the change with wrong angles", ">", 0),
        "better_than_nearest": ("accuracy of contexts predicted by kriging, less that of the nearest ones", ">", 0),
        "grid_certain": ("share of the networks in which the mean loses less with interpolated rotation", ">=", 1),
        "grid_probable": ("share of the networks in which the mean loses less with interpolated rotation", ">", 0.5),
        "shifts_easier": ("change by kriging with every second shift known, less that with rotations", ">", 0),
    },
    "what-else-the-paper-says": {  # in every network; controls: the best of several
        "angle_from_r": ("R² of the angle from the trained r, on tasks not fitted", ">=", 0.8),
        "angle_partly_from_r": ("R² of the angle from the trained r, on tasks not fitted", ">=", 0.3),
        "angle_from_m": ("R² of the angle from the trained context, on tasks not fitted", ">=", 0.8),
        "angle_partly_from_m": ("R² of the angle from the trained context, on tasks not fitted", ">=", 0.3),
        "context_adds_angle": ("R² of the angle from the trained r, less that from random layer and pixels", ">", 0),
        "angle_follows_context": ("R² for the angle of the context, less that for another one of the image", ">", 0),
        "classes_shrink": ("distance within over between classes, trained r, divided by that of controls", "<", 0.8),
        "classes_found": ("one-shot accuracy for classes, trained r, divided by that of controls", ">", 1.2),
        "dissimilarity_adds": ("dissimilarity, divided by the sum of those of the parts, less 1, in size", "<", 0.2),
        "composite_direction": ("cosine of a composite's context with the predicted one, less controls", ">", 0),
        "composite_accuracy": ("accuracy of the predicted context, less that of controls", ">", 0),
        "composite_usable": ("accuracy of the predicted context, less that of the trained one", ">=", -0.05),
        "gain_narrows": ("gap of training and test accuracy, g learned, less the smaller with g fixed", "<", 0),
        "gain_shortens": ("length of the context, g learned, divided by the smaller with g fixed", "<", 1),
        "penalty_narrows": ("gap of training and test accuracy, large less small penalty", "<", 0),
        "tasks_do_not_hurt": ("largest change of a context by other tasks", "<=", 0),
        "classes_cost": ("accuracy that more classes take from one context, less that from a full readout", ">", 0),
        "width_buys_accuracy": ("accuracy of the widest network, less that of the narrowest", ">", 0.01),
        "geometry_at_every_width": ("similarity of neighbours less that of tasks 70° to 90° apart, lowest", ">", 0.2),
    },
    "living-network": {
        "rounding_harmless": ("mean accuracy lost by rounding the weights", "<", 0.001),
        "context_carries_over": (
            "share of contexts trained on other digits that are most similar to a known context within 20 degrees",
            ">=",
            0.5,
        ),
        "shuffled_flat": ("largest similarity, in size, after the pixels were shuffled", "<", 0.2),
    },
}
RULES: dict[str, Rule] = {name: Rule(c, *rule) for c, rules in _BY_CHAPTER.items() for name, rule in rules.items()}
