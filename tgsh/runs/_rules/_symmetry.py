"""Rules of the verdicts of "Symmetry of tasks": quantity in words, relation, threshold."""

RULES = {
    "symmetry-of-tasks": {
        "equal_accuracy": ("p-value of equal mean accuracies of the tasks, one-way analysis of variance", ">", 0.01),
        "permuted_flat": ("largest similarity of two contexts of Permuted MNIST, in size", "<", 0.1),
        "permuted_accuracy": ("difference of mean accuracy, Permuted MNIST and shifts", "<", 0.02),
        "permuted_after": (
            "difference of similarity by permuting after the shift, over that of two networks",
            "<",
            1.5,
        ),
        "permuted_before": ("difference of similarity by permuting before it, over that of two networks", ">", 3),
        "rest_is_noise": ("share of relabellings under which the rests of two networks agree as well", ">", 0.05),
        "rest_has_quarters": ("share of other relabellings that reach the mean of the quarter turns", "<", 0.05),
        "deviation_falls": ("exponent of the deviation from a circulant matrix over the width", "<", -0.35),
        "deviation_is_noise": ("that deviation over the one between two networks, divided by root 2", "<", 1.25),
        "spectrum_predicts": ("mean difference of predicted and measured squared error of interpolation", "<", 0.02),
        "smooth_map": ("exponent of the squared error of interpolation over the spacing", ">", 3.5),
        "signs_beat": ("mean difference of similarity, law of signs, less that of the other prediction", "<", 0),
        "sgd_refutes": ("the same with plain gradient descent, law of signs less templates", ">", 0),
        "signs_nearer": ("cosine of context and signs of the first gradient, less that with the gradient", ">", 0),
    },
}
