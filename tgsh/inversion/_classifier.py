"""An independent classifier of reconstructions: a convolutional network that learns from real images only."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tgsh.benchmarks import SIDE, Part, TaskStream, join_images
from tgsh.errors import ParameterError, check_int, check_labels, check_pixels
from tgsh.inversion._quality import develop
from tgsh.runs import ByValue, RunCache, describe, parallel_map
from tgsh.seeding import generator

_BATCH, _LR = 256, 3e-3


@dataclass(frozen=True, eq=False)
class Reading(ByValue):
    """Result of classifying pictures whose class k and task t are known.

    The fields have one entry for each picture: they are ``(T, K)`` for pictures of K classes in T tasks, else ``(N,)``.

    Attributes:
        digit: whether the most probable class is k, given the task.
        digit_task_unknown: whether the most probable class is k, with the task unknown.
        task_distance: distance between t and the most probable task, given the class, in the unit of the stream.
    """

    digit: np.ndarray
    digit_task_unknown: np.ndarray
    task_distance: np.ndarray


class TaskClassifier(nn.Module):
    """A small convolutional network with one output for each class in each task.

    Its outputs are joint probabilities of class and task. So one training answers three questions: the class, given the
    task; the task, given the class; the class, with the task unknown. It has nothing in common with a CRWN: it
    convolves, learns all its weights, and has no context.

    Args:
        distances: ``(T, T)`` distances between the tasks (`TaskStream.distances`).
        n_classes: number K of classes.
        seed: seed of its initial weights.
    """

    def __init__(self, distances: np.ndarray, n_classes: int = 10, seed: int = 0) -> None:
        super().__init__()
        self.distances, self.shape = distances, (len(distances), n_classes)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(generator(seed, "judge").initial_seed())
            self.layers = nn.Sequential(
                *(nn.Conv2d(1, 16, 5, 2, 2, dtype=torch.float32), nn.ReLU()),
                *(nn.Conv2d(16, 32, 3, 2, 1, dtype=torch.float32), nn.ReLU()),
                *(nn.Conv2d(32, 64, 3, 2, 1, dtype=torch.float32), nn.ReLU(), nn.Flatten()),
                *(nn.Linear(64 * 16, 128, dtype=torch.float32), nn.ReLU()),
                nn.Linear(128, len(distances) * n_classes, dtype=torch.float32),
            )

    def forward(self, pictures: Tensor) -> Tensor:
        """Log probabilities ``(N, T, K)`` of each class in each task, of pictures ``(N, 784)`` in [0, 1]."""
        joint = self.layers(pictures.float().reshape(-1, 1, SIDE, SIDE))
        return joint.log_softmax(1).unflatten(1, self.shape)

    def read(self, pictures: Tensor, tasks: Sequence[int] | None = None) -> Reading:
        """Classify one picture of each class in each of several tasks.

        Args:
            pictures: ``(T, K, 784)``, in [0, 1].
            tasks: ``(T,)`` positions of the tasks in the stream; default: all tasks, in order.

        Returns:
            a `Reading` whose fields are ``(T, K)``.

        Raises:
            ParameterError: there are not as many pictures as tasks and classes, or pixels are not in [0, 1].
        """
        tasks = range(self.shape[0]) if tasks is None else tasks
        T, K = len(tasks), self.shape[1]
        if pictures.shape[:2] != (T, K):
            raise ParameterError(f"pictures of {T} tasks and {K} classes are to be read; got {tuple(pictures.shape)}")
        task, label = torch.tensor(list(tasks)).repeat_interleave(K), torch.arange(K).repeat(T)
        found = self.read_each(pictures.flatten(0, 1), task, label)
        return Reading(*(values.reshape(T, K) for values in astuple(found)))

    @torch.no_grad()
    def read_each(self, pictures: Tensor, task: Tensor, label: Tensor) -> Reading:
        """Classify pictures of any tasks and classes.

        Args:
            pictures: ``(N, 784)``, in [0, 1], or uint8 from 0 to 255.
            task: ``(N,)``, the task of each picture.
            label: ``(N,)``, its class.

        Returns:
            a `Reading` whose fields are ``(N,)``.

        Raises:
            ParameterError: pixels are not in [0, 1], or there is no such task or class.
        """
        pictures, n = _in_unit_range(check_pixels("pictures", pictures)), len(pictures)
        task = check_labels("task", task, n, self.shape[0])
        label = check_labels("label", label, n, self.shape[1])
        joint = torch.cat([self(part) for part in pictures.split(2000)])
        each = torch.arange(len(joint))
        given_task = joint[each, task].argmax(1) == label
        task_unknown = joint.logsumexp(1).argmax(1) == label
        likeliest = joint[each, :, label].argmax(1)
        return Reading(given_task.numpy(), task_unknown.numpy(), self.distances[task.numpy(), likeliest.numpy()])


def train_classifier(
    stream: TaskStream, epochs: int = 8, seed: int = 0, cache: RunCache | None = None
) -> TaskClassifier:
    """Train a classifier on the training images of a stream.

    In each epoch, each image is shown in a random task. The optimiser is AdamW with one cycle of the learning rate.
    Training runs on the CPU, in one thread: it amplifies rounding, which depends on the number of threads.

    Args:
        stream: the tasks. They must share their training images.
        epochs: passes over the training images.
        seed: seed of the initial weights, of the tasks and of the order of the images.
        cache: storage of the result; default: the user's run cache.

    Raises:
        ParameterError: ``epochs`` is below 1, or the tasks lie on no axis.
    """
    epochs = check_int("epochs", epochs, 1)
    classifier = TaskClassifier(stream.distances(), stream.dataset.n_classes, seed)
    cache = cache if cache is not None else RunCache()
    data, cpu = stream.dataset.fingerprint(), torch.device("cpu")
    settings = {"epochs": epochs, "seed": seed}
    tasks = [stream.task_identity(t, data) for t in range(len(stream))]
    spec = describe([classifier, train_classifier], {}, cpu, tasks=tasks, **settings)

    def compute() -> dict[str, Tensor]:
        list(parallel_map(lambda seed: _fit(classifier, stream, epochs, seed), [seed], cpu))
        return classifier.state_dict()

    classifier.load_state_dict(dict(cache.get_or_compute(spec, compute)))
    return classifier.eval()


def _fit(classifier: TaskClassifier, stream: TaskStream, epochs: int, seed: int) -> None:
    labels = stream.labels(0, "train")
    source = generator(seed, "judge", "data")
    classifier.to(memory_format=torch.channels_last)  # in which convolutions take a fifth less time
    optimiser = torch.optim.AdamW(classifier.parameters(), lr=_LR)
    steps = epochs * -(-len(labels) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _LR, total_steps=steps)
    for _ in range(epochs):
        task = torch.randint(len(stream), (len(labels),), generator=source)
        pictures = _each_in_its_task(stream, "train", task)
        for chosen in torch.randperm(len(labels), generator=source).split(_BATCH):
            answer = task[chosen] * classifier.shape[1] + labels[chosen]
            loss = F.nll_loss(classifier(_in_unit_range(pictures[chosen])).flatten(1), answer)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    classifier.to(memory_format=torch.contiguous_format)


def _each_in_its_task(stream: TaskStream, part: Part, task: Tensor) -> Tensor:
    # Image i of a part as task[i] shows it: (N, 784), uint8 or floating.
    rows = [(task == t).nonzero()[:, 0] for t in range(len(stream))]
    shown = join_images([stream.images(t, part, chosen)[0].flatten(1) for t, chosen in enumerate(rows)])
    return torch.empty_like(shown).index_copy_(0, torch.cat(rows), shown)


def _in_unit_range(images: Tensor) -> Tensor:
    return images if images.is_floating_point() else images.float() / 255


def read_test_images(classifier: TaskClassifier, stream: TaskStream, seed: int = 0) -> Reading:
    """Classify the test images of a stream, each in a random task.

    Args:
        classifier: a classifier of the tasks of the stream.
        stream: the tasks. They must share their test images.
        seed: seed of the tasks.

    Returns:
        a `Reading` whose fields are ``(N,)``.
    """
    labels = stream.labels(0, "test")
    task = torch.randint(len(stream), (len(labels),), generator=generator(seed, "judge", "test"))
    pictures = _in_unit_range(_each_in_its_task(stream, "test", task))
    return classifier.read_each(pictures, task, labels)


DEVELOPMENTS = tuple(itertools.product((0.3, 1.0, 1.5, 2.0), (0.0, 0.5, 0.75, 0.85)))  # blur, black


def best_development(
    classifier: TaskClassifier, images: Tensor, tasks: Sequence[int] | None = None
) -> tuple[float, float]:
    """Find the blur and the black level of `develop` for which the classifier reads most images as the right digit.

    Blur and black level carry no information about the network, so each method is scored at its best setting. The
    share given the task and the share with the task unknown count equally. If only the first counted, then settings
    for which every picture is read correctly would be equal, and their order would decide the second.

    Args:
        classifier: a trained classifier.
        images: raw reconstructions ``(T, K, 784)``.
        tasks: ``(T,)`` positions of their tasks in the stream; default: all tasks, in order.

    Returns:
        blur and black level, the first of the best in ``DEVELOPMENTS``.
    """
    readings = [classifier.read(develop(images, *how), tasks) for how in DEVELOPMENTS]
    scores = [reading.digit.mean() + reading.digit_task_unknown.mean() for reading in readings]
    return DEVELOPMENTS[int(np.argmax(scores))]
