"""Tensors that the live network of a page needs: weights and contexts in few bytes, examples, digits to train on."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load, save
from torch import Tensor

from tgsh.benchmarks import TaskStream
from tgsh.datasets import folder_from, small_digits
from tgsh.errors import DataError, ParameterError, TgshError, check_int
from tgsh.extensions import TaskMemory, dequantise, quantise
from tgsh.networks import FlyNet
from tgsh.runs import Run
from tgsh.seeding import generator
from tgsh.training import batch_order

EPOCHS = 10  # orders of the digits; a longer training begins again with the first


def live_tensors(net: FlyNet, stream: TaskStream, memory: TaskMemory, n_examples: int = 60) -> dict[str, Tensor]:
    """Collect the tensors of the live network, in whole numbers where a scale belongs to them (`quantise`).

    The page trains on scikit-learn's digits, which are free to distribute; of the stream's own images it holds a few
    upright test images.

    Args:
        net: a trained FlyNet with a sparse, centred W1.
        stream: its tasks, rotations; one context of the network for each.
        memory: Gaussians of each task and class (`tgsh.extensions.fit_task_memory`).
        n_examples: number of test images, upright, the ten classes in turn.

    Returns:
        ``pixels`` (H, 7), ``W2`` (10, H), ``contexts`` (T, H), ``angles`` (T,), ``gaussian`` (10 T, d) and
        ``gaussian_offset`` (10 T,): log densities, linear in the first d features; ``images`` (n, 784) and ``labels``;
        ``digits`` (1797, 8, 8) from 0 to 16, ``digit_labels`` and ``digit_is_test``; ``order`` (epochs, images), the
        order of the training digits; ``start`` (2, H) and ``start_g`` (2,), draws from N(0, 1) where two contexts start
        (c is scaled by sqrt(2 / (H + 1))); ``shuffle`` (784,), a permutation of the pixels.

    Raises:
        ParameterError: the network has a dense or uncentred W1, its contexts and the tasks differ in number, the tasks
            are not rotations at equal steps of a full turn, or a task lacks a class.
    """
    if net.projection != "sparse" or not net.centred:
        raise ParameterError("the live network has a sparse, centred W1, as the published FlyNet has")
    if net.n_tasks != len(stream) or stream.positions is None:
        raise ParameterError(f"the live network needs {net.n_tasks} tasks on an axis, one for each context")
    steps = np.arange(len(stream)) * 360 / len(stream)
    if stream.unit != "degrees" or stream.period != 360 or not np.allclose(stream.positions, steps):
        raise ParameterError("the live network needs rotations at equal steps of a full turn, the first by 0 degrees")
    if len(memory.task) != len(stream) * net.n_classes:
        raise ParameterError("the live network needs tasks that have all ten classes")
    weights, offsets = memory.linear
    W2, contexts = net.W2.cpu(), net.context_vectors().cpu()
    examples = _examples(stream, check_int("n_examples", n_examples, 1, len(stream.dataset.test_labels)))
    digits, digit_labels, is_test = small_digits()
    n, source = int((~is_test).sum()), generator(net.seed, "live")
    tensors = {
        "pixels": net.pixels.cpu().to(torch.int16),
        "angles": torch.tensor(stream.positions, dtype=torch.float32),
        "gaussian_offset": (offsets - offsets.mean()).float().cpu(),
        "images": stream.dataset.test_images[examples].flatten(1),
        "labels": stream.dataset.test_labels[examples].to(torch.uint8),
        "digits": digits,
        "digit_labels": digit_labels.to(torch.uint8),
        "digit_is_test": is_test.to(torch.uint8),
        "order": torch.stack([batch_order(net.seed, 0, epoch, n) for epoch in range(EPOCHS)]).to(torch.int16),
        "start_g": torch.randn(2, generator=source),
        "shuffle": torch.randperm(net.n_inputs, generator=source).to(torch.int16),
    }
    start = torch.randn(2, net.n_hidden, generator=source)
    # What all densities have in common tells no task from another, and costs precision.
    common = (weights - weights.mean(0)).cpu()
    for name, rows, bits in (("W2", W2, 16), ("contexts", contexts, 8), ("gaussian", common, 8), ("start", start, 16)):
        tensors[name], tensors[f"{name}.scale"] = quantise(rows, bits)
    return tensors


def _examples(stream: TaskStream, n: int) -> Tensor:
    # The first images of each class, the classes in turn: 0, 1, ..., 9, 0, 1, ...
    labels = stream.dataset.test_labels
    by_class = [(labels == k).nonzero()[:, 0].tolist() for k in range(10)]
    rounds = [row for several in zip(*by_class, strict=False) for row in several]
    return torch.tensor(rounds[:n])


def live_network(tensors: dict[str, Tensor], width_mult: int | None = None) -> FlyNet:
    """The FlyNet that the page computes with: W1, and W2 and the contexts as rounded by `quantise`.

    Args:
        tensors: those of `live_tensors`.
        width_mult: take the first 784 * ``width_mult`` units alone, and scale W2 to the range of that width; default:
            all units.

    Raises:
        ParameterError: there are fewer units.
    """
    everything = len(tensors["pixels"]) // FlyNet.n_inputs
    width_mult = check_int("width_mult", everything if width_mult is None else width_mult, 1, everything)
    net = FlyNet(len(tensors["contexts"]), width_mult)
    H = net.n_hidden
    net.pixels.copy_(tensors["pixels"][:H])
    net.column_sums.copy_(net.pixels.flatten().bincount(minlength=net.n_inputs))
    W2 = dequantise(tensors["W2"], tensors["W2.scale"])[:, :H]
    net.W2.copy_(W2 * (everything / width_mult) ** 0.5)
    for t, context in enumerate(dequantise(tensors["contexts"], tensors["contexts.scale"])):
        net.set_context(t, context[:H])
    return net


def load_contexts(path: str | Path) -> Tensor:
    """Read contexts ``(C, n)``, one or two, that were trained in a page and saved there.

    They belong to the network `live_network` of the same page with n units, and can be given to its `set_context`.

    Raises:
        DataError: the file is missing or holds something else, or a number is not finite.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{path} holds no contexts of a live network ({error})") from None
    return contexts_from(content, path)


def contexts_from(content: bytes, source: str | Path) -> Tensor:
    """Contexts ``(C, n)`` from the bytes of a file as a page writes it; errors name the ``source``."""
    try:
        found = load(content)
        contexts = torch.stack([torch.from_numpy(found[f"context_{i}"].copy()) for i in range(len(found))])
    except (KeyError, RuntimeError, SafetensorError) as error:
        raise DataError(f"{source} holds no contexts of a live network ({error})") from None
    if contexts.ndim != 2 or contexts.dtype != torch.float32 or not torch.isfinite(contexts).all():
        raise DataError(f"{source} holds contexts that are no rows of finite numbers in single precision")
    return contexts


def as_file(tensors: dict[str, Tensor]) -> bytes:
    """Bytes of a safetensors file."""
    return save({name: np.ascontiguousarray(tensor.numpy()) for name, tensor in tensors.items()})


def tensors_from(content: bytes) -> dict[str, Tensor]:
    """Tensors of a safetensors file."""
    return {name: torch.from_numpy(values) for name, values in load(content).items()}


def publish(run: Run, tensors: dict[str, Tensor]) -> None:
    """Write the tensors of `live_tensors` beside the record of a chapter, to ``<chapter>.safetensors``.

    Nothing is written where ``$TGSH_RESULTS`` names no folder.

    Raises:
        TgshError: the file cannot be written.
    """
    folder = folder_from("TGSH_RESULTS")
    if folder is None:
        return
    path = folder / f"{run.chapter}.safetensors"
    draft = path.with_name(f"{path.name}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(as_file(tensors))
        os.replace(draft, path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise TgshError(f"the live network cannot be written to {path} ({error.strerror}); set TGSH_RESULTS") from None
