"""Rules of the verdicts of the part "The paper", by chapter: quantity in words, relation, threshold."""

RULES = {
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
    "reconstruction": {
        "relu_undone": ("largest relative error of a test image recovered from its active units", "<", 0.001),
        "angle_every": ("share of the images whose angle is read to within 1.5 steps", ">=", 0.99),
        "angle_read": ("median error of the angle, divided by that of a guess", "<", 0.5),
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
    },
    "gain-and-circulant-geometry": {
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
}
