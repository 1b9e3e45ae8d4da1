"""Training a stream, one context for each task: tasks in the run cache are read, the others are trained.

`train_seeds` repeats it with several networks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.errors import ParameterError, check_int
from tgsh.networks import CRWN
from tgsh.runs import ByValue, RunCache, describe, parallel_map, resolve_device, tensor_digest, track
from tgsh.training._autograd import fit_autograd
from tgsh.training._closed_form import STAGED, fit_closed_form, has_closed_form
from tgsh.training._evaluation import own_accuracy
from tgsh.training._fused import fit_fused, is_fused
from tgsh.training._recipe import Recipe

Fit = Callable[[CRWN, TaskStream, Sequence[int], Recipe, int], None]


@dataclass(frozen=True, eq=False)
class StreamRecord(ByValue):
    """The result of training a stream of T tasks.

    Attributes:
        accuracy: ``(T,)`` test accuracy, in [0, 1], on each task right after it was learned.
        before: ``(T, H)`` context vectors before training, on the device of the network.
        contexts: ``(T, H)`` context vectors after training, on the device of the network.
        from_cache: ``(T,)`` whether the context was read from the run cache.
        device: name of the device of the network.
    """

    accuracy: Tensor
    before: Tensor = field(repr=False)
    contexts: Tensor = field(repr=False)
    from_cache: tuple[bool, ...] = field(compare=False)
    device: str = "cpu"


def training_rule(net: CRWN) -> Fit:
    """Return the rule that trains a network: the fastest that can.

    `fit_fused` for FlyNet on a CPU, `fit_closed_form` for what modulates as Eq. 2 does, else `fit_autograd`.
    """
    if is_fused(net):
        return fit_fused
    return fit_closed_form if has_closed_form(net) else fit_autograd


def groups(
    net: CRWN, stream: TaskStream, recipe: Recipe, tasks: Sequence[int], memory: float | None = None
) -> list[list[int]]:
    """Split tasks into groups that are trained together.

    On a CPU a group is one task, and each core takes a group (`learn`). On a GPU a group is as large as the memory
    allows. The tasks of a group have equal numbers of training images.

    Args:
        net: the network.
        stream: the tasks.
        recipe: settings of the training.
        tasks: positions in the stream.
        memory: bytes that a group may fill on a GPU; default: half of the free memory. A group has at least one task.
    """
    device, at_once = net.W2.device, 1
    if device.type == "cuda":
        memory = torch.cuda.mem_get_info(device)[0] / 2 if memory is None else memory
        at_once = max(1, int(memory / _bytes_per_task(net, stream, recipe)))
    alike = [list(same) for _, same in groupby(tasks, key=lambda t: stream.count(t, "train"))]
    return [same[i : i + at_once] for same in alike for i in range(0, len(same), at_once)]


def _bytes_per_task(net: CRWN, stream: TaskStream, recipe: Recipe) -> int:
    # Pixels, twice during the transform; features of two batches; staged inputs, twice; contexts, gradients and
    # W2 * m; and the features of all images where autograd keeps them.
    images, B, units = stream.dataset.train_images, recipe.batch_size, len(net.c[0])
    first, _ = stream.images(0, "train", torch.arange(1), net.W2.device)
    kept = 0 if has_closed_form(net) else len(images) * net.features(net.inputs(first)).shape[1]
    pixels = 2 * first.element_size() * images.numel()
    numbers = 2 * B * units + 2 * STAGED * B * net.n_inputs + 30 * units + kept
    return pixels + net.W2.element_size() * numbers


def learn(
    net: CRWN,
    stream: TaskStream,
    planned: Sequence[list[int]],
    recipe: Recipe,
    data_seed: int,
    fit: Fit | None = None,
    memory: float | None = None,
) -> Iterator[dict[int, float]]:
    """Train groups of tasks without the run cache, and yield the test accuracies of each group when it is trained.

    Args:
        net: the network; its contexts are trained in place.
        stream: the tasks.
        planned: groups of tasks, from `groups`.
        recipe: settings of the training.
        data_seed: seed of the order of the training images.
        fit: the training rule; default: `training_rule`.
        memory: bytes that the groups which a CPU trains at the same time may fill; at least one is trained.

    Yields:
        task -> test accuracy in [0, 1], for the tasks of one group.
    """
    fit = training_rule(net) if fit is None else fit

    def job(group: list[int]) -> dict[int, float]:
        fit(net, stream, group, recipe, data_seed)
        return {t: own_accuracy(net, stream, t).item() for t in group}

    at_most = None if memory is None else max(1, int(memory / _bytes_per_task(net, stream, recipe)))
    return parallel_map(job, planned, net.W2.device, at_most)


def train_stream(
    net: CRWN,
    stream: TaskStream,
    recipe: Recipe | None = None,
    *,
    device: str | None = None,
    data_seed: int | None = None,
    memory: float | None = None,
    cache: RunCache | None = None,
    progress: bool = True,
    fit: Fit | None = None,
) -> StreamRecord:
    """Train every task of a stream, one context each, and measure the test accuracy on it.

    Args:
        net: a network with at least as many contexts as the stream has tasks; they are trained in place.
        stream: the tasks.
        recipe: settings of the training; default: the published ones.
        device: ``"auto"`` (a GPU if there is one), ``"cpu"``, ``"cuda"`` or ``"cuda:N"``. The network is moved there
            and stays there. Default: the device where it is.
        data_seed: seed of the order of the training images; default: the seed of the network.
        memory: bytes that tasks which are trained at the same time may fill, besides the dataset and the Python process
            (0.7 GB with MNIST). It affects the speed only; at least one task is trained.
        cache: keeps trained tasks, so that an interrupted run continues; default: the run cache of the user. A subclass
            may override ``get`` and ``put``.
        progress: whether to show the progress.
        fit: the training rule, a function ``fit(net, stream, tasks, recipe, data_seed)`` that trains the contexts of
            some tasks in place; default: `training_rule`.

    Raises:
        ParameterError: the network has too few contexts, a setting is out of range, there is no such device, the cache
            is no `RunCache`, or training diverged.
    """
    recipe = recipe if recipe is not None else Recipe()
    if net.n_tasks < len(stream):
        raise ParameterError(f"the network has {net.n_tasks} contexts but the stream has {len(stream)} tasks")
    if device is not None:
        net.to(resolve_device(device))
    data_seed = net.seed if data_seed is None else check_int("data_seed", data_seed, 0)
    cache = cache if cache is not None else RunCache()
    if not isinstance(cache, RunCache):
        raise ParameterError(f"cache must be a RunCache or of a subclass of it, not {type(cache).__name__}")
    fit = training_rule(net) if fit is None else fit

    before = net.context_vectors()[: len(stream)]
    specs = _specs(net, stream, recipe, data_seed, fit)
    accuracy = torch.zeros(len(stream), dtype=torch.float64)

    def missing(tasks: Sequence[int]) -> list[int]:
        return [t for t in tasks if not _restore(net, t, specs[t] and cache.get(specs[t]), accuracy)]

    todo = missing(range(len(stream)))
    # Chapters that run at the same time take turns with a stream, so that its tasks are trained once.
    with cache.turn(specs[0] if todo else None):
        todo = missing(todo)
        planned = groups(net, stream, recipe, todo, memory)
        learning = learn(net, stream, planned, recipe, data_seed, fit, memory)
        for learned in track(learning, "training", sizes=[len(group) for group in planned], enabled=progress):
            for t, reached in learned.items():
                accuracy[t] = reached
                if specs[t] is not None:
                    cache.put(specs[t], {"g": net.g[t].detach(), "c": net.c[t].detach(), "accuracy": accuracy[t]})
    known = tuple(t not in todo for t in range(len(stream)))
    return StreamRecord(accuracy, before, net.context_vectors()[: len(stream)], known, str(net.W2.device))


def _specs(net: CRWN, stream: TaskStream, recipe: Recipe, data_seed: int, fit: Fit) -> list[dict[str, object] | None]:
    # All that determines each trained context: the key of its cache entry.
    data, settings = stream.dataset.fingerprint(), {"recipe": asdict(recipe), "data_seed": data_seed}
    common = describe([net, fit, type(stream)], {}, net.W2.device, dtype=str(net.W2.dtype), **settings)

    def spec(t: int) -> dict[str, object]:
        # The initial context is the present one, which need not be `CRWN.initial_context`.
        start = tensor_digest({"g": net.g[t].detach(), "c": net.c[t].detach()})
        return common | {"start": start, "task": stream.task_identity(t, data), "order": stream.order_key(t)}

    return [None if common is None else spec(t) for t in range(len(stream))]


@torch.no_grad()
def _restore(net: CRWN, task: int, entry: dict[str, Tensor] | None, accuracy: Tensor) -> bool:
    if entry is None:
        return False
    net.g[task].copy_(entry["g"])
    net.c[task].copy_(entry["c"])
    accuracy[task] = entry["accuracy"]
    return True


@dataclass(frozen=True, eq=False)
class TrainedNetwork(ByValue):
    """A trained network, its stream, and the result of `train_stream`.

    Attributes:
        net: the network, with trained contexts.
        stream: the tasks that it learned.
        record: accuracies, and contexts before and after training.
    """

    net: CRWN
    stream: TaskStream
    record: StreamRecord

    @property
    def before(self) -> Tensor:
        """Context vectors before training, ``(T, H)``."""
        return self.record.before

    @property
    def contexts(self) -> Tensor:
        """Context vectors after training, ``(T, H)``."""
        return self.record.contexts

    @property
    def accuracy(self) -> Tensor:
        """Test accuracy ``(T,)``, in [0, 1], on each task right after it was learned."""
        return self.record.accuracy


def train_seeds(
    make_net: Callable[[int], CRWN],
    stream: TaskStream | Callable[[int], TaskStream],
    seeds: Sequence[int],
    recipe: Recipe | None = None,
    **how: Any,
) -> list[TrainedNetwork]:
    """Train one network for each seed on a stream.

    Args:
        make_net: function of a seed that makes a network.
        stream: a stream for all seeds, or a function of a seed that makes one.
        seeds: seeds; each gets a network.
        recipe: settings of the training; default: the published ones.
        how: other arguments of `train_stream`, such as ``device``.

    Returns:
        one trained network for each seed, in order.

    Raises:
        ParameterError: as in `train_stream`.
    """
    trained = []
    for seed in seeds:
        net, tasks = make_net(seed), stream if isinstance(stream, TaskStream) else stream(seed)
        trained.append(TrainedNetwork(net, tasks, train_stream(net, tasks, recipe, **how)))
    return trained
