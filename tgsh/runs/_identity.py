"""Identity of code, settings and weights, so that a stored result is only used for what it was computed from."""

from __future__ import annotations

import functools
import hashlib
import operator
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tgsh.runs._code import closure_identity, code_closure, modules_of_the_user
from tgsh.runs._device import device_name
from tgsh.runs._progress import note_once

_VALUES = bool | int | float | str | bytes | np.ndarray | np.generic | Tensor | None
_IN_EVERY_MODULE = frozenset(vars(nn.Module()))  # attributes that PyTorch itself gives to a module


def tensor_digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of tensors by name: names, dtypes, shapes and bytes."""
    sha = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        if tensor.numel():
            sha.update(tensor.flatten().view(torch.uint8).numpy())
    return sha.hexdigest()


class ByValue:
    """Equality for dataclasses whose fields hold arrays: equal if all compared fields are, in every number.

    For use as the base of a dataclass with ``eq=False``. Two arrays that are nan at the same places can be equal.
    """

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(_equal(getattr(self, f.name), getattr(other, f.name)) for f in fields(self) if f.compare)

    def __hash__(self) -> int:
        return hash(type(self))


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, Tensor | np.ndarray | float) and isinstance(other, Tensor | np.ndarray | float):
        a, b = (x.detach().cpu() if isinstance(x, Tensor) else torch.as_tensor(x) for x in (one, other))
        return a.shape == b.shape and torch.allclose(a.double(), b.double(), rtol=0, atol=0, equal_nan=True)
    return bool(one == other)


def identity(thing: Any) -> str | None:
    """Return a text that identifies a value, an object, a class or a function; None where that is not possible.

    - Numbers, strings, arrays, and collections of identifiable things are identified by their values.
    - A class or function is identified by its name and its code: the source of its module and of all that this imports,
      a library by its version. Values at the top of a user's own modules count as they are now, since a program can
      change them. What is defined in a notebook or inside a function has no such source, nor has what a decorator
      returned and the module does not know by that name.
    - A frozen dataclass is identified by its class and its fields.
    - A network is identified by the classes of its parts, their attributes, buffers and parameters. Lists of parameters
      hold what a task learns, so they do not count, and neither does ``n_tasks``.

    A string called ``identity``, set on a class or function, stands for its code, and must change when the code does.
    Set on an object itself, it stands for the whole object.
    """
    stated = _stated(thing)
    if stated is not None:
        return f"{getattr(thing, '__qualname__', type(thing).__qualname__)}: {stated}"
    if isinstance(thing, np.generic):
        thing = thing.item()
    if thing is None or isinstance(thing, bool | int | float | str | bytes | torch.dtype):
        return repr(thing)
    if isinstance(thing, np.ndarray):
        thing = torch.from_numpy(thing)
    if isinstance(thing, Tensor):
        return tensor_digest({"": thing})
    if isinstance(thing, Mapping):
        return _of_all(x for pair in sorted(thing.items()) for x in pair)
    if isinstance(thing, list | tuple | range):
        return _of_all(thing)
    if isinstance(thing, functools.partial):
        return _of_all([thing.func, thing.args, thing.keywords])
    if isinstance(thing, type | FunctionType | BuiltinFunctionType):
        return _of_definition(thing)
    if isinstance(thing, nn.Module):
        return _of_module(thing)
    if is_dataclass(thing) and type(thing).__dataclass_params__.frozen:
        return _of_all([type(thing), *(getattr(thing, field.name) for field in fields(thing))])
    if _stated(type(thing)) is not None and hasattr(thing, "__dict__"):
        return _of_all([type(thing), vars(thing)])
    return None


def _stated(thing: Any) -> str | None:
    # The string ``identity`` of the thing itself. An object does not take over that of its class, nor a class that of
    # its base.
    if isinstance(thing, type):
        own = vars(thing).get("identity")
    elif isinstance(getattr(type(thing), "identity", None), str):
        own = getattr(thing, "__dict__", {}).get("identity")
    else:
        own = getattr(thing, "identity", None)
    return own if isinstance(own, str) else None


def _of_all(things: Iterable[Any]) -> str | None:
    found = [identity(thing) for thing in things]
    return None if None in found else f"[{', '.join(found)}]"


def _of_definition(thing: Any) -> str | None:
    name = f"{thing.__module__}.{thing.__qualname__}"
    if "<" in thing.__qualname__:  # <locals>, <lambda>: values that it encloses are not in the source
        return None
    module = thing.__module__ or "builtins"
    parts = code_closure(module)  # one walk serves both the code and the values
    if parts is None or not _is_known_by_its_name(thing, module):
        return None
    values = [
        _of_all([own.__name__, key, value])
        for own in modules_of_the_user(parts)
        for key, value in sorted(vars(own).items())
        if _is_plain(value) and not key.startswith("__")
    ]
    digest = hashlib.sha256(repr(values).encode()).hexdigest()[:16] if values else ""
    return f"{name}@{closure_identity(parts)}{digest and f' with {digest}'}"


def _is_plain(value: Any) -> bool:
    # Classes and functions in a collection are in the source; following them could lead back to the module.
    if isinstance(value, Mapping):
        return all(_is_plain(part) for pair in value.items() for part in pair)
    return all(map(_is_plain, value)) if isinstance(value, tuple | list) else isinstance(value, _VALUES)


def _is_known_by_its_name(thing: Any, module: str) -> bool:
    # functools.wraps gives the name of one function to another, whose values do not show in the source.
    if not isinstance(thing, FunctionType) or module not in sys.modules:
        return True
    try:
        return operator.attrgetter(thing.__qualname__)(sys.modules[module]) is thing
    except AttributeError:
        return False


def _of_module(net: nn.Module) -> str | None:
    parts, tensors = [], dict(net.named_buffers())
    for name, part in net.named_modules():
        if isinstance(part, nn.ParameterList):
            continue
        settings = {key: value for key, value in vars(part).items() if key not in _IN_EVERY_MODULE}
        settings.pop("n_tasks", None)
        parts += [name, type(part), settings]
        tensors |= {f"{name}.{key}": value for key, value in part.named_parameters(recurse=False)}
    return _of_all([*parts, tensor_digest(tensors)])


def describe(
    code: Sequence[Any], tensors: Mapping[str, Tensor], device: torch.device, **settings: Any
) -> dict[str, Any] | None:
    """Describe all that determines a result, JSON-able, as the key of its entry in the run cache.

    Args:
        code: classes, functions, tasks and networks that compute it.
        tensors: values that the computation starts from, by name.
        device: device of the computation. Processors of different kinds round differently, and a cached result is
            the same to the last digit as one computed anew.
        settings: numbers and strings.

    Returns:
        None where something in ``code`` has no `identity`; the first time, a note says so.
    """
    found = [identity(thing) for thing in code]
    for thing, known in zip(code, found, strict=True):
        if known is None:
            name = getattr(thing, "__qualname__", type(thing).__qualname__)
            note_once(f"nothing identifies {name}, so results are not kept; give it an identity to keep them")
            return None
    capability = torch.backends.cpu.get_cpu_capability() if device.type == "cpu" else ""
    return {
        "code": found,
        "tensors": tensor_digest(tensors),
        "machine": [device_name(device), capability, torch.__version__],
        **settings,
    }
