"""The scoreboard: continual learners beside the paper's networks, behind one small interface, and the grid of cells."""

from tgsh.extensions.scoreboard._cells import (
    METHODS,
    Entry,
    Stopwatch,
    accuracy_matrix,
    measures,
    run_cell,
    stream_of,
    tune,
)
from tgsh.extensions.scoreboard._contexts import FlyContexts, NeuroModContexts
from tgsh.extensions.scoreboard._gates import Gated, HardAttention
from tgsh.extensions.scoreboard._gaussians import (
    ContextsByGaussians,
    FlyAssociation,
    PooledGaussians,
    RandomLDA,
    RandomRidge,
)
from tgsh.extensions.scoreboard._grid import (
    AS_PUBLISHED,
    AT_BUDGET,
    N_SEEDS,
    N_SLOW_SEEDS,
    PUBLISHED,
    RECORDED,
    REDUCED,
    SLOW,
    grid_cells,
    is_cell,
    read_settings,
    recorded_cells,
    recorded_grid,
    time_grid,
)
from tgsh.extensions.scoreboard._masks import BatchEnsemble, Superposition, SupSup
from tgsh.extensions.scoreboard._method import DESCENT, N_TRIALS, Method, ToldMethod, UntoldMethod, descend
from tgsh.extensions.scoreboard._mlp import OwnNetwork
from tgsh.extensions.scoreboard._readouts import Readout
from tgsh.extensions.scoreboard._shared import EWC, FineTuned, Joint, Replay, Reservoir, fisher_diagonal
from tgsh.extensions.scoreboard._streams import STREAMS, make_stream, split_images, stand_in, validation_images

__all__ = [
    "AS_PUBLISHED",
    "AT_BUDGET",
    "DESCENT",
    "EWC",
    "METHODS",
    "N_SEEDS",
    "N_SLOW_SEEDS",
    "N_TRIALS",
    "PUBLISHED",
    "RECORDED",
    "REDUCED",
    "SLOW",
    "STREAMS",
    "BatchEnsemble",
    "ContextsByGaussians",
    "Entry",
    "FineTuned",
    "FlyAssociation",
    "FlyContexts",
    "Gated",
    "HardAttention",
    "Joint",
    "Method",
    "NeuroModContexts",
    "OwnNetwork",
    "PooledGaussians",
    "RandomLDA",
    "RandomRidge",
    "Readout",
    "Replay",
    "Reservoir",
    "Stopwatch",
    "SupSup",
    "Superposition",
    "ToldMethod",
    "UntoldMethod",
    "accuracy_matrix",
    "descend",
    "fisher_diagonal",
    "grid_cells",
    "is_cell",
    "make_stream",
    "measures",
    "read_settings",
    "recorded_cells",
    "recorded_grid",
    "run_cell",
    "split_images",
    "stand_in",
    "stream_of",
    "time_grid",
    "tune",
    "validation_images",
]
