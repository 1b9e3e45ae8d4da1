"""Rules of the verdicts of "The shape of the family": quantity in words, relation, threshold."""

RULES = {
    "shape-of-the-family": {
        "one_loop": ("number of loops whose death is 1.3 times their birth or more, less 1, in size", "<", 0.5),
        "no_loop": ("number of such loops", "<", 0.5),
        "torus_loops": ("number of such loops, less 2, in size", "<", 0.5),
        "torus_cavity": ("number of cavities whose death is 1.1 times their birth or more, less 1, in size", "<", 0.5),
        "heat_nearer": ("error of distances along the family, heat less contexts, in degrees", "<", 0),
        "angles_read": ("mean error of the angle of a task, from contexts alone, in degrees", "<", 5),
        "modes_are_waves": ("share of the six slowest eigenfunctions that sines and cosines explain", ">", 0.95),
        "graph_is_flat": ("largest curvature of an edge of the graph of tasks, in size", "<", 0.01),
        "map_continues": ("cosine one step beyond half a turn, linear map less the last context repeated", ">", 0),
        "map_keeps_length": ("mean size of the eigenvalues of a map fitted on half a turn", ">", 0.98),
        "map_foretold": ("mean difference of the cosines of continued contexts, theory and measured", "<", 0.05),
        "shifts_symmetric": ("mean equivariance error of all shifts, over the error between two networks", "<", 1.25),
        "renamed_not": ("mean error of random renaming of the tasks, over the error between two networks", ">", 2),
        "quarters_nearer": ("mean error of quarter turns, less that of all other turns", "<", 0),
        "orbits_exact": ("largest error of a network with units in orbits, over that of a FlyNet", "<", 0.1),
        "graph_kriging_close": ("accuracy, kriging with known angles less kriging on the graph", "<", 0.02),
        "graph_kriging_informed": ("accuracy, kriging on the graph less that on a graph of renamed tasks", ">", 0.02),
    },
}
