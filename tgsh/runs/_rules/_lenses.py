"""Rules of the verdicts of "Dimension and spectra": quantity in words, relation, threshold."""

RULES = {
    "dimension-and-spectra": {
        "few_directions": ("random directions that nine tenths of the accuracy need, over the units", "<", 0.25),
        "same_dimension_permuted": (
            "largest difference of the share of accuracy in a random subspace, permuted pixels",
            "<=",
            0.1,
        ),
        "same_dimension_narrow": (
            "largest difference of the share of accuracy in a random subspace, half the width",
            "<=",
            0.1,
        ),
        "contexts_hold_it": ("share of accuracy in the span of contexts of rotations at 45 degrees or more", ">=", 0.9),
        "span_beats_control": ("that share, less the one in the span of the control", ">", 0.1),
        "fewer_than_walk": ("components of a path, less those of a random walk", "<", 0),
        "four_components": ("components of a path for nine tenths of its variance", "<=", 4),
        "path_of_learning": ("share of the first component, less that with shuffled labels", ">", 0),
        "path_in_family": ("share of a path in contexts of other rotations, less that in permuted pixels", ">", 0.05),
        "rank_of_family": ("RankMe of trained contexts, rotations over permuted pixels", "<", 0.95),
        "three_phases": ("phases of the RankMe of representations in training", ">=", 3),
        "outliers_at_zero": ("number of outliers of the Hessian at zero, less the predicted one, in size", "<=", 0),
        "outliers_along_mean": ("share of the outliers at zero in the span that theory predicts", ">=", 0.9),
        "mean_beats_others": ("that share, less the largest of the controls", ">", 0.1),
        "gap_closes_in_training": ("gap of the eigenvalues at a trained context, less at a random one", "<", 0),
        "entropy_rises": ("diffusion spectral entropy, trained less untrained", ">", 0),
        "information_rises": ("diffusion spectral information, trained less untrained", ">", 0),
        "own_context_tells": ("information about the task, own contexts less those of another task", ">", 0.05),
        "shuffled_says_nothing": ("information about a shuffled label, in size", "<", 0.05),
    },
}
