"""Rules of the verdicts of "Capacity, clusters, robustness": quantity in words, relation, threshold."""

RULES = {
    "capacity-and-robustness": {
        "class_capacity": ("capacity of class manifolds, own context over exchanged context", ">", 1),
        "task_capacity": ("capacity of task manifolds, trained over untrained contexts", ">", 1),
        "capacity_as_counted": ("octaves between counted and computed capacity", "<", 0.33),
        "gain_by_task": ("gain of coding rate by task less that by class (bits)", ">", 0),
        "gain_learned": ("gain of coding rate by task, trained less untrained contexts (bits)", ">", 0),
        "clusters_by_task": ("adjusted mutual information of clusters and tasks", ">", 0.5),
        "tanh_follows_labels": ("alignment with labels, tanh less ReLU", ">", 0),
        "relu_keeps_inputs": ("alignment with pixels, ReLU less tanh", ">", 0),
        "geometry_of_units": ("correlation of context similarities, other units and ReLU", ">", 0.9),
        "nonlinear_gain": ("accuracy of ReLU units less that of linear units", ">", 0),
        "directions_turn": ("relative difference of agreement, turned back, from that of two networks at 0°", "<", 0.1),
        "directions_stay": ("agreement as seen over that of two networks at 0°", ">=", 0.9),
        "attack_beats_noise": ("accuracy under random changes less that under attack, budget 1", ">", 0.2),
        "inference_is_weaker": ("accuracy with inferred task, attack on class less attack on task, budget 1", ">", 0),
        "graph_ranks_transfer": ("rank correlation of lost accuracy and graph distance", ">", 0.7),
        "graph_beats_angle": ("that rank correlation, less that with the angle", ">", 0),
        "cosine_beats_angle": ("rank correlation of lost accuracy and cosine, less that with the angle", ">", 0),
        "distance_infers": ("share of images whose task has the nearest training image", ">", 0.8),
        "radius_saturates": ("growth of the radius over three doublings, less that of normal samples", "<", 0),
    },
}
