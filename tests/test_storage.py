"""Contexts as bytes: what each form takes and keeps, and what is no contexts."""

import math

import numpy as np
import pytest
import torch

from tgsh import FlyNet, RotationMNIST, train_stream
from tgsh.errors import DataError, ParameterError
from tgsh.extensions import FORMS, context_bytes, pack_contexts, unpack_contexts
from tgsh.training import accuracy_on

every_form = pytest.mark.parametrize("form", FORMS)
HEAD = 17  # bytes before the first context


@pytest.fixture(scope="module")
def contexts():
    return torch.randn(3, 50, generator=torch.Generator().manual_seed(0))


def test_single_precision_is_exact(contexts):
    assert torch.equal(unpack_contexts(pack_contexts(contexts)), contexts)


def test_half_precision_rounds_as_numpy_does(contexts):
    expected = contexts.numpy().astype(np.float16).astype(np.float32)
    assert (unpack_contexts(pack_contexts(contexts, "float16")).numpy() == expected).all()


def test_whole_numbers_are_worked_by_hand():
    contexts = torch.tensor([[12.7, -0.12, 0.06, -12.7], [0.0, 0.0, 0.0, 0.0]])  # steps 0.1, and none
    found = unpack_contexts(pack_contexts(contexts, "int8"))
    assert found.tolist() == [pytest.approx([12.7, -0.1, 0.1, -12.7], abs=1e-6), [0, 0, 0, 0]]


def test_whole_numbers_are_off_by_half_a_step_at_most(contexts):
    step = contexts.abs().amax(1, keepdim=True) / 127
    off = (unpack_contexts(pack_contexts(contexts, "int8")) - contexts).abs()
    assert (off <= step / 2 * (1 + 1e-4)).all()
    assert (off > step / 4).any()  # it does round


def test_signs_are_worked_by_hand():
    found = unpack_contexts(pack_contexts(torch.tensor([[3.0, -1.0, 0.5, -1.5, 0.0, 0.0, 0.0, 0.0, -6.0]]), "sign"))
    mean = 12 / 9
    assert found.tolist() == [pytest.approx([mean, -mean, mean, -mean, mean, mean, mean, mean, -mean])]


@every_form
@pytest.mark.parametrize("H", [1, 8, 9, 50])
def test_the_bytes_are_those_that_are_counted(form, H):
    one, two = (len(pack_contexts(torch.ones(T, H), form)) for T in (1, 2))
    assert two - one == context_bytes(H, form)
    assert one == HEAD + context_bytes(H, form)
    assert unpack_contexts(pack_contexts(torch.ones(2, H), form)).tolist() == [[1.0] * H] * 2


def test_what_a_context_of_flynet_takes():
    assert {form: context_bytes(7840, form) for form in FORMS} == {
        "float32": 31360,
        "float16": 15680,
        "int8": 7844,
        "sign": 984,
    }


def test_eight_bits_keep_accuracy_and_a_form_can_lose_it(few):
    stream = RotationMNIST(few, 2, 90)
    net = FlyNet(2, 1, 0)
    record = train_stream(net, stream, progress=False)
    kept = {form: unpack_contexts(pack_contexts(record.contexts, form)) for form in FORMS}
    found = {form: accuracy_on(net, stream, 0, m[:1]).item() for form, m in kept.items()}
    assert abs(found["int8"] - found["float32"]) < 0.03
    chance = accuracy_on(net, stream, 0, record.before[:1]).item()
    assert found["float32"] > chance + 0.2
    cosine = torch.cosine_similarity(kept["sign"], record.contexts).mean().item()
    assert cosine < 0.95 < torch.cosine_similarity(kept["int8"], record.contexts).mean().item()


@pytest.mark.parametrize(
    ("contexts", "form", "message"),
    [
        (torch.ones(2, 3), "int4", "form must be one of"),
        (torch.ones(3), "int8", "shape"),
        (torch.ones(0, 3), "int8", "shape"),
        (torch.tensor([[1.0, math.nan]]), "int8", "contexts"),
        (torch.tensor([[1.0, 1e6]]), "float16", "half precision"),
    ],
)
def test_what_cannot_be_packed_is_one_line(contexts, form, message):
    with pytest.raises(ParameterError, match=message):
        pack_contexts(contexts, form)


@every_form
def test_damaged_bytes_are_one_line(form, contexts):
    packed = pack_contexts(contexts, form)
    for damaged in (b"", packed[:5], packed[:-1], packed + b"0", b"no" + packed, packed[:4] + b"\xff" + packed[5:]):
        with pytest.raises(DataError):
            unpack_contexts(damaged)
