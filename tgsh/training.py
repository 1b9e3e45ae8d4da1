"""Training contexts, quickly.

What the published loop computes needs far less work than it spends. Five observations, and nothing else, make this
module fast; `tgsh.plain` keeps the loop as published, and tests hold the two to the same contexts.

1. A rotation moves pixels without mixing them, so a whole task is transformed by one gather, once (`tgsh.benchmarks`).
2. W1 has seven ones a row, so ``W1 x`` is an embedding bag, not a matrix product (`FlyNet.encode`). It is then cheaper
   to compute the features of a batch again in every epoch, while they fit in the cache of the processor, than to fetch
   them from memory; so memory does not grow with the number of samples times H.
3. ``W2 (m * h) = (W2 * m) h``: modulating the 10 rows of W2 costs 10 H products a batch, modulating h 128 H.
4. Only m_t learns. With logit errors D = softmax - onehot, the gradient is ``dL/dm = sum_k W2[k] * (D^T h)[k]``, and
   ``dL/dg = c . dL/dm``, ``dL/dc = g dL/dm``: two thin matrix products a batch, no graph.

5. Contexts of different tasks never touch each other, so tasks can be trained side by side. On a CPU every core takes
   one (`side_by_side`), and shares no small product with another core. On a GPU the batch axis holds the batches of as
   many tasks as fit, which fills the device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field

import torch
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.datasets import normalise
from tgsh.errors import ParameterError, check_int, check_positive
from tgsh.models import CRWN, FlyNet
from tgsh.runs.cache import RunCache, code_fingerprint
from tgsh.runs.device import resolve_device
from tgsh.runs.progress import track
from tgsh.runs.workers import side_by_side
from tgsh.seeding import generator

ALPHA, EPS = 0.99, 1e-8  # PyTorch's defaults for RMSprop
_STAGED = 16  # batches whose pixels are prepared together: few calls, little memory


@dataclass(frozen=True)
class Recipe:
    """How a context is trained: RMSprop on cross entropy, with the published notebook's settings as defaults."""

    epochs: int = 3
    batch_size: int = 128
    lr: float = 0.01

    def __post_init__(self) -> None:
        check_int("epochs", self.epochs, 1)
        check_int("batch_size", self.batch_size, 1)
        check_positive("lr", self.lr)


@dataclass(frozen=True)
class StreamRecord:
    """What training a stream leaves behind besides the contexts.

    Attributes:
        accuracy: ``(T,)`` test accuracy in [0, 1] on each task right after learning it. `evaluate` measures it again.
        from_cache: ``(T,)`` whether the context was read from the run cache instead of being trained.
        device: where it ran.
    """

    accuracy: Tensor
    from_cache: tuple[bool, ...] = field(compare=False)
    device: str = "cpu"


def batch_order(seed: int, task: int, epoch: int, n: int) -> Tensor:
    """The order ``(n,)`` in which one epoch of one task visits the training images. The same in every path."""
    return torch.randperm(n, generator=generator(seed, "order", task, epoch))


def batch_rows(recipe: Recipe, data_seed: int, task: int, n: int) -> Iterator[Tensor]:
    """Which of the ``n`` training images one task visits, batch after batch, epoch after epoch."""
    for epoch in range(recipe.epochs):
        yield from batch_order(data_seed, task, epoch, n).split(recipe.batch_size)


@torch.no_grad()
def fit_contexts(net: FlyNet, stream: TaskStream, tasks: Sequence[int], recipe: Recipe, data_seed: int) -> None:
    """Train the contexts of ``tasks`` side by side, in place, on the device where ``net`` is.

    Args:
        data_seed: determines the order of the training images, as in `batch_order`.
    """
    g = torch.stack([net.g[t].detach() for t in tasks])[:, None]  # (T, 1)
    c = torch.stack([net.c[t].detach() for t in tasks])  # (T, H)
    square_g, square_c = torch.zeros_like(g), torch.zeros_like(c)
    W2 = net.W2

    for x, y in batches(net, stream, tasks, recipe, data_seed):
        T, B, _ = x.shape
        h = net.encode(x.flatten(0, 1)).T.unflatten(1, (T, B)).transpose(0, 1)  # (T, H, B)
        logits = (W2 * (g * c)[:, None]) @ h  # (T, 10, B)
        D = logits.softmax(1).sub_(y.transpose(1, 2)).div_(B)
        grad_m = (W2 * (D @ h.transpose(1, 2))).sum(1)  # (T, H)
        grad_g, grad_c = (grad_m * c).sum(1, keepdim=True), grad_m * g
        _rmsprop_step(g, grad_g, square_g, recipe.lr)
        _rmsprop_step(c, grad_c, square_c, recipe.lr)

    if not (torch.isfinite(g).all() and torch.isfinite(c).all()):
        raise ParameterError(f"training diverged with lr {recipe.lr}; choose a smaller lr")
    for i, t in enumerate(tasks):
        net.g[t].copy_(g[i, 0])
        net.c[t].copy_(c[i])


def _rmsprop_step(parameter: Tensor, grad: Tensor, square: Tensor, lr: float) -> None:
    square.mul_(ALPHA).addcmul_(grad, grad, value=1 - ALPHA)
    parameter.addcdiv_(grad, square.sqrt().add_(EPS), value=-lr)


def batches(
    net: FlyNet, stream: TaskStream, tasks: Sequence[int], recipe: Recipe, data_seed: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Inputs ``(T, B, 784)`` and one-hot labels ``(T, B, 10)`` of tasks side by side, epoch after epoch.

    The same batches, in the same order, as the plain path's DataLoader yields for each task.
    """
    device, dtype = net.W2.device, net.W2.dtype
    labels = stream.dataset.train_labels.to(device)
    pixels = torch.cat([stream.train(t, device)[0].flatten(1) for t in tasks])  # (T * N, 784)
    first = torch.arange(len(tasks), device=device)[:, None] * len(labels)  # row of each task's first image
    one_hot = torch.eye(net.n_classes, device=device, dtype=dtype)
    for epoch in range(recipe.epochs):
        order = torch.stack([batch_order(data_seed, t, epoch, len(labels)) for t in tasks]).to(device)
        for staged in order.split(recipe.batch_size * _STAGED, dim=1):
            rows = (first + staged).flatten()
            x = normalise(pixels.index_select(0, rows), dtype).unflatten(0, staged.shape)
            y = one_hot[labels[staged]]
            yield from zip(x.split(recipe.batch_size, 1), y.split(recipe.batch_size, 1), strict=True)


def groups(
    net: FlyNet, stream: TaskStream, recipe: Recipe, tasks: Sequence[int], memory: float | None = None
) -> list[list[int]]:
    """Split ``tasks`` into groups to be trained side by side.

    On a CPU a group is one task, and every core takes a group (`learn`). On a GPU a group is as large as ``memory``
    (bytes; default: half of what is free) allows; it holds at least one task.
    """
    device, at_once = net.W2.device, 1
    if device.type == "cuda":
        memory = torch.cuda.mem_get_info(device)[0] / 2 if memory is None else memory
        at_once = max(1, int(memory / _bytes_per_task(net, stream, recipe)))
    return [list(tasks[i : i + at_once]) for i in range(0, len(tasks), at_once)]


def _bytes_per_task(net: CRWN, stream: TaskStream, recipe: Recipe) -> int:
    # pixels, twice while they are transformed; one batch of features and one in the making; staged inputs, twice;
    # contexts, gradients, W2 * m; what the network keeps of every image
    images, B, units = stream.dataset.train_images, recipe.batch_size, len(net.c[0])
    pixels = 2 * stream[0](images[:1]).element_size() * images.numel()
    numbers = 2 * B * units + 2 * _STAGED * B * net.n_inputs + 30 * units + net.n_kept * len(images)
    return pixels + net.W2.element_size() * numbers


@torch.no_grad()
def accuracy_on(net: CRWN, stream: TaskStream, task: int, contexts: Tensor, chunk: int = 512) -> Tensor:
    """Test accuracy in [0, 1], ``(C,)``, of each of ``contexts`` ``(C, H)`` on the test images of one task."""
    device, dtype = net.W2.device, net.W2.dtype
    images, labels = stream.test(task, device)
    contexts = contexts.to(device, dtype)
    correct = torch.zeros(len(contexts), dtype=torch.long, device=device)
    for x, y in zip(images.split(chunk), labels.split(chunk), strict=True):
        correct += (net.logits(normalise(x, dtype), contexts).argmax(2) == y).sum(1)
    return correct.double().div(len(labels)).cpu()


def evaluate(net: CRWN, stream: TaskStream) -> Tensor:
    """Test accuracy ``(T,)`` of every task under its own context."""
    return torch.cat(list(side_by_side(lambda t: _own_accuracy(net, stream, t), range(len(stream)), net.W2.device)))


def _own_accuracy(net: CRWN, stream: TaskStream, task: int) -> Tensor:
    return accuracy_on(net, stream, task, net.context_vector(task)[None])


def cross_accuracy(net: CRWN, stream: TaskStream) -> Tensor:
    """``(T, T)``; entry (i, j) is the test accuracy on task j of the context learned for task i."""
    contexts = net.context_vectors()
    columns = side_by_side(lambda j: accuracy_on(net, stream, j, contexts), range(len(stream)), net.W2.device)
    return torch.stack(list(columns), dim=1)


def learn(
    net: CRWN,
    stream: TaskStream,
    planned: Sequence[list[int]],
    recipe: Recipe,
    data_seed: int,
    fit: Callable[..., None] = fit_contexts,
    memory: float | None = None,
) -> Iterator[dict[int, float]]:
    """Train `groups` of tasks, nothing cached; yield the test accuracy of each group's tasks when they are learned.

    On a CPU every core takes a group, or as many as ``memory`` (bytes) allows, but at least one.
    """

    def job(group: list[int]) -> dict[int, float]:
        fit(net, stream, group, recipe, data_seed)
        return {t: _own_accuracy(net, stream, t).item() for t in group}

    at_most = None if memory is None else max(1, int(memory / _bytes_per_task(net, stream, recipe)))
    return side_by_side(job, planned, net.W2.device, at_most)


def train_stream(
    net: CRWN,
    stream: TaskStream,
    recipe: Recipe | None = None,
    *,
    device: str = "auto",
    data_seed: int | None = None,
    memory: float | None = None,
    cache: RunCache | None = None,
    progress: bool = True,
    fit: Callable[..., None] = fit_contexts,
) -> StreamRecord:
    """Train every task of a stream, one context each, and measure test accuracy on each when it is learned.

    Args:
        recipe: default: the published settings.
        device: ``"auto"`` (a GPU where there is one), ``"cpu"``, ``"cuda"`` or ``"cuda:N"``.
        data_seed: order of the training images; default: the network's seed.
        memory: bytes that tasks trained side by side may fill, beside the images of the stream and what Python and
            its packages take (0.9 GB with MNIST). It changes the speed only; there is always room for one task.
        cache: where finished tasks are kept; default: the user's run cache. An interrupted run goes on from there.
        progress: whether to show it.
        fit: `fit_contexts`, `tgsh.plain.fit_contexts` for the loop as published, or `tgsh.neuromod.fit_contexts`.

    Raises:
        ParameterError: a bad setting, a device that is not there, or training that diverged.
    """
    recipe = recipe if recipe is not None else Recipe()
    if net.n_tasks < len(stream):
        raise ParameterError(f"the network has {net.n_tasks} contexts but the stream has {len(stream)} tasks")
    net.to(resolve_device(device))
    data_seed = net.seed if data_seed is None else check_int("data_seed", data_seed, 0)
    cache = cache if cache is not None else RunCache()

    specs = [_spec(net, stream, t, recipe, data_seed, fit) for t in range(len(stream))]
    accuracy = torch.zeros(len(stream), dtype=torch.float64)
    known = [_restore(net, t, cache.get(specs[t]), accuracy) for t in range(len(stream))]
    todo = [t for t in range(len(stream)) if not known[t]]
    planned = groups(net, stream, recipe, todo, memory)
    learning = learn(net, stream, planned, recipe, data_seed, fit, memory)
    for learned in track(learning, "training", sizes=[len(group) for group in planned], enabled=progress):
        for t, reached in learned.items():
            accuracy[t] = reached
            cache.put(specs[t], {"g": net.g[t].detach(), "c": net.c[t].detach(), "accuracy": accuracy[t]})
    return StreamRecord(accuracy, tuple(known), str(net.W2.device))


def _spec(
    net: CRWN, stream: TaskStream, task: int, recipe: Recipe, data_seed: int, fit: Callable[..., None]
) -> dict[str, object]:
    # All that determines a trained context, and so the key of its cache entry. The initial context is hashed as it
    # stands in the network, whoever put it there.
    on_cpu = net.W2.device.type == "cpu"
    modules = ("seeding", "datasets", "benchmarks", "models", "training", "plain")
    own = [part.__module__.removeprefix("tgsh.") for part in (type(net), fit)]  # where network and rule are defined
    return {
        "model": net.settings,
        "start": RunCache.digest({"g": net.g[task].detach(), "c": net.c[task].detach()}),
        "dtype": str(net.W2.dtype),
        "dataset": stream.dataset.fingerprint,
        "task": [task, repr(stream[task])],
        "recipe": asdict(recipe),
        "data_seed": data_seed,
        "path": fit.__module__,
        # Rounding depends on these two, and "one seed, one result" means to the last digit.
        "device": "cpu" if on_cpu else torch.cuda.get_device_name(net.W2.device),
        "torch": torch.__version__,
        "code": code_fingerprint(*dict.fromkeys((*modules, *own))),
    }


@torch.no_grad()
def _restore(net: CRWN, task: int, entry: dict[str, Tensor] | None, accuracy: Tensor) -> bool:
    if entry is None:
        return False
    net.g[task].copy_(entry["g"])
    net.c[task].copy_(entry["c"])
    accuracy[task] = entry["accuracy"]
    return True
