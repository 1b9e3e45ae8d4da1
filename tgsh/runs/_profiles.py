"""Profiles, which set the size of a chapter, and the parameters that a reader may change."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from IPython.display import Markdown, display
from torch import Tensor

from tgsh.datasets import DATASETS, ImageDataset, load
from tgsh.errors import check_choice
from tgsh.runs._device import resolve_device
from tgsh.runs._parameters import Range, Settling, check_names

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


_OF_DATA = ("dataset", "n_train", "n_test")  # of every chapter
SYNTHETIC = "synthetic"  # the dataset of a chapter that generates its own points


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

    def labels(self) -> tuple[Tensor, Tensor]:
        """The labels of the training and of the test images of this run."""
        data = self.load()
        return data.train_labels, data.test_labels

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
    ranges: Mapping[str, Range] | None = None,
    synthetic: bool = False,
) -> Run:
    """Collect and check the parameters of a chapter, and display its dataset, profile and seed.

    A parameter that is None takes its value from ``defaults[profile]``, else from `PROFILES`. Such a value is lowered
    to what there is, where a reader's choice of another parameter leaves fewer tasks or images. What a reader sets is
    taken as it is, or refused.

    Args:
        chapter: name of its file, without ending.
        namespace: ``globals()`` of the chapter. Its parameters are the names that the cell tagged ``parameters``
            annotates with a type; papermill may have given them other values since.
        defaults: the chapter's own values by profile. They may have names that are no parameters, such as sizes of a
            smoke run.
        ranges: the accepted values of each numeric parameter, by name, where these differ from the usual ones:
            ``(low, high)`` or ``(low, high, reason)``, where the reason says why not less than ``low``, or a list of
            all accepted values. ``high`` is a number, the name of another parameter, or one of ``"training images"``,
            ``"test images"``, ``"test images of the rarest class"``, ``"360 / step"`` and ``"free memory"``. Floats
            are the bounds of a number that need not be whole.
        synthetic: whether the chapter loads no images. It then takes only the number of seeds from `PROFILES`, and
            page, stamp and recorded results name synthetic manifolds as its data.

    Returns:
        the run, with all parameters set.

    Raises:
        ParameterError: an unknown parameter, profile, dataset or device, or a number that is not in its range.
        DataError: the dataset is missing, damaged, or cannot be downloaded.
    """
    ranges = dict(ranges or {})
    parameters = check_names(namespace, ranges)
    profile = parameters.pop("profile", None)
    check_choice("profile", profile, tuple(PROFILES))
    common = PROFILES[profile]
    if synthetic:
        common = {"dataset": SYNTHETIC, "n_seeds": common["n_seeds"]}
    # A chapter that has no number of networks, say, neither shows nor records one.
    common = {name: value for name, value in common.items() if name in parameters or name in _OF_DATA}
    own = dict((defaults or {}).get(profile, {}))
    typed = {name: value for name, value in parameters.items() if value is not None}
    settled = {"seed": 0, "device": "auto"} | parameters | common | own | typed
    if settled["dataset"] != common["dataset"]:
        # The sizes in a profile are those of its own dataset.
        settled |= {name: parameters.get(name) for name in ("n_train", "n_test")}
    check_choice("dataset", settled["dataset"], (SYNTHETIC,) if synthetic else DATASETS)
    run = Run(chapter, profile, settled)
    settling = Settling(settled, set(typed), ranges, run.labels, resolve_device(settled["device"]))
    run.parameters.update(settling.all())
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
