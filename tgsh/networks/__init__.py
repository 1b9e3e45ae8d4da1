"""Configurable Random Weight Networks (paper, Section 2.2) and the GSH network (Section 2.1)."""

from tgsh.networks._crwn import CRWN
from tgsh.networks._flynet import FlyNet
from tgsh.networks._gsh import GSHNet
from tgsh.networks._neuromodnet import NeuroModNet

__all__ = [
    "CRWN",
    "FlyNet",
    "GSHNet",
    "NeuroModNet",
]
