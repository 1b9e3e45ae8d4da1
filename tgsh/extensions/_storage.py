"""Contexts as bytes: in single or half precision, as 8-bit integers, or as signs (ours; not in the paper).

By Eq. 2 all that a task keeps is its context vector ``m_t = g_t c_t``. A factor of a whole context changes no predicted
class, so whole numbers need one scale for each task only, and signs none but for their size.
"""

from __future__ import annotations

import struct
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from tgsh.errors import DataError, ParameterError, check_choice, check_finite

Form = Literal["float32", "float16", "int8", "sign"]
FORMS: tuple[Form, ...] = get_args(Form)

_MARK = b"TGSH"
_HEAD = struct.Struct("<4sBIQ")  # mark, position of the form in FORMS, numbers of a context, number of contexts


def pack_contexts(contexts: Tensor, form: Form = "float32") -> bytes:
    """Write context vectors as bytes, which `unpack_contexts` reads.

    Args:
        contexts: ``(T, H)``, finite.
        form: ``"float32"`` (exact) and ``"float16"``: 4 and 2 bytes a number. ``"int8"``: one byte a number, rounded to
            127 steps of the largest number of the context; the step is kept in 4 bytes for each task. ``"sign"``: one
            bit a number, and the mean size of the numbers in 4 bytes for each task.

    Raises:
        ParameterError: contexts are not two-dimensional, empty, or not finite, also after rounding to half precision;
            or the form is unknown.
    """
    check_choice("form", form, FORMS)
    if contexts.ndim != 2 or not contexts.numel():
        raise ParameterError(f"contexts must have shape (T, H); got {tuple(contexts.shape)}")
    check_finite("contexts", contexts)
    m = contexts.detach().cpu().float().numpy()
    parts = [_HEAD.pack(_MARK, FORMS.index(form), m.shape[1], m.shape[0])]
    if form in ("float32", "float16"):
        with np.errstate(over="ignore"):
            numbers = m.astype("<f4" if form == "float32" else "<f2")
        if not np.isfinite(numbers).all():
            raise ParameterError(f"contexts must lie within half precision (65504); got {np.abs(m).max():g}")
    elif form == "int8":
        whole, steps = quantise(torch.from_numpy(m), 8)
        numbers = whole.numpy()
        parts.append(steps.numpy().astype("<f4").tobytes())
    else:
        parts.append(np.abs(m).mean(1).astype("<f4").tobytes())
        numbers = np.packbits(m < 0, axis=1)
    return b"".join([*parts, numbers.tobytes()])


def unpack_contexts(packed: bytes) -> Tensor:
    """Read the context vectors ``(T, H)``, in single precision, that `pack_contexts` has written.

    Raises:
        DataError: these bytes are not whole contexts.
    """
    if len(packed) < _HEAD.size:
        raise DataError(f"{len(packed)} bytes hold no contexts")
    mark, number, H, T = _HEAD.unpack_from(packed)
    if mark != _MARK or number >= len(FORMS):
        raise DataError("these bytes were not written by pack_contexts")
    form, body = FORMS[number], memoryview(packed)[_HEAD.size :]
    expected = T * context_bytes(H, form)
    if len(body) != expected:
        raise DataError(f"{T} contexts of {H} numbers take {expected} bytes as {form}; there are {len(body)}")
    if form in ("float32", "float16"):
        m = np.frombuffer(body, "<f4" if form == "float32" else "<f2").reshape(T, H)
    else:
        scales, rest = np.frombuffer(body[: 4 * T], "<f4")[:, None], body[4 * T :]
        if form == "int8":
            m = scales * np.frombuffer(rest, np.int8).reshape(T, H)
        else:
            bits = np.unpackbits(np.frombuffer(rest, np.uint8).reshape(T, -1), axis=1, count=H)
            m = scales * (1 - 2.0 * bits)
    return torch.from_numpy(m.astype(np.float32))


def context_bytes(n_numbers: int, form: Form) -> int:
    """Bytes that one more context of ``n_numbers`` numbers takes; see `pack_contexts`."""
    of_numbers = {"float32": 4 * n_numbers, "float16": 2 * n_numbers, "int8": n_numbers, "sign": -(-n_numbers // 8)}
    return of_numbers[check_choice("form", form, FORMS)] + 4 * (form in ("int8", "sign"))


def quantise(rows: Tensor, bits: Literal[8, 16]) -> tuple[Tensor, Tensor]:
    """Round each row to whole numbers of ``bits`` bits, times one scale for each row.

    Args:
        rows: ``(R, n)``, finite.
        bits: 8 or 16.

    Returns:
        whole numbers ``(R, n)`` of type int8 or int16, and scales ``(R,)``, float32. ``numbers * scale`` differs from a
        row by at most half its scale, that is its largest size divided by 254 or 65534. The numbers are symmetric,
        from -127 to 127 or from -32767 to 32767, so that a row and its negative are rounded alike.
    """
    largest = 2 ** (bits - 1) - 1
    scale = (rows.abs().amax(1) / largest).clamp_min(torch.finfo(torch.float32).tiny)
    return (rows / scale[:, None]).round().to(torch.int8 if bits == 8 else torch.int16), scale


def dequantise(numbers: Tensor, scale: Tensor) -> Tensor:
    """Float32 rows ``(R, n)`` from the whole numbers and scales of `quantise`."""
    return numbers.float() * scale[:, None]
