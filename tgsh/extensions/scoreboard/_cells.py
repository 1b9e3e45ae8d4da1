"""A cell of the scoreboard: one method on one stream with one seed, as numbers; and the choice of its settings."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.datasets import ImageDataset, load
from tgsh.errors import ParameterError, check_choice, check_int
from tgsh.extensions.scoreboard._contexts import FlyContexts, NeuroModContexts
from tgsh.extensions.scoreboard._gates import Gated, HardAttention
from tgsh.extensions.scoreboard._gaussians import ContextsByGaussians, FlyAssociation, RandomLDA, RandomRidge
from tgsh.extensions.scoreboard._masks import BatchEnsemble, Superposition, SupSup
from tgsh.extensions.scoreboard._method import Method
from tgsh.extensions.scoreboard._mlp import OwnNetwork
from tgsh.extensions.scoreboard._readouts import Readout
from tgsh.extensions.scoreboard._shared import EWC, FineTuned, Joint, Replay
from tgsh.extensions.scoreboard._streams import STREAMS, make_stream, split_images, stand_in, validation_images
from tgsh.measures import average_accuracy, average_incremental_accuracy, forgetting, forward_transfer

_TUNED = 1_000_000  # seed of the networks that choose the settings: none of the cells has it


@dataclass(frozen=True)
class Entry:
    """A row of the scoreboard.

    Attributes:
        title: for readers.
        kind: the class of the method.
        fixed: arguments that are part of the method, not chosen.
    """

    title: str
    kind: type[Method]
    fixed: dict[str, Any] = field(default_factory=dict)

    def make(self, n_tasks: int, seed: int, settings: dict[str, Any]) -> Method:
        """A learner for a stream of ``n_tasks`` tasks.

        Raises:
            ParameterError: a setting is unknown or out of range.
        """
        unknown = sorted(set(settings) - set(self.kind.TRIALS[0]))
        if unknown:
            raise ParameterError(f"{self.title} has no setting {unknown[0]!r}; it has {', '.join(self.kind.TRIALS[0])}")
        return self.kind(n_tasks, seed, **self.fixed, **settings)


METHODS: dict[str, Entry] = {
    "flynet": Entry("FlyNet", FlyContexts),
    "neuromodnet": Entry("NeuroModNet", NeuroModContexts),
    "readout_784": Entry("readout of 784 fly units", Readout, {"width_mult": 1}),
    "readout_all": Entry("readout of all 7,840 units", Readout, {"width_mult": 10}),
    "pixels": Entry("softmax on pixels", Readout, {"width_mult": 0}),
    "own_small": Entry("own network, 10 units", OwnNetwork, {"hidden": 10}),
    "own_large": Entry("own network, 256 units", OwnNetwork, {"hidden": 256}),
    "supsup": Entry("SupSup", SupSup),
    "batchensemble": Entry("BatchEnsemble, random weights", BatchEnsemble),
    "psp": Entry("superposition (PSP)", Superposition),
    "xdg": Entry("gating (XdG)", Gated),
    "hat": Entry("hard attention (HAT)", HardAttention),
    "finetuned": Entry("fine-tuning", FineTuned),
    "ewc": Entry("EWC", EWC),
    "replay": Entry("replay (DER++), 500 images", Replay, {"size": 500}),
    "ridge": Entry("ridge on random features", RandomRidge),
    "lda": Entry("LDA on random features", RandomLDA),
    "fly_association": Entry("fly association", FlyAssociation),
    "gaussians": Entry("Gaussians, then contexts", ContextsByGaussians),
    "joint": Entry("joint training", Joint),
}


@contextmanager
def _one_thread() -> Iterator[None]:
    # Sums of several threads are rounded in another order: a cell would not come back on another machine.
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass
class Stopwatch:
    """Processor time to learn each task, and of a reference that learns the first tasks in turn with the method.

    Attributes:
        reference: the other learner.
        n: number of tasks that it learns.
        own, others: seconds of the processor, one for each task.
    """

    reference: Method
    n: int
    own: list[float] = field(default_factory=list)
    others: list[float] = field(default_factory=list)

    def learn(self, learner: Method, images: Tensor, labels: Tensor) -> None:
        """Let the method learn a task, then the reference."""
        self.own.append(_seconds(lambda: learner.learn(images, labels)))
        if len(self.others) < self.n:
            self.others.append(_seconds(lambda: self.reference.learn(images, labels)))

    def finish(self, learner: Method) -> None:
        """Let the method finish; the time of joint training is shared among the tasks."""
        last = _seconds(learner.finish)
        if learner.joint:
            self.own = [(sum(self.own) + last) / len(self.own)]

    @property
    def ratio(self) -> float:
        """Median time of the method over that of the reference."""
        return median(self.own) / median(self.others)


def _seconds(job: Callable[[], None]) -> float:
    # Of the processor, not of the clock: other work on the machine does not count.
    start = time.process_time()
    job()
    return time.process_time() - start


def accuracy_matrix(learner: Method, stream: TaskStream, watch: Stopwatch | None = None) -> np.ndarray:
    """Learn a stream, and measure the test accuracy on every task after each of them.

    Args:
        learner: the method; it has learned nothing yet.
        stream: the tasks.
        watch: measures the time of learning.

    Returns:
        ``(T + 1, T)``: the first row before anything is learned. Where a method is isolated, or learns all tasks
        together, each entry is known from one measurement. Entries of the other rows for tasks that are more than one
        ahead enter no measure; they are copied from the first row.
    """
    T = len(stream)
    tests = [stream.images(t, "test") for t in range(T)]
    watch = watch or Stopwatch(learner, 0)

    def measure(t: int) -> float:
        images, labels = tests[t]
        return (learner.predict(images, t if learner.told else None) == labels).double().mean().item()

    a = np.tile([measure(t) for t in range(T)], (T + 1, 1))
    for t in range(T):
        watch.learn(learner, *stream.images(t, "train"))
        if learner.isolated:
            a[t + 1 :, t] = measure(t)
        elif not learner.joint:
            ahead = min(t + 2, T)
            a[t + 1, :ahead] = [measure(j) for j in range(ahead)]
    watch.finish(learner)
    if learner.joint:
        a[1:] = [measure(t) for t in range(T)]
    return a


def run_cell(
    stream: str,
    method: str,
    seed: int,
    settings: str = "{}",
    dataset: str = "mnist",
    n_train: int = 500,
    n_test: int = 200,
    n_validation: int = 1000,
    n_tasks: int | None = None,
    timed: int = 1,
) -> dict[str, float]:
    """Measure one method on one stream with one seed.

    Args:
        stream: a key of `STREAMS`.
        method: a key of `METHODS`.
        seed: of the method and of the choice of the training images; all methods have the same images.
        settings: arguments of the method, as JSON text.
        dataset: ``"mnist"`` or ``"digits"``.
        n_train: training images of a task; on the split stream, on average.
        n_test: test images of a task; on the split stream, on average.
        n_validation: training images that are held out.
        n_tasks: number of tasks; default: all of the stream.
        timed: number of tasks that FlyNet, as published, learns as well, in turn, to measure time in its units; 0
            leaves time_ratio out.

    Returns:
        final_accuracy, average_accuracy, forgetting, backward_transfer, forward_transfer (the last three not for joint
        training, nor for a single task), numbers_per_task, bytes_per_task, seconds_per_task (of the processor, median),
        and time_ratio, to FlyNet.

    Raises:
        ParameterError: an unknown name, or a number out of range.
    """
    entry = METHODS[check_choice("method", method, tuple(METHODS))]
    tasks = stream_of(stream, dataset, n_train, n_test, n_validation, seed, n_tasks)
    timed = check_int("timed", timed, 0)
    with _one_thread():
        learner = entry.make(len(tasks), seed, json.loads(settings))
        if timed:  # compile FlyNet's training before it is timed
            METHODS["flynet"].make(1, seed, {}).learn(*tasks.images(0, "train", slice(10)))
        watch = Stopwatch(METHODS["flynet"].make(len(tasks), seed, {}), min(timed, len(tasks)))
        matrix = accuracy_matrix(learner, tasks, watch)
    found = {"final_accuracy": average_accuracy(matrix[1:])} if learner.joint else measures(matrix)
    numbers, size = (total / len(tasks) for total in learner.stored)
    found |= {"numbers_per_task": numbers, "bytes_per_task": size}
    found["seconds_per_task"] = median(watch.own)
    return found | {"time_ratio": watch.ratio} if timed else found


def measures(matrix: np.ndarray) -> dict[str, float]:
    """The measures of an accuracy matrix ``(T + 1, T)``, as `accuracy_matrix` returns it."""
    untrained, a = matrix[0], matrix[1:]
    found = {"final_accuracy": average_accuracy(a), "average_accuracy": average_incremental_accuracy(a)}
    if len(a) > 1:
        lost = forgetting(a)
        found |= {"forgetting": lost, "backward_transfer": -lost}
        found["forward_transfer"] = forward_transfer(a, untrained)
    return found


@lru_cache(maxsize=8)
def _images(dataset: str, n_train: int, n_test: int, n_validation: int, seed: int) -> ImageDataset:
    return split_images(load(dataset), n_train, n_test, n_validation, seed)


def stream_of(
    name: str, dataset: str, n_train: int, n_test: int, n_validation: int, seed: int, n_tasks: int | None = None
) -> TaskStream:
    """The stream of a cell; arguments as in `run_cell`. A class of the split stream is in one task only."""
    check_choice("stream", name, tuple(STREAMS))
    share = STREAMS["split"] if name == "split" else 1
    return make_stream(name, _images(dataset, share * n_train, share * n_test, n_validation, seed), n_tasks)


def tune(
    stream: str, method: str, dataset: str = "mnist", n_train: int = 500, n_validation: int = 1000
) -> dict[str, Any]:
    """Choose the settings of a method on the first task of a stream, by accuracy on held-out training images.

    Every method has the same number of trials. The test images are not used, nor is any other task. A method whose
    tasks may change one another is judged after several tasks that are made of the first (`stand_in`), by its mean
    accuracy on them; one that is isolated or joint, by its accuracy on the first. Of equal trials the first is chosen.

    Args:
        stream, method, dataset, n_train, n_validation: as in `run_cell`.

    Returns:
        ``settings``, the chosen trial, and ``accuracy``, of all trials, in [0, 1].

    Raises:
        ParameterError: as in `run_cell`.
    """
    entry = METHODS[check_choice("method", method, tuple(METHODS))]
    share = STREAMS["split"] if check_choice("stream", stream, tuple(STREAMS)) == "split" else 1
    judged = validation_images(load(dataset), n_validation)
    learned = make_stream(stream, split_images(judged, share * n_train, n_validation, n_validation, 0))
    train, held_out = learned.images(0, "train"), learned.images(0, "test")
    tasks = [(train, held_out)]
    if not (entry.kind.isolated or entry.kind.joint):
        tasks = stand_in(ImageDataset("first", "first task", *train, *held_out))
    accuracy = []
    for settings in entry.kind.TRIALS:
        with _one_thread():
            learner = entry.make(len(tasks), _TUNED, settings)
            for images, _ in tasks:
                learner.learn(*images)
            learner.finish()
            found = [
                (learner.predict(images, t if learner.told else None) == labels).double().mean().item()
                for t, (_, (images, labels)) in enumerate(tasks)
            ]
        accuracy.append(sum(found) / len(found))
    return {"settings": entry.kind.TRIALS[int(np.argmax(accuracy))], "accuracy": accuracy}
