"""Rules of the verdicts of the scoreboard: quantity in words, relation, threshold."""

RULES = {
    "scoreboard": {  # means over the seeds; in every stream
        "level_at_budget": (
            "final accuracy of FlyNet, less that of the best other method with the task told and no more bytes a task",
            ">=",
            -0.005,
        ),
        "first_at_budget": (
            "final accuracy of FlyNet, less that of the best other method with the task told and no more bytes a task",
            ">",
            0,
        ),
        "contexts_level_untold": (
            "final accuracy of contexts found by Gaussians, less that of the best other method with the task not told",
            ">=",
            -0.005,
        ),
        "as_reported": ("difference of the final accuracy to that of the paper that reports it, in points", "<=", 1),
        "comes_back": ("largest difference between a recorded accuracy and the one run again", "<=", 0.02),
    },
}
