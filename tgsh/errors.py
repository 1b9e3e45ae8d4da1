"""Errors for users: one line that says what is wrong and what to do."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

_SIDE = 28  # pixels along each edge of an image
_ROUNDING = 1e-3  # by which a transform may leave the range [0, 1]
_WHOLE = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16, torch.uint32, torch.uint64)

Function = TypeVar("Function", bound=Callable[..., Any])


class TgshError(Exception):
    """Base class of the errors that a user can correct. A notebook shows the message only, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        # IPython calls this method, where an exception has it, instead of formatting the traceback.
        return [f"{type(self).__name__}: {self}"]


class ParameterError(TgshError, ValueError):
    """A parameter has a value outside the accepted range."""


class DataError(TgshError, RuntimeError):
    """A dataset is missing, damaged, or cannot be downloaded."""


def check_int(name: str, value: Any, low: int, high: int | None = None, hint: str = "") -> int:
    """Return ``value`` as an int if it is a whole number in ``[low, high]``, of Python or NumPy.

    ``True`` and ``3.0`` are refused: a Boolean or a float in place of a count is most likely a mistake.

    Args:
        name: name of the parameter, for the message.
        value: the value to check.
        low: lowest accepted value.
        high: highest accepted value; default: no limit.
        hint: text that the message adds after the range, such as the reason for the limit.

    Raises:
        ParameterError: ``value`` is not such a number.
    """
    accepted = f"a whole number of at least {low}" if high is None else f"a whole number from {low} to {high}"
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):
        raise ParameterError(f"{name} must be {accepted}{hint}; got {value!r}")
    return int(value)


def check_positive(name: str, value: Any) -> float:
    """Return ``value`` as a float if it is a finite number above 0, of Python or NumPy.

    Raises:
        ParameterError: ``value`` is not such a number; the message calls it ``name``.
    """
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value <= 0:
        raise ParameterError(f"{name} must be a number above 0; got {value!r}")
    return float(value)


def check_choice(name: str, value: Any, choices: Sequence[str]) -> str:
    """Return ``value`` if it is one of ``choices``.

    Raises:
        ParameterError: ``value`` is none of them; the message calls it ``name`` and lists the choices.
    """
    if not isinstance(value, str) or value not in choices:
        raise ParameterError(f"{name} must be one of {', '.join(choices)}; got {value!r}")
    return value


def check_pixels(name: str, images: Any) -> Tensor:
    """Return images of any shape in one of the two forms that the package computes with.

    - Whole numbers are intensities from 0 to 255; of whatever type they are, the result is uint8.
    - Floating numbers are intensities in [0, 1]; the result has single or double precision.
    - Boolean pixels are black and white.

    uint8, float32 and float64 images are not copied. Floating numbers from 0 to 255 are refused: an image of them can
    lie in [0, 1] by chance.

    Raises:
        ParameterError: pixels are NaN or infinite, out of range, or not numbers.
    """
    images = _as_tensor(name, images)
    if images.dtype == torch.uint8:
        return images
    if images.dtype == torch.bool:
        return images.to(torch.uint8).mul_(255)
    whole = images.dtype in _WHOLE
    if not whole and not images.is_floating_point():
        raise ParameterError(f"{name} must hold real numbers; got {images.dtype}")
    images = images.long() if whole else images.to(torch.promote_types(images.dtype, torch.float32))
    check_finite(name, images)
    if images.numel():
        low, high = (end.item() for end in images.detach().aminmax())
        if whole and not 0 <= low <= high <= 255:
            raise ParameterError(f"{name} must hold whole numbers from 0 to 255; got {low} to {high}")
        if not whole and not -_ROUNDING <= low <= high <= 1 + _ROUNDING:
            remedy = "divide by 255, or pass uint8" if low >= 0 and 1 < high <= 255 else "pass them as they were before"
            raise ParameterError(f"{name} must hold floating numbers in [0, 1]; got {low:g} to {high:g}; {remedy}")
    return images.to(torch.uint8) if whole else images


def check_images(name: str, images: Any) -> Tensor:
    """Return images ``(N, 28, 28)`` in one of the two forms of `check_pixels`.

    Raises:
        ParameterError: the shape is another one, or as `check_pixels`.
    """
    images = _as_tensor(name, images)
    if images.ndim != 3 or images.shape[1:] != (_SIDE, _SIDE):
        raise ParameterError(f"{name} must have shape (N, {_SIDE}, {_SIDE}); got {tuple(images.shape)}")
    return check_pixels(name, images)


def check_labels(name: str, labels: Any, n: int | None = None, n_classes: int | None = None) -> Tensor:
    """Return labels ``(N,)``, of classes or of tasks, as int64.

    Args:
        name: name of the parameter, for the message.
        labels: whole numbers of any type.
        n: number of things that they label; default: any.
        n_classes: labels are below it; default: no limit.

    Raises:
        ParameterError: a label is not a whole number or is out of range, or there are not ``n`` of them.
    """
    labels = _as_tensor(name, labels)
    if labels.dtype not in _WHOLE or labels.ndim != 1:
        raise ParameterError(f"{name} must be a row of whole numbers; got {labels.dtype} {tuple(labels.shape)}")
    if n is not None and len(labels) != n:
        raise ParameterError(f"{name} must be {n}, one for each image or point; got {len(labels)}")
    labels = labels.long()
    low, high = (end.item() for end in labels.aminmax()) if len(labels) else (0, 0)
    if low < 0 or (n_classes is not None and high >= n_classes):
        accepted = "0 or more" if n_classes is None else f"from 0 to {n_classes - 1}"
        raise ParameterError(f"{name} must be {accepted}; got {low} to {high}")
    return labels


def check_examples(part: str, images: Any, labels: Any, n_classes: int) -> tuple[Tensor, Tensor]:
    """Return one part of a dataset: its images as `check_images` does, and its labels as `check_labels` does.

    Raises:
        ParameterError: as these two, or the part is empty, or all pixels are the whole numbers 0 and 1, out of 255.
    """
    images = check_images(f"{part}_images", images)
    images = images.detach() if images.requires_grad else images
    if not len(images):
        raise ParameterError(f"the {part} part has no images; both parts need at least one")
    if not images.is_floating_point() and images.max() == 1:
        raise ParameterError(f"{part}_images hold only 0 and 1, of 0 to 255; pass them as floating numbers")
    return images, check_labels(f"{part}_labels", labels, len(images), n_classes)


def check_finite(name: str, values: Any) -> None:
    """Check that an array, or each array of a list, holds no NaN and no infinity; ignore what is not an array.

    Raises:
        ParameterError: there are such numbers; the message says how many.
    """
    if isinstance(values, list | tuple):
        for one in values:
            check_finite(name, one)
    if isinstance(values, Tensor) and values.is_floating_point() and values.numel():
        # NaN is the extreme of any set with NaN. A transposed view, as features are, is read in the order of memory.
        plain = values.detach().T if values.ndim == 2 and values.T.is_contiguous() else values.detach()
        if not torch.isfinite(torch.stack(plain.aminmax())).all():
            _refuse(name, (~torch.isfinite(values)).sum().item(), values.numel())
    elif isinstance(values, np.ndarray) and values.dtype.kind == "f":
        finite = np.isfinite(values)
        if not finite.all():
            _refuse(name, int((~finite).sum()), values.size)


def _refuse(name: str, wrong: int, of: int) -> None:
    raise ParameterError(f"{name} must be finite; {wrong:,} of {of:,} numbers are NaN or infinite")


def _as_tensor(name: str, values: Any) -> Tensor:
    if isinstance(values, Tensor):
        return values.to_dense()
    try:
        array = np.ascontiguousarray(values)
        return torch.from_numpy(array.astype(array.dtype.newbyteorder("="), copy=False))
    except (TypeError, ValueError):
        raise ParameterError(f"{name} must be an array of numbers; got {type(values).__name__}") from None


def finite_arguments(function: Function) -> Function:
    """Make a function refuse arrays with NaN or infinity, by `check_finite` of each argument.

    Sorting, comparing and counting such numbers gives a number that looks like any other.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        for name, value in signature.bind(*args, **kwargs).arguments.items():
            check_finite(name, value)
        return function(*args, **kwargs)

    return checked
