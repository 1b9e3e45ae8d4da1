"""Features of many images that are not kept, for what needs them again and again, such as the convex solver.

10,000 images of a FlyNet with 7840 units have 314 MB of features. A solver that keeps them reads them from memory twice
for each value of its objective. That takes longer than to add seven pixels a unit again (`tgsh.timing.time_solver`).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from tgsh.errors import ParameterError
from tgsh.networks import FlyNet
from tgsh.training._fused._loop import FusedLoop

_IMAGES = 512  # whose logits are computed together; each such group is a job of a thread
_UNITS = 392  # whose contributions to a logit are summed in the precision of W2; such sums are added in double


class RecomputedFeatures:
    """Features ``s(W1 x)``, ``(N, H)``, of N images, computed anew in each product with them.

    Sums over units are in the precision of W2 for 392 units at a time and in double precision beyond, and so are those
    over images, 512 at a time; so a product is at least as exact as that with kept features, and does not depend on
    the number of threads.

    Args:
        net: a network that `is_fused` accepts.
        images: ``(N, 28, 28)``, uint8 from 0 to 255 or floating in [0, 1].
        sources: as in `FusedLoop`.

    Attributes:
        shape: (N, H).
    """

    def __init__(self, net: FlyNet, images: Tensor, sources: Tensor | None = None) -> None:
        self.shape = len(images), net.n_hidden
        self._loop = FusedLoop(net, images, len(images), sources)
        self._mean = self._loop.stage(np.arange(len(images)))

    def __len__(self) -> int:
        return self.shape[0]

    def logits(self, readout: Tensor) -> Tensor:
        """Logits ``(10, N)``, ``readout @ h.T`` with features h and ``readout`` ``(10, H)``, in double precision.

        Raises:
            ParameterError: ``readout`` has another shape.
        """
        rows = self._rows("readout", readout, self.shape[1]) * self._loop.unit

        def of_group(images: slice) -> np.ndarray:
            parts = (self._loop.forward(self._mean, rows, images, units) for units in _slices(self.shape[1], _UNITS))
            return sum(part.astype(np.float64) for part in parts)

        found = np.concatenate(self._by_group(of_group), axis=1)
        return torch.from_numpy(found[:, : len(self)])

    def gradient(self, errors: Tensor, W2: Tensor) -> Tensor:
        """Gradient for a context, ``((errors @ h) * W2).sum(0)``, ``(H,)``, in double precision.

        Args:
            errors: ``(10, N)``, of the logits.
            W2: ``(10, H)``.

        Raises:
            ParameterError: an argument has another shape.
        """
        rows, padded = self._rows("W2", W2, self.shape[1]), np.zeros((10, len(self._mean)), self._loop.W2.dtype)
        padded[:, : len(self)] = self._rows("errors", errors, len(self)).reshape(-1, 10).T

        def of_group(images: slice) -> np.ndarray:
            parts = _slices(self.shape[1], _UNITS)
            found = [self._loop.backward(self._mean, padded[:, images], rows, images, units) for units in parts]
            return np.concatenate(found).astype(np.float64)

        return torch.from_numpy(sum(self._by_group(of_group)) * float(self._loop.unit))

    def _rows(self, name: str, values: Tensor, n: int) -> np.ndarray:
        # The transpose of (10, n), flat: the order in which the compiled loops, which check nothing, read it.
        if values.shape != (10, n):
            raise ParameterError(f"{name} must have shape (10, {n}); got {tuple(values.shape)}")
        return values.detach().T.contiguous().numpy().astype(self._loop.W2.dtype, copy=False).ravel()

    def _by_group(self, of_group: Callable[[slice], np.ndarray]) -> list[np.ndarray]:
        # In the threads that PyTorch would use; in order, so that sums do not depend on their number.
        groups, threads = _slices(len(self._mean), _IMAGES), torch.get_num_threads()
        if threads == 1 or len(groups) == 1:
            return [of_group(images) for images in groups]
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(of_group, groups))


def _slices(n: int, size: int) -> list[slice]:
    return [slice(first, min(first + size, n)) for first in range(0, n, size)]
