"""Task streams: one dataset seen through many transforms, one transform a task (paper, Section 3)."""

from tgsh.benchmarks.augment import TABLE_1, Augmentation, AugmentMNIST
from tgsh.benchmarks.moves import Rotation, RotationMNIST, Shift, ShiftMNIST
from tgsh.benchmarks.streams import SIDE, Task, TaskStream

__all__ = [
    "SIDE",
    "TABLE_1",
    "AugmentMNIST",
    "Augmentation",
    "Rotation",
    "RotationMNIST",
    "Shift",
    "ShiftMNIST",
    "Task",
    "TaskStream",
]
