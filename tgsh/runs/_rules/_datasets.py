"""Rules of the verdicts of "Beyond digits": quantity in words, relation, threshold. They hold on one dataset each."""

RULES = {
    "beyond-digits": {  # in every network
        "data_learned": ("test accuracy with trained contexts, less that with permuted ones", ">", 0.3),
        "data_order": (
            "rank correlation of similarity of contexts with distance, less its 5th percentile under permuted tasks",
            "<",
            0,
        ),
        "data_erased": (
            "rank correlation of r's similarity with distance, untrained, less its 5th percentile under permuted tasks",
            ">",
            0,
        ),
        "data_restored": ("that correlation, in size, trained less untrained contexts", ">", 0.2),
        "data_given": ("AUC with permuted contexts, less that with trained ones", ">", -0.02),
        "data_hash": ("distance within over between tasks, trained contexts less none", "<", 0),
        "data_hash_learned": ("distance within over between tasks, trained less untrained contexts", "<", 0),
    },
}
