"""The backends of joblib that a sweep runs on: worker processes of this machine, a Dask cluster, a Ray cluster."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import joblib

from tgsh.errors import ParameterError, check_choice, check_int

BACKENDS = ("loky", "dask", "ray")

SECONDS = 15  # that a scheduler may take to answer


def check_backend(backend: str, n_jobs: int | None, scheduler: str | None) -> None:
    """Check the options of a backend.

    Raises:
        ParameterError: another backend, or an option that it does not have.
    """
    check_choice("backend", backend, BACKENDS)
    if n_jobs is not None:
        check_int("n_jobs", n_jobs, 1)
        if backend != "loky":
            raise ParameterError(f"n_jobs is for the backend loky; {backend} uses all workers of the cluster")
    if scheduler is not None and backend != "dask":
        raise ParameterError(f"a scheduler is for the backend dask; got the backend {backend}")


@contextlib.contextmanager
def chosen(
    backend: str, n_jobs: int | None, scheduler: str | None, options: dict[str, Any], say: Callable[[str], None]
) -> Iterator[Callable[[], dict[str, Any]]]:
    """Choose a backend for `joblib.Parallel` in the context; of Dask, connect to the scheduler first.

    Yields:
        a function to call before each `joblib.Parallel`; it waits for the workers of a Dask cluster, and returns the
        arguments of `joblib.Parallel`.

    Raises:
        ParameterError: its library is missing, or no scheduler answers.
    """
    with contextlib.ExitStack() as stack:

        def ready() -> dict[str, Any]:
            return {"return_as": "list" if backend == "ray" else "generator_unordered"}

        if backend == "dask":
            client = _client(scheduler)
            if scheduler is not None:
                stack.enter_context(client)
            options = {"client": client} | options

            def ready() -> dict[str, Any]:
                _wait_for_workers(client, say)
                # All cells at once: workers that join later, as those of a queue do, find work.
                return {"return_as": "generator_unordered", "pre_dispatch": "all"}

        if backend == "ray":
            _register_ray()
        stack.enter_context(joblib.parallel_config(backend, n_jobs=-1 if n_jobs is None else n_jobs, **options))
        yield ready


def _wait_for_workers(client: Any, say: Callable[[str], None]) -> None:
    # joblib runs everything in this process where a backend has a single core.
    said = False
    while (n_cores := sum(client.ncores().values())) < 2:
        if not said:
            say(f"waiting for workers: the cluster has {n_cores} of the 2 cores that a sweep needs")
            said = True
        time.sleep(0.2)


def _client(scheduler: str | None) -> Any:
    try:
        from distributed import Client, get_client
    except ImportError:
        raise ParameterError("the backend dask needs Dask: pip install .[cluster]") from None
    if scheduler is None:
        try:
            return get_client()
        except ValueError:
            raise ParameterError("the backend dask needs the address of a scheduler, such as tcp://host:8786") from None
    try:
        return Client(scheduler, timeout=SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        reason = f"no Dask scheduler answers at {scheduler} within {SECONDS} s"
        if not isinstance(error, OSError):
            reason = f"{scheduler!r} is not the address of a Dask scheduler"
        raise ParameterError(f"{reason}; an address looks like tcp://host:8786") from None


def _register_ray() -> None:
    try:
        from ray.util.joblib import register_ray
    except ImportError:
        raise ParameterError("the backend ray needs Ray: pip install ray") from None
    register_ray()
