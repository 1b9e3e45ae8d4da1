"""Locality sensitive hashing of representations: codes by random hyperplanes, buckets, and retrieval.

The b bits of a code are the signs of the projections of a point on b random directions. Two points at an angle of
a degrees agree in a share 1 - a / 180 of the bits, in the mean (Charikar 2002). Codes thus preserve cosine similarity,
the measure of Definition 1 in this book. Any vector can be hashed: pixels, ``s(W1 x)``, or ``r_t(x)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import faiss
import numpy as np
import torch
from torch import Tensor

from tgsh.benchmarks import Part, TaskStream
from tgsh.errors import ParameterError, check_int, finite_arguments
from tgsh.networks import CRWN
from tgsh.seeding import generator


@finite_arguments
def hash_codes(points: Tensor, n_bits: int, seed: int = 0) -> np.ndarray:
    """Random hyperplane codes of points: bit i is 1 where the projection on direction i is positive.

    Args:
        points: ``(N, D)``.
        n_bits: length of a code, a multiple of 8. A longer code begins with the shorter one.
        seed: seed of the directions.

    Returns:
        ``(N, n_bits / 8)`` uint8, packed.

    Raises:
        ParameterError: ``n_bits`` is not a multiple of 8 (codes are whole bytes).
    """
    n_bits = check_int("n_bits", n_bits, 8)
    if n_bits % 8:
        raise ParameterError(f"n_bits must be a multiple of 8; got {n_bits}")
    # Drawn row by row, so that bit i is the same in a code of any length.
    planes = torch.randn(n_bits, points.shape[1], generator=generator(seed, "hyperplanes"), dtype=torch.float32)
    sides = points.float() @ planes.to(points.device).T > 0
    return np.packbits(sides.cpu().numpy(), axis=1)


@dataclass(frozen=True)
class Retrieval:
    """Precision and recall of a search among codes of b bits, at Hamming radius 0, 1, ..., b.

    They are *pooled*: one radius for all queries, all pairs of query and item of equal weight.

    Attributes:
        precision: ``(b + 1,)``, share of the items within the radius that belong to the group of the query; 1 where
            there are none.
        recall: ``(b + 1,)``, share of the items of that group that lie within the radius.
        chance: share of all items that belong to the group of the query: the precision of a random search.
        mean_average_precision: mean over the queries of the average precision of each, which ranks its items apart.
            Queries whose group has no item are left out.
    """

    precision: np.ndarray
    recall: np.ndarray
    chance: float
    mean_average_precision: float

    @property
    def average_precision(self) -> float:
        """Area under precision over recall, as a sum over the radii."""
        return float(_area(self.precision, self.recall))

    def best(self) -> tuple[float, float]:
        """Precision and recall at the radius with the largest harmonic mean of the two."""
        p, r = self.precision, self.recall
        at = int((2 * p * r / np.maximum(p + r, 1e-12)).argmax())
        return float(p[at]), float(r[at])


def _area(precision: np.ndarray, recall: np.ndarray) -> np.ndarray:
    return (np.diff(recall, prepend=0) * precision).sum(-1)


def retrieve(queries: np.ndarray, items: np.ndarray, query_group: Tensor, item_group: Tensor) -> Retrieval:
    """Search among all items by Hamming distance, for each query; all pairs of query and item have equal weight.

    Args:
        queries, items: packed codes ``(Q, B)`` and ``(N, B)``, from `hash_codes`.
        query_group, item_group: ``(Q,)`` and ``(N,)``, the groups, such as tasks or classes. A query should find the
            items of its own group.

    Raises:
        ParameterError: queries and items have codes of different lengths, or no item belongs to the group of a query.
    """
    if queries.shape[1] != items.shape[1]:
        raise ParameterError(f"codes differ in length: {8 * queries.shape[1]} and {8 * items.shape[1]} bits")
    n_bits = 8 * items.shape[1]
    index = faiss.IndexBinaryFlat(n_bits)
    index.add(np.ascontiguousarray(items))
    # Every item lies within n_bits, so this finds all of them; a search for the N nearest would also sort them.
    ends, distance, found = index.range_search(np.ascontiguousarray(queries), n_bits + 1)
    distance = distance.astype(np.int64)
    query = np.repeat(np.arange(len(queries)), np.diff(ends).astype(np.int64))
    wanted = query_group.cpu().numpy()[query] == item_group.cpu().numpy()[found]
    if not wanted.any():
        raise ParameterError("no item belongs to the group of any query")
    radii = n_bits + 1
    cell = query * radii + distance
    hits, all_found = (  # (Q, b + 1): items of each query within each radius
        np.bincount(cells, minlength=len(queries) * radii).reshape(-1, radii).cumsum(1)
        for cells in (cell[wanted], cell)
    )
    each = hits[:, -1] > 0
    precision, recall = _precision(hits.sum(0), all_found.sum(0)), hits.sum(0) / hits.sum(0)[-1]
    apart = _area(_precision(hits[each], all_found[each]), hits[each] / hits[each, -1:])
    return Retrieval(precision, recall, float(wanted.mean()), float(apart.mean()))


def _precision(hits: np.ndarray, found: np.ndarray) -> np.ndarray:
    return np.where(found > 0, hits / np.maximum(found, 1), 1.0)


def bucket(queries: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Bucket of each query, ``(Q,)``: the index of the nearest of ``centres`` ``(T, B)``, the first of equals."""
    return code_distance(queries[:, None], centres[None]).argmin(1)


def code_distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Hamming distance of packed codes ``(..., B)``, broadcast over the leading axes."""
    return np.unpackbits(one ^ other, axis=-1).sum(-1, dtype=np.int64)


def majority_codes(codes: np.ndarray, group: Tensor) -> np.ndarray:
    """One code for each group, ``(G, B)``: the majority of its codes, bit by bit (their median in Hamming distance)."""
    bits = torch.from_numpy(np.unpackbits(codes, axis=1)).float()
    ids = group.cpu()
    means = torch.stack([bits[ids == g].mean(0) for g in ids.unique()])
    return np.packbits((means > 0.5).numpy(), axis=1)


@torch.no_grad()
def stream_features(net: CRWN, stream: TaskStream, part: Part) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Inputs ``(n, 784)``, features ``(n, H)``, tasks ``(n,)`` and labels ``(n,)`` of all images of all tasks.

    Args:
        net: computes the features.
        stream: the tasks, over a small dataset: all features are in memory at once.
        part: ``"train"`` or ``"test"``.
    """
    shown = [stream.images(t, part, device=net.W2.device) for t in range(len(stream))]
    x, labels = torch.cat([net.inputs(images) for images, _ in shown]), torch.cat([y for _, y in shown])
    task = torch.cat([torch.full_like(y, t) for t, (_, y) in enumerate(shown)])
    return x, net.features(x), task, labels


@torch.no_grad()
def codes_under_each(h: Tensor, contexts: Tensor, n_bits: int, seed: int = 0) -> np.ndarray:
    """Codes ``(N, C, n_bits / 8)`` of ``m * h``, for features ``(N, H)`` and each of ``contexts`` ``(C, H)``."""
    return np.stack([hash_codes(m * h, n_bits, seed) for m in contexts], axis=1)
