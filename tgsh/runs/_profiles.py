"""Profiles, which set the size of a chapter, and the parameters that a reader may change."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from IPython.display import Markdown, display

from tgsh.datasets import DATASETS, ImageDataset, load
from tgsh.errors import check_choice, check_int
from tgsh.runs._device import resolve_device

_ALL = {"n_train": None, "n_test": None}

PROFILES: dict[str, dict[str, Any]] = {
    # For tests: few tasks and few samples; a chapter takes seconds.
    "smoke": {
        "dataset": "digits",
        "n_train": 600,
        "n_test": 200,
        "n_tasks": 5,
        "width_mult": 2,
        "epochs": 4,
        "n_seeds": 2,
    },
    # All tasks, on the images of scikit-learn: no download, and a chapter takes a minute or two.
    "quick": {**_ALL, "dataset": "digits", "n_tasks": 36, "width_mult": 10, "epochs": 10, "n_seeds": 2},
    # The scale of the paper.
    "paper": {**_ALL, "dataset": "mnist", "n_tasks": 36, "width_mult": 10, "epochs": 3, "n_seeds": 3},
}


SYNTHETIC = "synthetic"  # the dataset of a chapter that generates its own points

# Lower bounds of the parameters that are counts.
_COUNTS = dict.fromkeys(("n_tasks", "step", "width_mult", "epochs", "n_seeds", "n_train", "n_test"), 1) | {"seed": 0}


@dataclass(frozen=True)
class Run:
    """One run of a chapter.

    Attributes:
        chapter: name of its file, without ending.
        profile: name of one of `PROFILES`.
        parameters: values by name; they are attributes as well (``run.epochs``).
        results: what `record` has recorded so far, by name.
        started: time of the start, on the monotonic clock.
    """

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
        """The seeds of a repeated experiment: ``n_seeds`` numbers from ``seed`` on."""
        return range(self.seed, self.seed + self.n_seeds)

    def load(self) -> ImageDataset:
        """Load the dataset of this run, cut to ``n_train`` and ``n_test`` images."""
        return load(self.dataset, self.parameters.get("n_train"), self.parameters.get("n_test"))

    @property
    def facts(self) -> dict[str, tuple[Any, str]]:
        """Results that every chapter records: the title of its data and its numbers of tasks and seeds."""
        counts = {name: (self.parameters[name], "d") for name in ("n_tasks", "n_seeds") if self.parameters.get(name)}
        return {"dataset_title": (self.data_title, "")} | counts

    @property
    def data_title(self) -> str:
        """The title of the data of this run, for readers."""
        return "synthetic manifolds" if self.dataset == SYNTHETIC else self.load().title


def open_chapter(
    chapter: str,
    namespace: Mapping[str, Any],
    *,
    defaults: Mapping[str, Mapping[str, Any]] | None = None,
    lowest: Mapping[str, int] | None = None,
    synthetic: bool = False,
) -> Run:
    """Collect and check the parameters of a chapter, and display its dataset, profile and seed.

    A parameter that is None takes its value from ``defaults[profile]``, else from `PROFILES`.

    Args:
        chapter: name of its file, without ending.
        namespace: ``globals()`` of the chapter. Its parameters are the names that the cell tagged ``parameters``
            annotates with a type; papermill may have given them other values since.
        defaults: the chapter's own values by profile. They may have names that are no parameters, such as sizes of a
            smoke run.
        lowest: lower bounds of counts where these differ from the usual ones, such as two tasks to compare.
        synthetic: whether the chapter loads no images. It then takes only the number of seeds from `PROFILES`, and
            page, stamp and recorded results name synthetic manifolds as its data.

    Returns:
        the run, with all parameters set.

    Raises:
        ParameterError: an unknown profile, dataset or device, or a count that is not a whole number in its range.
        DataError: the dataset is missing, damaged, or cannot be downloaded.
    """
    parameters = {name: namespace[name] for name in namespace.get("__annotations__", ()) if name in namespace}
    profile = parameters.pop("profile", None)
    check_choice("profile", profile, tuple(PROFILES))
    common = PROFILES[profile]
    if synthetic:
        common = {"dataset": SYNTHETIC, "n_seeds": common["n_seeds"]}
    settled = common | dict((defaults or {}).get(profile, {}))
    settled |= {name: value for name, value in parameters.items() if value is not None}
    if settled["dataset"] != common["dataset"]:
        # The sizes in a profile are those of its own dataset.
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
    display(Markdown(text))
