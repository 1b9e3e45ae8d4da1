"""Hash codes of representations: random hyperplanes, buckets, and what they find again (DESIGN: "is it a hash?").

A code of b bits says on which side of b random hyperplanes through the origin a point lies; two points at an angle of
a degrees agree on a share 1 - a / 180 of the bits, on average (Charikar 2002). So codes keep the cosine similarity that
Definition 1 is measured by, and any vector can be hashed: pixels, ``s(W1 x)``, or ``r_t(x)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import faiss
import numpy as np
import torch
from torch import Tensor

from tgsh.benchmarks import Part, TaskStream
from tgsh.errors import ParameterError, check_int
from tgsh.networks import CRWN
from tgsh.seeding import generator


def hash_codes(points: Tensor, n_bits: int, seed: int = 0) -> np.ndarray:
    """Random hyperplane codes, ``(N, n_bits / 8)`` uint8 from ``(N, D)``; a longer code begins with the shorter one.

    Raises:
        ParameterError: ``n_bits`` is not a multiple of 8 (codes are whole bytes).
    """
    check_int("n_bits", n_bits, 8)
    if n_bits % 8:
        raise ParameterError(f"n_bits must be a multiple of 8; got {n_bits}")
    # Drawn bit by bit, so that bit i is the same in a code of any length.
    planes = torch.randn(n_bits, points.shape[1], generator=generator(seed, "hyperplanes"))
    sides = points.float() @ planes.to(points.device).T > 0
    return np.packbits(sides.cpu().numpy(), axis=1)


@dataclass(frozen=True)
class Retrieval:
    """What a search among codes finds, by the radius within which codes count as found.

    Attributes:
        precision: ``(b + 1,)`` share of what is found at Hamming distance 0, 1, ..., b or less that belongs to the
            query's group; 1 where nothing is found.
        recall: ``(b + 1,)`` share of the query's group that is found.
        chance: share of the items that belong to the query's group: the precision of a blind search.
    """

    precision: np.ndarray
    recall: np.ndarray
    chance: float

    @property
    def average_precision(self) -> float:
        """Area under precision over recall, radii as steps."""
        return float((np.diff(self.recall, prepend=0) * self.precision).sum())

    def best(self) -> tuple[float, float]:
        """Precision and recall at the radius where their harmonic mean is largest."""
        p, r = self.precision, self.recall
        at = int((2 * p * r / np.maximum(p + r, 1e-12)).argmax())
        return float(p[at]), float(r[at])


def retrieve(queries: np.ndarray, items: np.ndarray, query_group: Tensor, item_group: Tensor) -> Retrieval:
    """Search every query among all items by Hamming distance; pairs of all queries count alike.

    Args:
        queries, items: packed codes ``(Q, B)`` and ``(N, B)``, as `hash_codes` gives them.
        query_group, item_group: ``(Q,)`` and ``(N,)``, what a query should find: its task, or its class.

    Raises:
        ParameterError: codes of two lengths, or no item belongs to any query's group.
    """
    if queries.shape[1] != items.shape[1]:
        raise ParameterError(f"codes differ in length: {8 * queries.shape[1]} and {8 * items.shape[1]} bits")
    n_bits = 8 * items.shape[1]
    index = faiss.IndexBinaryFlat(n_bits)
    index.add(np.ascontiguousarray(items))
    # Every item is within n_bits, so this finds all; unlike a search for the N nearest it does not sort them.
    ends, distance, found = index.range_search(np.ascontiguousarray(queries), n_bits + 1)
    distance = distance.astype(np.int64)
    wanted = np.repeat(query_group.cpu().numpy(), np.diff(ends).astype(np.int64)) == item_group.cpu().numpy()[found]
    if not wanted.any():
        raise ParameterError("no item belongs to the group of any query")
    hits = np.bincount(distance[wanted], minlength=n_bits + 1).cumsum()
    all_found = np.bincount(distance, minlength=n_bits + 1).cumsum()
    precision = np.where(all_found > 0, hits / np.maximum(all_found, 1), 1.0)
    return Retrieval(precision, hits / hits[-1], float(wanted.mean()))


def bucket(queries: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The bucket of each query, ``(Q,)``: the nearest of the codes ``centres`` ``(T, B)``; the first of equals."""
    return code_distance(queries[:, None], centres[None]).argmin(1)


def code_distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Hamming distance of packed codes ``(..., B)``, broadcast over the leading axes."""
    return np.unpackbits(one ^ other, axis=-1).sum(-1, dtype=np.int64)


def majority_codes(codes: np.ndarray, group: Tensor) -> np.ndarray:
    """One code a group, ``(G, B)``, its bits by majority: the median in Hamming distance of the codes of the group."""
    bits = torch.from_numpy(np.unpackbits(codes, axis=1)).float()
    ids = group.cpu()
    means = torch.stack([bits[ids == g].mean(0) for g in ids.unique()])
    return np.packbits((means > 0.5).numpy(), axis=1)


@torch.no_grad()
def stream_features(net: CRWN, stream: TaskStream, part: Part) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Every image of every task: inputs ``(n, 784)``, features ``(n, H)``, task ``(n,)`` and label ``(n,)``.

    Args:
        net: computes the features.
        stream: the tasks.
        part: ``"train"`` or ``"test"``. All features are held at once, so cut the dataset to a few images.
    """
    shown = [stream.images(t, part, device=net.W2.device) for t in range(len(stream))]
    x, labels = torch.cat([net.inputs(images) for images, _ in shown]), torch.cat([y for _, y in shown])
    task = torch.cat([torch.full_like(y, t) for t, (_, y) in enumerate(shown)])
    return x, net.features(x), task, labels


@torch.no_grad()
def codes_under_each(h: Tensor, contexts: Tensor, n_bits: int, seed: int = 0) -> np.ndarray:
    """Codes ``(N, C, n_bits / 8)`` of ``m * h``, hidden units ``(N, H)`` under each of ``contexts`` ``(C, H)``."""
    return np.stack([hash_codes(m * h, n_bits, seed) for m in contexts], axis=1)
