"""A judge of pictures that has never seen the network they were made from: it learned from real images only."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tgsh.benchmarks import SIDE, TaskStream
from tgsh.errors import ParameterError, check_int
from tgsh.prototypes import develop
from tgsh.runs.cache import RunCache, code_fingerprint
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


class Judge(nn.Module):
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


def train_judge(stream: TaskStream, epochs: int = 8, seed: int = 0, cache: RunCache | None = None) -> Judge:
    """Train a judge on the training images of a stream, each in a random task, drawn anew in every epoch.

    AdamW with one cycle of the learning rate. Always on the CPU, in seconds; the result is kept in the run cache.

    Raises:
        ParameterError: epochs below 1, or tasks that lie on no axis.
    """
    check_int("epochs", epochs, 1)
    judge = Judge(stream.distances(), stream.dataset.n_classes, seed)
    cache = cache if cache is not None else RunCache()
    spec = {
        "judge": [repr(task) for task in stream],
        "dataset": stream.dataset.fingerprint,
        "epochs": epochs,
        "seed": seed,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "code": code_fingerprint("seeding", "datasets", "benchmarks", "judge"),
    }
    known = cache.get(spec)
    if known is None:
        _fit(judge, stream, epochs, seed)
        cache.put(spec, judge.state_dict())
    else:
        judge.load_state_dict(known)
    return judge.eval()


def _fit(judge: Judge, stream: TaskStream, epochs: int, seed: int) -> None:
    images, labels = stream.dataset.train_images, stream.dataset.train_labels
    source = generator(seed, "judge", "data")
    judge.to(memory_format=torch.channels_last)  # in which convolutions take a fifth less time
    optimiser = torch.optim.AdamW(judge.parameters(), lr=_LR)
    steps = epochs * -(-len(images) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _LR, total_steps=steps)
    for _ in range(epochs):
        task = torch.randint(len(stream), (len(images),), generator=source)
        pictures = _turned(stream, images, task)
        for chosen in torch.randperm(len(images), generator=source).split(_BATCH):
            answer = task[chosen] * judge.shape[1] + labels[chosen]
            loss = F.nll_loss(judge(pictures[chosen] / 255).flatten(1), answer)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    judge.to(memory_format=torch.contiguous_format)


def _turned(stream: TaskStream, images: Tensor, task: Tensor) -> Tensor:
    # Every image in its own task, as uint8 (N, 784).
    turned = torch.empty_like(images)
    for t in task.unique().tolist():
        turned[task == t] = stream[t](images[task == t])
    return turned.flatten(1)


def judge_real(judge: Judge, stream: TaskStream, seed: int = 0) -> Reading:
    """What the judge reads in the test images, each in a random task; the fields are ``(N,)``."""
    data = stream.dataset
    task = torch.randint(len(stream), (len(data.test_images),), generator=generator(seed, "judge", "test"))
    pictures = _turned(stream, data.test_images, task) / 255
    return Reading(*judge.answers(pictures, task, data.test_labels))


DEVELOPMENTS = tuple(itertools.product((0.3, 1.0, 1.5, 2.0), (0.0, 0.5, 0.75, 0.85)))  # blur, black


def favourable(judge: Judge, images: Tensor, tasks: Sequence[int] | None = None) -> tuple[float, float]:
    """The blur and black level of `develop` under which the judge reads most of ``images`` as the right digit.

    How dark a picture is, and how smooth, is no knowledge of the network: each inverse may have it as it likes it best.
    Told the task and told nothing count alike. Where every picture is legible to a judge who knows the task, many
    developments are equally good, and which came first would decide what a judge who is told nothing reads.
    """
    readings = [judge.read(develop(images, *how), tasks) for how in DEVELOPMENTS]
    return DEVELOPMENTS[int(np.argmax([reading.digit.mean() + reading.blind.mean() for reading in readings]))]
