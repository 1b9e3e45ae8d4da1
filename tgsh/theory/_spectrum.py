"""Spectrum of contexts on a circle, and the error of interpolating between them (ours; not in the paper).

Let the contexts of tasks at angle a on a circle be vectors m(a) of length 1 whose similarity depends on the distance
only, ``<m(a), m(b)> = sum_j p_j e^{ij(a - b)}``. Then ``m(a) = sum_j c_j e^{ija}`` with orthogonal c_j of squared
length p_j, the *spectrum*. N contexts at equal steps mix the frequencies that differ by a multiple of N (*aliasing*),
and keep all others apart.
"""

from __future__ import annotations

import numpy as np

from tgsh.errors import ParameterError, check_int, finite_arguments
from tgsh.measures import circulant_part

_NEGATIVE = 1e-9  # of the total: shares that are negative by rounding


@finite_arguments
def angular_spectrum(similarity: np.ndarray) -> np.ndarray:
    """Spectrum ``(T,)`` of T tasks at equal steps round a circle, from their similarity ``(T, T)``; its sum is 1.

    Entry j is the share of the frequencies j, j + T, j - T and so on, which T tasks do not tell apart; the order is
    that of `numpy.fft.fft`. Negative shares, which no contexts on a circle have, but an average over networks or a
    prediction may, are set to 0.
    """
    row = circulant_part(similarity)[0]
    power = np.fft.fft(row).real.clip(min=0)
    return power / power.sum()


@finite_arguments
def similarity_at(spectrum: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Similarity of two contexts at each of ``angles`` ``(Q,)``, in radians: ``sum_j p_j cos(j a)``."""
    return np.cos(np.outer(angles, _frequencies(spectrum))) @ _checked(spectrum)


@finite_arguments
def interpolation_error(spectrum: np.ndarray, n_known: int, offsets: np.ndarray) -> np.ndarray:
    """Squared error ``(Q,)`` of the best linear interpolation between N known contexts at equal steps.

    The error is relative to the squared length of a context; 1 less it is the squared cosine of the prediction with the
    context itself. With r from 0 to N - 1 and the sums over all whole numbers j, at the offset x from a known context::

        ``1 - sum_r |sum_j p_{r + jN} e^{i (r + jN) x}|^2 / sum_j p_{r + jN}``.

    Args:
        spectrum: ``(M,)`` p, in the order of `numpy.fft.fft`. Frequencies of M / 2 and more are taken to be absent;
            where they are not, the result is right at multiples of 2 pi / M.
        n_known: number N of known contexts, at most M.
        offsets: angles ``(Q,)`` from a known context to the one that is predicted, in radians.

    Raises:
        ParameterError: the spectrum has a negative share or does not sum to 1, or ``n_known`` is not from 1 to M.
    """
    p, j = _checked(spectrum), _frequencies(spectrum)
    n_known = check_int("n_known", n_known, 1, len(p))
    seen_as = (j % n_known).astype(int)  # the lowest frequency with the same values at the known contexts
    total = np.bincount(seen_as, p, minlength=n_known)
    waves = p * np.exp(1j * np.outer(offsets, j))
    sums = waves @ np.eye(n_known)[seen_as]
    explained = np.divide(np.abs(sums) ** 2, total, out=np.zeros(sums.shape), where=total > 0)
    return (1 - explained.sum(1)).clip(min=0)


@finite_arguments
def two_neighbour_error(spectrum: np.ndarray, n_known: int, offsets: np.ndarray) -> np.ndarray:
    """Squared error ``(Q,)`` of the best linear interpolation between the two neighbours alone.

    Halfway between them it is ``1 - 2 s(d)^2 / (1 + s(2 d))``, with s the similarity and d the distance to each.
    Arguments as in `interpolation_error`; offsets from 0 to ``2 pi / n_known``.
    """
    n_known = check_int("n_known", n_known, 2, len(spectrum))
    gap = 2 * np.pi / n_known
    left, right = similarity_at(spectrum, offsets), similarity_at(spectrum, gap - np.asarray(offsets, float))
    between = similarity_at(spectrum, np.array([gap]))[0]
    if between > 1 - 1e-12:  # the two are one
        return (1 - left**2).clip(min=0)
    return (1 - (left**2 + right**2 - 2 * between * left * right) / (1 - between**2)).clip(min=0)


def _frequencies(spectrum: np.ndarray) -> np.ndarray:
    return np.rint(np.fft.fftfreq(len(spectrum), 1 / len(spectrum)))


def _checked(spectrum: np.ndarray) -> np.ndarray:
    p = np.asarray(spectrum, float)
    if p.ndim != 1 or not len(p):
        raise ParameterError(f"spectrum must be a row of shares; got shape {p.shape}")
    if p.min() < -_NEGATIVE or abs(p.sum() - 1) > 1e-6:
        raise ParameterError(f"spectrum must hold shares of at least 0 with sum 1; got {p.min():g} and {p.sum():g}")
    return p.clip(min=0)
