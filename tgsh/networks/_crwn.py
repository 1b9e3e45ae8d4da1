"""The base class of Configurable Random Weight Networks (paper, Section 2.2, Eq. 2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tgsh.datasets import normalise
from tgsh.errors import ParameterError, check_finite, check_int, check_pixels
from tgsh.seeding import generator


class CRWN(nn.Module):
    """Eq. 2, ``N_t(x) = W2 [ g_t c_t * s(W1 x) ]``: fixed random weights, and a context for each task.

    `features` computes ``s(W1 x)``, which does not depend on the task; `modulate` applies a context to it; all else
    follows from these two. A subclass draws its fixed weights as buffers, ``W2`` among them, sets ``n_hidden``, calls
    `start_contexts`, and defines `features`. Where a context does more than multiply the features, the subclass also
    defines `modulate`.

    Args:
        n_tasks: number T of contexts.
        seed: seed of all random numbers.

    Attributes:
        W2: ``(10, units)``, fixed.
        n_hidden: length H of a context.
        g: T tensors, the global neuromodulation of each task; scalars, unless a subclass has others.
        c: T tensors ``(H,)``, the local neuromodulation of each task.

    Raises:
        ParameterError: ``n_tasks`` is below 1, or ``seed`` is negative.
    """

    n_inputs = 784
    n_classes = 10
    n_hidden: int
    W2: Tensor

    def __init__(self, n_tasks: int, seed: int = 0) -> None:
        super().__init__()
        self.n_tasks = check_int("n_tasks", n_tasks, 1)
        self.seed = check_int("seed", seed, 0)

    def features(self, x: Tensor) -> Tensor:
        """Features ``s(W1 x)``, ``(N, H)``, of inputs ``(N, 784)``; they do not depend on the task."""
        raise NotImplementedError

    def modulate(self, features: Tensor, context: Tensor) -> Tensor:
        """Representation ``r = m * s(W1 x)``, ``(N, units)``, from `features` ``(N, H)`` and a context m ``(H,)``."""
        return context * features

    @property
    def is_linear(self) -> bool:
        """Whether a context multiplies the features, as in Eq. 2, so that logits are linear in the context."""
        return type(self).modulate is CRWN.modulate

    def forward(self, x: Tensor, task: int) -> Tensor:
        """Logits ``N_t(x)``, ``(N, 10)``, of inputs ``(N, 784)`` under the context of ``task``."""
        return self.modulate(self.features(x), self.context_vector(task)) @ self.W2.T

    def represent(self, x: Tensor, context: Tensor) -> Tensor:
        """Representation ``r(x)``, ``(N, units)``, of inputs ``(N, 784)`` under a context ``(H,)`` (Definition 1)."""
        return self.modulate(self.features(x), context)

    def logits(self, features: Tensor, contexts: Tensor) -> Tensor:
        """Logits ``(C, N, 10)`` from `features` ``(N, H)`` under each of ``contexts`` ``(C, H)``."""
        if not self.is_linear:
            return torch.stack([self.modulate(features, m) @ self.W2.T for m in contexts])
        # W2 (m * h) = (W2 * m) h: one product for all contexts.
        readout = (self.W2 * contexts[:, None]).flatten(0, 1)  # (C * 10, H)
        return (readout @ features.T).unflatten(0, (len(contexts), -1)).transpose(1, 2)

    def inputs(self, images: Tensor) -> Tensor:
        """Inputs ``(N, 784)`` from images ``(N, 28, 28)``: normalised, in the network's dtype and on its device.

        Raises:
            ParameterError: as in `tgsh.datasets.normalise`.
        """
        return normalise(check_pixels("images", images).to(self.W2.device), self.W2.dtype)

    def start_contexts(self) -> None:
        """Set the contexts of all tasks to their `initial_context`."""
        self.g, self.c = nn.ParameterList(), nn.ParameterList()
        for t in range(self.n_tasks):
            g, c = self.initial_context(t)
            self.g.append(g)
            self.c.append(c)

    def initial_context(self, task: int, init_seed: int | None = None) -> tuple[Tensor, Tensor]:
        """Draw ``g_t`` ~ N(0, 1), a scalar, and ``c_t`` ~ N(0, 2 / (H + 1)) (a variance), ``(H,)``.

        Args:
            task: position of the task in the stream. The numbers do not depend on that of other tasks.
            init_seed: seed of the numbers; default: the seed of the network.
        """
        source = generator(self.seed if init_seed is None else init_seed, "context", task)
        g = torch.randn((), generator=source, dtype=torch.float32)
        c = torch.randn(self.n_hidden, generator=source, dtype=torch.float32) * (2 / (self.n_hidden + 1)) ** 0.5
        return g, c

    @property
    def n_learned(self) -> int:
        """Number of numbers that a task learns, in ``g_t`` and ``c_t``."""
        return self.g[0].numel() + self.c[0].numel()

    def context_vector(self, task: int) -> Tensor:
        """Context vector ``m_t = g_t c_t``, ``(H,)``.

        Raises:
            ParameterError: there is no such task.
        """
        return self.g[self._own(task)] * self.c[task]

    def context_vectors(self) -> Tensor:
        """Context vectors of all tasks, ``(T, H)``, detached."""
        return torch.stack([self.context_vector(t).detach() for t in range(self.n_tasks)])

    @torch.no_grad()
    def set_context(self, task: int, context: Tensor) -> None:
        """Make ``context`` ``(H,)`` the context vector of ``task``: ``g_t`` becomes 1 and ``c_t`` the context.

        Raises:
            ParameterError: there is no such task, or ``context`` has another shape or is not finite.
        """
        if context.shape != self.c[self._own(task)].shape:
            expected = tuple(self.c[task].shape)
            raise ParameterError(f"a context of this network has shape {expected}; got {tuple(context.shape)}")
        check_finite("context", context)
        self.g[task].fill_(1.0)
        self.c[task].copy_(context)

    def _own(self, task: int) -> int:
        # The position of a task that this network has a context for.
        n = len(self.c)
        if not -n <= task < n:
            known = f"{n} contexts, 0 to {n - 1}" if n > 1 else "one context, 0"
            raise ParameterError(f"there is no context {task}: this network has {known}")
        return task
