"""A judge of pictures that has never seen the network they were made from: it learned from real images only."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tgsh.benchmarks import SIDE, Part, TaskStream
from tgsh.errors import ParameterError, check_int
from tgsh.inversion._quality import develop
from tgsh.runs import RunCache, describe
from tgsh.seeding import generator

_BATCH, _LR = 256, 3e-3


@dataclass(frozen=True)
class Reading:
    """What a judge reads in pictures ``(T, K, 784)`` that were made for class k in task t.

    Attributes:
        digit: ``(T, K)`` whether the likeliest class is k, the judge being told the task.
        blind: ``(T, K)`` whether it is k, the judge not being told the task.
        off: ``(T, K)`` distance from t to the likeliest task, the judge being told the class; in the stream's unit.
    """

    digit: np.ndarray
    blind: np.ndarray
    off: np.ndarray


class TaskClassifier(nn.Module):
    """A small convolutional network with one output for every class in every task.

    Its answers are joint probabilities, so one training serves three questions: which class, given the task; which
    task, given the class; which class, the task unknown. It shares nothing with a CRWN: it convolves, learns all its
    weights, and sees no context.

    Args:
        distances: ``(T, T)`` between tasks, as `TaskStream.distances` has them.
        seed: of its initial weights.
    """

    def __init__(self, distances: np.ndarray, n_classes: int = 10, seed: int = 0) -> None:
        super().__init__()
        self.distances, self.shape = distances, (len(distances), n_classes)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(generator(seed, "judge").initial_seed())
            self.layers = nn.Sequential(
                *(nn.Conv2d(1, 16, 5, 2, 2), nn.ReLU()),
                *(nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU()),
                *(nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU(), nn.Flatten()),
                *(nn.Linear(64 * 16, 128), nn.ReLU()),
                nn.Linear(128, len(distances) * n_classes),
            )

    def forward(self, pictures: Tensor) -> Tensor:
        """Log-probabilities ``(N, T, K)`` of every class in every task, from pictures ``(N, 784)`` in [0, 1]."""
        joint = self.layers(pictures.float().reshape(-1, 1, SIDE, SIDE))
        return joint.log_softmax(1).unflatten(1, self.shape)

    def read(self, pictures: Tensor, tasks: Sequence[int] | None = None) -> Reading:
        """Read pictures ``(T, K, 784)`` in [0, 1], made for every class in each of ``tasks`` (default: all, in order).

        Raises:
            ParameterError: there are not as many pictures as tasks and classes, or pixels are out of range.
        """
        tasks = range(self.shape[0]) if tasks is None else tasks
        T, K = len(tasks), self.shape[1]
        if pictures.shape[:2] != (T, K):
            raise ParameterError(f"pictures of {T} tasks and {K} classes are to be read; got {tuple(pictures.shape)}")
        task, label = torch.tensor(list(tasks)).repeat_interleave(K), torch.arange(K).repeat(T)
        return Reading(*(answer.reshape(T, K) for answer in self.answers(pictures.flatten(0, 1), task, label)))

    @torch.no_grad()
    def answers(self, pictures: Tensor, task: Tensor, label: Tensor) -> tuple[np.ndarray, ...]:
        """The fields of a `Reading`, each ``(N,)``, of pictures ``(N, 784)`` of known ``task`` and ``label`` ``(N,)``.

        Raises:
            ParameterError: pixels are not in [0, 1].
        """
        if not (pictures.min() >= 0 and pictures.max() <= 1):
            raise ParameterError("a judge reads pictures with pixels in [0, 1]")
        joint = torch.cat([self(part) for part in pictures.split(2000)])
        each = torch.arange(len(joint))
        by_class, by_task = joint[each, task], joint[each, :, label]
        off = self.distances[task.numpy(), by_task.argmax(1).numpy()]
        told, blind = by_class.argmax(1) == label, joint.logsumexp(1).argmax(1) == label
        return told.numpy(), blind.numpy(), off


def train_classifier(
    stream: TaskStream, epochs: int = 8, seed: int = 0, cache: RunCache | None = None
) -> TaskClassifier:
    """Train a judge on the training images of a stream, each in a random task, drawn anew in every epoch.

    AdamW with one cycle of the learning rate. Always on the CPU, in seconds; the result is kept in the run cache.

    Raises:
        ParameterError: epochs below 1, or tasks that lie on no axis.
    """
    check_int("epochs", epochs, 1)
    judge = TaskClassifier(stream.distances(), stream.dataset.n_classes, seed)
    cache = cache if cache is not None else RunCache()
    data, cpu = stream.dataset.fingerprint(), torch.device("cpu")
    settings = {"epochs": epochs, "seed": seed, "threads": torch.get_num_threads()}
    tasks = [stream.task_identity(t, data) for t in range(len(stream))]
    spec = describe([judge, train_classifier], {}, cpu, tasks=tasks, **settings)

    def compute() -> dict[str, Tensor]:
        _fit(judge, stream, epochs, seed)
        return judge.state_dict()

    judge.load_state_dict(dict(cache.get_or_compute(spec, compute)))
    return judge.eval()


def _fit(judge: TaskClassifier, stream: TaskStream, epochs: int, seed: int) -> None:
    labels = stream.labels(0, "train")
    source = generator(seed, "judge", "data")
    judge.to(memory_format=torch.channels_last)  # in which convolutions take a fifth less time
    optimiser = torch.optim.AdamW(judge.parameters(), lr=_LR)
    steps = epochs * -(-len(labels) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _LR, total_steps=steps)
    for _ in range(epochs):
        task = torch.randint(len(stream), (len(labels),), generator=source)
        pictures = _each_in_its_task(stream, "train", task)
        for chosen in torch.randperm(len(labels), generator=source).split(_BATCH):
            answer = task[chosen] * judge.shape[1] + labels[chosen]
            loss = F.nll_loss(judge(_in_unit_range(pictures[chosen])).flatten(1), answer)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    judge.to(memory_format=torch.contiguous_format)


def _each_in_its_task(stream: TaskStream, part: Part, task: Tensor) -> Tensor:
    # Image i of a part as task[i] shows it: (N, 784), uint8 or floating.
    rows = [(task == t).nonzero()[:, 0] for t in range(len(stream))]
    shown = torch.cat([stream.images(t, part, chosen)[0].flatten(1) for t, chosen in enumerate(rows)])
    return torch.empty_like(shown).index_copy_(0, torch.cat(rows), shown)


def _in_unit_range(images: Tensor) -> Tensor:
    return images if images.is_floating_point() else images / 255


def read_test_images(judge: TaskClassifier, stream: TaskStream, seed: int = 0) -> Reading:
    """Classify the test images, each in a random task; the fields of the result are ``(N,)``."""
    labels = stream.labels(0, "test")
    task = torch.randint(len(stream), (len(labels),), generator=generator(seed, "judge", "test"))
    pictures = _in_unit_range(_each_in_its_task(stream, "test", task))
    return Reading(*judge.answers(pictures, task, labels))


DEVELOPMENTS = tuple(itertools.product((0.3, 1.0, 1.5, 2.0), (0.0, 0.5, 0.75, 0.85)))  # blur, black


def best_development(judge: TaskClassifier, images: Tensor, tasks: Sequence[int] | None = None) -> tuple[float, float]:
    """The blur and black level of `develop` under which the judge reads most of ``images`` as the right digit.

    How dark a picture is, and how smooth, is no knowledge of the network: each inverse may have it as it likes it best.
    Told the task and told nothing count alike. Where every picture is legible to a judge who knows the task, many
    developments are equally good, and which came first would decide what a judge who is told nothing reads.
    """
    readings = [judge.read(develop(images, *how), tasks) for how in DEVELOPMENTS]
    return DEVELOPMENTS[int(np.argmax([reading.digit.mean() + reading.blind.mean() for reading in readings]))]
