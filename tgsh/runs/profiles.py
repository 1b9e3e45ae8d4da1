"""Profiles: three sizes of the same chapter, and the parameters a reader may change."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tgsh.datasets import DATASETS, ImageDataset, load
from tgsh.errors import check_choice, check_int
from tgsh.runs.device import resolve_device

_ALL = {"n_train": None, "n_test": None}
PROFILES: dict[str, dict[str, Any]] = {
    # a few tasks, few samples: seconds a chapter, for tests
    "smoke": {
        "dataset": "digits",
        "n_train": 600,
        "n_test": 200,
        "n_tasks": 5,
        "width_mult": 2,
        "epochs": 4,
        "n_seeds": 2,
    },
    # every task, on images that come with scikit-learn: a minute or two a chapter, no network
    "quick": {**_ALL, "dataset": "digits", "n_tasks": 36, "width_mult": 10, "epochs": 10, "n_seeds": 2},
    # the paper's scale
    "paper": {**_ALL, "dataset": "mnist", "n_tasks": 36, "width_mult": 10, "epochs": 3, "n_seeds": 3},
}

SYNTHETIC = "synthetic"  # the dataset of a chapter that generates its own points

# lower bounds of the parameters that are counts
_COUNTS = dict.fromkeys(("n_tasks", "step", "width_mult", "epochs", "n_seeds", "n_train", "n_test"), 1) | {"seed": 0}


@dataclass(frozen=True)
class Run:
    """One run of one chapter: its profile, its parameters, as attributes too (``run.epochs``), and its results."""

    chapter: str
    profile: str
    parameters: dict[str, Any]
    results: dict[str, Any] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    def __getattr__(self, name: str) -> Any:
        parameters = self.__dict__.get("parameters", {})
        if name in parameters:
            return parameters[name]
        raise AttributeError(f"this chapter has no parameter {name!r}")

    @property
    def seeds(self) -> range:
        """The seeds of a repeated experiment: ``n_seeds`` of them, from ``seed`` on."""
        return range(self.seed, self.seed + self.n_seeds)

    def load(self) -> ImageDataset:
        """The dataset of this run, cut to its size."""
        return load(self.dataset, self.parameters.get("n_train"), self.parameters.get("n_test"))

    @property
    def data_title(self) -> str:
        """What a reader calls the data of this run."""
        return "synthetic manifolds" if self.dataset == SYNTHETIC else self.load().title


def open_chapter(
    chapter: str,
    profile: str,
    *,
    defaults: Mapping[str, Mapping[str, Any]] | None = None,
    lowest: Mapping[str, int] | None = None,
    synthetic: bool = False,
    **parameters: Any,
) -> Run:
    """Settle and check the parameters of a chapter, and say at the top of the page what it is run on.

    A parameter that is None takes its value from ``defaults[profile]`` (the chapter's own), else from `PROFILES`.
    ``lowest`` raises the lower bound of a count for a chapter that needs more, such as two tasks to compare.
    ``synthetic`` says that the chapter loads no images: of `PROFILES` it then takes the number of seeds only, and page,
    stamp and recorded results name synthetic manifolds as their data.

    Raises:
        ParameterError: an unknown profile, dataset or device, or a count that is no whole number in its range.
        DataError: the dataset is missing, damaged or out of reach.
    """
    check_choice("profile", profile, tuple(PROFILES))
    common = PROFILES[profile]
    if synthetic:
        common = {"dataset": SYNTHETIC, "n_seeds": common["n_seeds"]}
    settled = common | dict((defaults or {}).get(profile, {}))
    settled |= {name: value for name, value in parameters.items() if value is not None}
    if settled["dataset"] != common["dataset"]:
        # The sizes of one dataset mean nothing to another.
        settled |= {name: parameters.get(name) for name in ("n_train", "n_test")}
    settled = {"seed": 0, "device": "auto"} | settled
    check_choice("dataset", settled["dataset"], (SYNTHETIC,) if synthetic else DATASETS)
    resolve_device(settled["device"])
    for name, low in (_COUNTS | dict(lowest or {})).items():
        if settled.get(name) is not None:
            check_int(name, settled[name], low)
    run = Run(chapter, profile, settled)
    _say(run)
    return run


def _say(run: Run) -> None:
    size = ""
    if run.dataset != SYNTHETIC:
        data = run.load()
        size = f": {len(data.train_images):,} training and {len(data.test_images):,} test images"
    _display_markdown(f"**This page was run on {run.data_title}**{size}, profile `{run.profile}`, seed {run.seed}.")


def _display_markdown(text: str) -> None:
    from IPython.display import Markdown, display

    display(Markdown(text))
