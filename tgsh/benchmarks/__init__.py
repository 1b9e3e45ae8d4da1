"""Task streams: one dataset, and a transform of its images for each task (paper, Section 3)."""

from tgsh.benchmarks._augment import TABLE_1, Augmentation, AugmentMNIST
from tgsh.benchmarks._manifolds import AnalyticMap, ManifoldSample, sample_manifolds, unit_vectors
from tgsh.benchmarks._mixed import Mixed
from tgsh.benchmarks._permuted import Composite, Permutation, PermutedMNIST
from tgsh.benchmarks._rotation import InterpolatedRotation, Rotation, RotationMNIST, interpolated_rotations
from tgsh.benchmarks._shift import Shift, ShiftMNIST
from tgsh.benchmarks._split import Classes, SplitMNIST
from tgsh.benchmarks._stream import SIDE, Part, Positions, Task, TaskStream, circular_distance, join_images

__all__ = [
    "SIDE",
    "TABLE_1",
    "AnalyticMap",
    "AugmentMNIST",
    "Augmentation",
    "Classes",
    "Composite",
    "InterpolatedRotation",
    "ManifoldSample",
    "Mixed",
    "Part",
    "Permutation",
    "PermutedMNIST",
    "Positions",
    "Rotation",
    "RotationMNIST",
    "Shift",
    "ShiftMNIST",
    "SplitMNIST",
    "Task",
    "TaskStream",
    "circular_distance",
    "interpolated_rotations",
    "join_images",
    "sample_manifolds",
    "unit_vectors",
]
