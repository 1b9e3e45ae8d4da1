"""Rules of the verdicts of "A theory of contexts": quantity in words, relation, threshold."""

RULES = {
    "a-theory-of-contexts": {
        "kernel_exact": ("relative error of the kernel, against sampled units", "<", 0.05),
        "predicted_size": (
            "mean absolute difference of predicted and measured similarity, in every stream and network",
            "<=",
            0.03,
        ),
        "predicted_closely": ("mean absolute difference of predicted and measured similarity", "<=", 0.015),
        "no_constant_factor": ("slope of solved on predicted similarity, less 1, in size", "<=", 0.05),
        "kernel_machines_nearer": ("that difference of kernel machines, less that of a control", "<", 0),
        "freedom_collapses": (
            "scatter around one curve over units a degree of freedom, less over units an image",
            "<",
            0,
        ),
        "gap_closes": (
            "test accuracy of a full readout, less that of a context, at the paper's width and at the largest",
            "<",
            0.02,
        ),
        "loss_foreseen": (
            "loss of test accuracy with the mean of the neighbours' contexts, predicted less solved, in size",
            "<=",
            0.01,
        ),
        "loss_foreseen_recipe": ("the same for contexts of the paper's recipe", "<=", 0.01),
        "labels_needed": (
            "mean absolute difference from the similarity of renamed tasks, of Fisher information less kernel machines",
            ">",
            0,
        ),
        "crosstalk_length": ("largest relative error of the squared length of a context, over all ridges", "<=", 0.1),
        "sign_of_t7": ("similarity of T1 and T7, predicted times measured", ">", 0),
        "no_context_to_predict": (
            "largest cosine of two contexts of one task in NeuroModNet, less the smallest in FlyNet",
            "<",
            0,
        ),
    },
}
