"""Rules of the verdicts of "How it scales": quantity in words, relation, threshold."""

RULES = {
    "how-it-scales": {
        "isolated_tasks": ("difference of a context alone and among all tasks, over the largest number", "<=", 1e-6),
        "flat_time": ("median processor time of the last tasks, over that of the first", "<=", 1.25),
        "similarity_limit": ("difference of similarity, nearest tasks and the same task again, in size", "<=", 0.02),
        "eight_bits": ("change of accuracy by storing contexts in eight bits a number, in size", "<=", 0.002),
        "one_bit": ("change of accuracy by storing contexts as signs, in size", ">", 0.01),
    },
}
