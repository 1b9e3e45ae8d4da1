"""Rules of the verdicts of "Through other lenses", by chapter: quantity in words, relation, threshold."""

RULES = {
    "dimension-and-spectra": {  # in every network
        "few_directions": ("random directions for 90 % of the accuracy, divided by the length of a context", "<", 0.1),
        "same_at_every_width": ("directions for 90 % of the accuracy, most over fewest of three widths", "<", 1.5),
        "others_need_fewer": ("other tasks needed for 90 % of the accuracy, over random directions needed", "<", 0.5),
        "others_share_pixels": ("accuracy in the span of other tasks, less that with their pixels shuffled", ">", 0.05),
        "path_below_walk": ("components for 90 % of the variance of a path, less those of a walk of its steps", "<", 0),
        "path_needs_labels": ("components for 90 % of the variance of a path, less those for random labels", "<", 0),
        "three_phases": ("phases of the effective rank that follow the order falls, rises, falls", ">=", 3),
        "nine_outliers": ("eigenvalues before the largest gap at a context of zeros, less 9, in size", "<=", 0),
        "outliers_predicted": ("share of the nine leading directions in the predicted span", ">", 0.9),
        "outliers_of_mean": ("gap after the ninth eigenvalue without the mean feature, over that with it", "<", 0.5),
        "outliers_stay": ("eigenvalues before the largest gap at the trained context, less 9, in size", "<=", 0),
        "entropy_rises": ("diffusion entropy, trained less untrained, in bits", ">", 0.1),
        "task_information_rises": ("diffusion information with the task, trained less untrained, in bits", ">", 0.1),
        "class_information_rises": ("diffusion information with the class, trained less untrained, in bits", ">", 0.1),
        "class_needs_context": ("diffusion information with the class, trained less no context, in bits", ">", 0.1),
    },
}
