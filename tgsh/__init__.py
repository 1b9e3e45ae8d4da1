"""Task-specific Geometric Sensitive Hashing and the networks that realise it (Hong & Pavlic 2023)."""

from tgsh.benchmarks import AugmentMNIST, RotationMNIST, ShiftMNIST, TaskStream
from tgsh.datasets import ImageDataset, load
from tgsh.errors import DataError, ParameterError, TgshError
from tgsh.geometry import context_similarity, similarity_profile
from tgsh.hashing import TgshReport, intra_inter_similarity, sample_representations, separability, tgsh_test
from tgsh.models import FlyNet
from tgsh.neuromod import NeuroModNet
from tgsh.training import Recipe, StreamRecord, cross_accuracy, evaluate, train_stream

__version__ = "0.1.0"

__all__ = [
    "AugmentMNIST",
    "DataError",
    "FlyNet",
    "ImageDataset",
    "NeuroModNet",
    "ParameterError",
    "Recipe",
    "RotationMNIST",
    "ShiftMNIST",
    "StreamRecord",
    "TaskStream",
    "TgshError",
    "TgshReport",
    "context_similarity",
    "cross_accuracy",
    "evaluate",
    "intra_inter_similarity",
    "load",
    "sample_representations",
    "separability",
    "similarity_profile",
    "tgsh_test",
    "train_stream",
]
