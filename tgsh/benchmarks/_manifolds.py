"""The generative process ``x = f(gamma_t, gamma_c, theta)`` (paper, Section 2.1) with an f that is known.

The paper asks that f be analytic and that latent vectors and inputs lie on unit spheres; it names no f. Ours is a sum
of plane waves in the latent vectors, ``f_j = sum_w a_jw sin(<k_w, latents> + phase_w)``, divided by its norm. Sines are
analytic everywhere, stay bounded whatever the latents, mix the latents in every coordinate (so that no coordinate *is*
the identifier), and one number per latent vector, its ``frequency``, says how strongly x depends on it. A polynomial
would need a degree for that, and grows without bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from tgsh.errors import ParameterError, check_finite, check_int, check_positive
from tgsh.runs import ByValue
from tgsh.seeding import generator


def unit_vectors(n: int, dim: int, seed: int, *purpose: str | int) -> Tensor:
    """``(n, dim)`` vectors, uniform on the unit sphere in ``dim`` dimensions. ``purpose`` as in `tgsh.seeding`."""
    return F.normalize(torch.randn(n, dim, generator=generator(seed, *purpose), dtype=torch.float32), dim=1)


class AnalyticMap:
    """A random analytic map from latent vectors to the unit sphere.

    Args:
        latent_dims: length of each latent vector it takes, in order: ``(3, 2, 2)`` makes ``f(gamma_t, gamma_c, theta)``
            with gamma_t in 3 dimensions; ``(5, 5)`` makes Dikkala et al.'s ``f(gamma, theta)``.
        ambient: length of x.
        frequencies: standard deviation of the wave vectors, one for each latent vector: how strongly x depends on it.
        n_waves: plane waves that are added up.
        seed: determines the map.

    Raises:
        ParameterError: a dimension below 2 or 1, a frequency that is not above 0, or unequal numbers of the two.
    """

    def __init__(
        self,
        latent_dims: Sequence[int],
        ambient: int,
        frequencies: Sequence[float],
        n_waves: int = 100,
        seed: int = 0,
    ) -> None:
        if len(latent_dims) != len(frequencies):
            raise ParameterError(f"frequencies must be {len(latent_dims)} numbers, one a latent; got {frequencies!r}")
        self.latent_dims = tuple(check_int("latent_dims", d, 1) for d in latent_dims)
        self.frequencies = tuple(check_positive("frequencies", s) for s in frequencies)
        self.ambient = check_int("ambient", ambient, 2)
        self.n_waves = check_int("n_waves", n_waves, 1)
        self.seed = check_int("seed", seed, 0)
        source = generator(seed, "map", ambient, n_waves)
        self._waves = [
            torch.randn(d, n_waves, generator=source, dtype=torch.float32) * s
            for d, s in zip(self.latent_dims, self.frequencies, strict=True)
        ]
        self._phases = 2 * torch.pi * torch.rand(self.n_waves, generator=source, dtype=torch.float32)
        self._amplitudes = torch.randn(self.n_waves, self.ambient, generator=source, dtype=torch.float32)
        self._amplitudes /= self.n_waves**0.5

    @property
    def settings(self) -> dict[str, object]:
        """All that determines the map, JSON-able."""
        names = ("latent_dims", "ambient", "frequencies", "n_waves", "seed")
        return {name: getattr(self, name) for name in names}

    def __call__(self, *latents: Tensor) -> Tensor:
        """x of norm 1, ``(..., ambient)``, from one ``(..., d)`` tensor a latent vector; leading axes broadcast."""
        if tuple(z.shape[-1] for z in latents) != self.latent_dims:
            raise ParameterError(f"latents must have lengths {self.latent_dims}; got {[z.shape[-1] for z in latents]}")
        angle = sum(z @ k.to(z) for z, k in zip(latents, self._waves, strict=True))
        x = torch.sin(angle + self._phases.to(angle)) @ self._amplitudes.to(angle)
        return F.normalize(x, dim=-1)


@dataclass(frozen=True, eq=False)
class ManifoldSample(ByValue):
    """Points on manifolds, with what generated them.

    Attributes:
        x: ``(M, P, ambient)`` P points on each of M manifolds, of norm 1.
        gamma: ``(M, d)`` the identifiers of the manifolds.

    Raises:
        ParameterError: a number is NaN or infinite, or the numbers of manifolds differ.
    """

    x: Tensor
    gamma: Tensor

    def __post_init__(self) -> None:
        check_finite("x", self.x)
        check_finite("gamma", self.gamma)
        if self.x.ndim != 3 or len(self.x) != len(self.gamma):
            raise ParameterError(f"x must be (M, P, ambient), gamma (M, d); got {self.x.shape} and {self.gamma.shape}")

    def points(self, start: int | None = None, stop: int | None = None) -> ManifoldSample:
        """The same manifolds with points ``start`` to ``stop`` only."""
        return ManifoldSample(self.x[:, start:stop], self.gamma)

    def first(self, n_manifolds: int) -> ManifoldSample:
        """The first ``n_manifolds`` manifolds, with their points."""
        return ManifoldSample(self.x[:n_manifolds], self.gamma[:n_manifolds])


def sample_manifolds(f: AnalyticMap, n_manifolds: int, n_points: int, seed: int, group: str) -> ManifoldSample:
    """Draw points ``f(gamma, theta)`` on random manifolds: gamma, and theta of each point, uniform on their spheres.

    Args:
        f: a map of two latent vectors.
        group: separates draws of one seed, such as "seen" and "unseen": manifolds of two groups are independent.
    """
    d_gamma, d_theta = f.latent_dims
    gamma = unit_vectors(n_manifolds, d_gamma, seed, "gamma", group)
    theta = unit_vectors(n_manifolds * n_points, d_theta, seed, "theta", group)
    return ManifoldSample(f(gamma[:, None], theta.unflatten(0, (n_manifolds, n_points))), gamma)
