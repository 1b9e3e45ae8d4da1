"""Training contexts: whole streams, in one fused loop, in closed form, by autograd, as published, to the optimum."""

from tgsh.training._autograd import fit_autograd
from tgsh.training._baselines import train_in_sequence, train_jointly
from tgsh.training._closed_form import batches, fit_closed_form
from tgsh.training._evaluation import accuracy_on, cross_accuracy, evaluate
from tgsh.training._fused import FusedLoop, RecomputedFeatures, fit_fused, fused_logits, is_fused
from tgsh.training._gsh import GSHRecipe, accuracy_on_manifolds, fit_gsh, train_gsh
from tgsh.training._optimum import (
    Solution,
    fit_local,
    loss_and_gradient,
    ridge_contexts,
    solve_context,
    task_features,
    templates,
)
from tgsh.training._recipe import Recipe, batch_order, batch_rows, check_converged
from tgsh.training._reference import PILTask, dense_features, fit_reference, reference_accuracy_on
from tgsh.training._stream import (
    StreamRecord,
    TrainedNetwork,
    groups,
    learn,
    train_seeds,
    train_stream,
    training_rule,
)
from tgsh.training._trajectory import Path, log_spaced, measure_path, n_batches, watch_stream, watch_training

__all__ = [
    "FusedLoop",
    "GSHRecipe",
    "PILTask",
    "Path",
    "Recipe",
    "RecomputedFeatures",
    "Solution",
    "StreamRecord",
    "TrainedNetwork",
    "accuracy_on",
    "accuracy_on_manifolds",
    "batch_order",
    "batch_rows",
    "batches",
    "check_converged",
    "cross_accuracy",
    "dense_features",
    "evaluate",
    "fit_autograd",
    "fit_closed_form",
    "fit_fused",
    "fit_gsh",
    "fit_local",
    "fit_reference",
    "fused_logits",
    "groups",
    "is_fused",
    "learn",
    "log_spaced",
    "loss_and_gradient",
    "measure_path",
    "n_batches",
    "reference_accuracy_on",
    "ridge_contexts",
    "solve_context",
    "task_features",
    "templates",
    "train_gsh",
    "train_in_sequence",
    "train_jointly",
    "train_seeds",
    "train_stream",
    "training_rule",
    "watch_stream",
    "watch_training",
]
