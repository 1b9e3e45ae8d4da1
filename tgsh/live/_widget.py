"""The live network and its pad as widgets of a notebook (anywidget), by the modules that the built pages use.

What is drawn and trained in the page is there for the next cell, and a network of the notebook can be put into the
page.
"""

from __future__ import annotations

from typing import Any

import anywidget
import numpy as np
import torch
from torch import Tensor
from traitlets import Bytes, TraitError, validate

from tgsh.benchmarks import TaskStream
from tgsh.datasets import load_digits
from tgsh.errors import DataError, ParameterError, TgshError, check_images
from tgsh.extensions import TaskMemory, fit_task_memory
from tgsh.live._modules import module_of, style
from tgsh.live._payload import as_file, contexts_from, live_network, live_tensors, tensors_from
from tgsh.networks import FlyNet

SIDE = 28
EXAMPLES = 3  # digits of each class that the pad offers


class PageError(DataError, TraitError):
    """The page has sent something unexpected. The value before it stays (traitlets sees to that)."""


def _bytes() -> Bytes:
    # What arrives from the page is a memoryview.
    return Bytes().tag(sync=True, from_json=lambda value, widget: bytes(value))


class _Drawing(anywidget.AnyWidget):
    _css = style()
    drawing = _bytes()  # 784 bytes; none before the page has sent some, or where nothing is to be shown

    @validate("drawing")
    def _check_drawing(self, proposal: dict[str, Any]) -> bytes:
        if len(proposal["value"]) not in (0, SIDE * SIDE):
            raise PageError(f"a drawing has {SIDE * SIDE} bytes; the page has sent {len(proposal['value'])}")
        return proposal["value"]

    @property
    def image(self) -> np.ndarray:
        """Image on the pad; see `Pad`."""
        pixels = np.frombuffer(self.drawing or bytes(SIDE * SIDE), dtype=np.uint8)
        return pixels.reshape(SIDE, SIDE).astype(np.float32) / 255

    @image.setter
    def image(self, image: Any) -> None:
        if np.shape(image) != (SIDE, SIDE):
            raise ParameterError(f"image must have shape ({SIDE}, {SIDE}); got {np.shape(image)}")
        pixels = check_images("image", torch.as_tensor(np.asarray(image))[None])
        if pixels.is_floating_point():
            pixels = (255 * pixels.clamp(0, 1)).round().to(torch.uint8)
        self.drawing = pixels.numpy().tobytes()


class Pad(_Drawing):
    """A pad to draw a digit on, as a widget: ``pad.image`` is the drawing, for the next cell.

    The page makes an image of MNIST's format of the strokes: it fills 20 x 20 pixels, and its centre of mass lies in
    the centre. A key from 0 to 9 brings an example, one of scikit-learn's digits.

    Attributes:
        image: ``(28, 28)`` float32 in [0, 1], upright; zeros where the pad is empty. It can be set, as whole numbers
            from 0 to 255 or floating numbers in [0, 1]; the page has 256 intensities. Another shape or range is a
            `ParameterError`.
        drawing: the same as 784 bytes; observe it to be told of each change.
    """

    _esm = module_of("pad.js")
    examples = _bytes()  # (N, 784)
    labels = _bytes()  # (N,)

    def __init__(self) -> None:
        digits = load_digits()
        rows = torch.cat([(digits.test_labels == k).nonzero()[:EXAMPLES, 0] for k in range(10)])
        images, labels = digits.test_images[rows], digits.test_labels[rows].to(torch.uint8)
        super().__init__(examples=images.numpy().tobytes(), labels=labels.numpy().tobytes())


class Lab(_Drawing):
    """The live network as a widget: draw a digit and turn it, ask the network, and train a context in the page.

    It asks no other host, and trains on scikit-learn's digits, which it holds. All numbers go to the page and come from
    it in binary.

    Args:
        net, stream, memory: as in `put`.

    Attributes:
        image, drawing: as those of `Pad`.
        trained: the contexts as the bytes of a file; observe it to be told of each training that ends.
    """

    _esm = module_of("lab.js")
    tensors = _bytes()  # a safetensors file of `live_tensors`
    trained = _bytes()  # a safetensors file of the contexts in training; none before the first batch

    def __init__(self, net: FlyNet, stream: TaskStream, memory: TaskMemory | None = None) -> None:
        super().__init__()
        self.put(net, stream, memory)

    def put(self, net: FlyNet, stream: TaskStream, memory: TaskMemory | None = None) -> None:
        """Put a network with its contexts into the page, in place of the one that is there.

        Args:
            net: a trained FlyNet.
            stream: its tasks: rotations at equal steps of a full turn. The page rotates with interpolation.
            memory: Gaussians of the classes of each task, by which the page infers a task; default: those of
                `fit_task_memory` with all training images of the stream.

        Raises:
            ParameterError: as in `live_tensors`.
        """
        tensors = live_tensors(net, stream, fit_task_memory(net, stream) if memory is None else memory)
        self.trained = b""
        self.tensors = as_file(tensors)

    @validate("trained")
    def _check_trained(self, proposal: dict[str, Any]) -> bytes:
        content = proposal["value"]
        if content:
            try:
                contexts = contexts_from(content, "what the page has sent")
            except DataError as error:
                raise PageError(str(error)) from None
            n, most = contexts.shape[1], len(tensors_from(self.tensors)["pixels"])
            if n > most or n % FlyNet.n_inputs:
                raise PageError(f"a context has up to {most} numbers, 784 times a whole number; the page has sent {n}")
        return content

    @property
    def contexts(self) -> Tensor:
        """Contexts trained in the page, ``(C, n)``: one or two, as they were when the training last stopped.

        Raises:
            TgshError: none has been trained.
        """
        if not self.trained:
            raise TgshError("the page has trained no context yet; press Train below the pad, and wait until it stops")
        return contexts_from(self.trained, "what the page has sent")

    @property
    def context(self) -> Tensor:
        """Context trained in the page, ``(n,)``; of two, the first. As `contexts`."""
        return self.contexts[0]

    @property
    def network(self) -> FlyNet:
        """FlyNet that the page computes with, as wide as `context`, or of full width where none has been trained.

        So ``net = lab.network; net.set_context(task, lab.context)`` fits whatever the width chosen in the page.
        """
        width = self.contexts.shape[1] // FlyNet.n_inputs if self.trained else None
        return live_network(tensors_from(self.tensors), width)
