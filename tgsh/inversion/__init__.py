"""Images from contexts: the paper's Eq. 3, other inverses, and the quality of the images."""

from tgsh.inversion._classifier import (
    DEVELOPMENTS,
    Reading,
    TaskClassifier,
    best_development,
    read_test_images,
    train_classifier,
)
from tgsh.inversion._eq3 import Readout, canonical_units, invert_active, pseudo_inverse, reconstruct
from tgsh.inversion._map_estimate import ForwardModel, Prior, forward_cosine, map_reconstruct
from tgsh.inversion._quality import ReconstructionQuality, blur, class_means, develop, reconstruction_quality

__all__ = [
    "DEVELOPMENTS",
    "ForwardModel",
    "Prior",
    "Reading",
    "Readout",
    "ReconstructionQuality",
    "TaskClassifier",
    "best_development",
    "blur",
    "canonical_units",
    "class_means",
    "develop",
    "forward_cosine",
    "invert_active",
    "map_reconstruct",
    "pseudo_inverse",
    "read_test_images",
    "reconstruct",
    "reconstruction_quality",
    "train_classifier",
]
