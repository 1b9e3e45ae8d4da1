import numpy as np
import pytest
import torch

from tgsh import ParameterError, ShiftMNIST
from tgsh.benchmarks import Shift


def test_shift_equals_numpys_roll_to_the_right(digits):
    images = digits.test_images[:20]
    for t, task in enumerate(ShiftMNIST(digits)):
        np.testing.assert_array_equal(task(images).numpy(), np.roll(images.numpy(), t, axis=2), err_msg=task.name)
    assert ShiftMNIST(digits, pixels=3)[4] == Shift(12)
    assert Shift(12).name == "12 px"
    column = torch.zeros(1, 28, 28, dtype=torch.uint8)
    column[0, :, 27] = 255
    assert ShiftMNIST(digits)[1](column)[0, :, 0].min() == 255  # out on the right, in on the left


def test_shift_is_periodic(digits):
    images, last = digits.test_images[:20], ShiftMNIST(digits)[27]
    assert not torch.equal(last(images), images)
    assert torch.equal(ShiftMNIST(digits)[1](last(images)), images)


def test_shift_of_2_px_is_every_second_task_of_1_px(digits):
    coarse, fine = ShiftMNIST(digits, pixels=2), ShiftMNIST(digits)
    assert (len(coarse), len(fine)) == (14, 28)
    for t in range(14):
        assert torch.equal(coarse.images(t, "test")[0], fine.images(2 * t, "test")[0])
    np.testing.assert_array_equal(coarse.distances(), fine.distances()[::2, ::2])
    assert fine.distances().max() == 14


@pytest.mark.parametrize(("pixels", "n_tasks"), [(1, 29), (2, 15), (2, 0), (1, "many")])
def test_bad_number_of_shifts(digits, pixels, n_tasks):
    with pytest.raises(ParameterError, match=f"n_tasks must be a whole number from 1 to {28 // pixels}"):
        ShiftMNIST(digits, n_tasks=n_tasks, pixels=pixels)
