import numpy as np
import pytest
import torch
from torchvision.transforms import functional as TF

from tgsh import ParameterError, RotationMNIST, ShiftMNIST


def test_rotation_equals_torchvisions_pil_rotation_on_all_angles(digits):
    noise = torch.randint(0, 256, (3, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    images = torch.cat([digits.test_images[:5], noise])
    for task in RotationMNIST(digits, n_tasks=36):
        turned = [np.array(TF.rotate(TF.to_pil_image(image), task.angle, fill=0)) for image in images]
        np.testing.assert_array_equal(task(images).numpy(), np.stack(turned), err_msg=task.name)


def test_rotation_is_counter_clockwise(digits):
    bar = torch.zeros(1, 28, 28, dtype=torch.uint8)
    bar[0, 4, 14] = 255  # above the centre
    quarter = RotationMNIST(digits, n_tasks=10)[9](bar)
    assert quarter[0, :, :14].sum() == 255  # now left of it


def test_rotation_keeps_floating_images_floating(digits):
    task = RotationMNIST(digits, n_tasks=4)[3]
    images = digits.test_images[:2]
    torch.testing.assert_close(task(images.float() / 255), task(images).float() / 255)


def test_stream_distances_go_the_short_way_round(digits):
    d = RotationMNIST(digits, n_tasks=36).distances()
    assert d[0, 1] == d[0, 35] == 10
    assert d.max() == d[3, 21] == 180
    np.testing.assert_array_equal(d, d.T)


def test_stream_is_a_sequence_of_named_tasks(digits):
    stream = RotationMNIST(digits, n_tasks=4, step=90)
    assert [task.name for task in stream] == ["0°", "90°", "180°", "270°"]
    images, labels = stream.test(0)
    assert torch.equal(images, digits.test_images)
    assert torch.equal(labels, digits.test_labels)


@pytest.mark.parametrize("n_tasks", [0, 37, -1, "many", 3.0, True, None])
def test_bad_number_of_tasks(digits, n_tasks):
    with pytest.raises(ParameterError, match="n_tasks must be a whole number from 1 to 36"):
        RotationMNIST(digits, n_tasks=n_tasks)


@pytest.mark.parametrize("step", [0, 361, "10"])
def test_bad_step(digits, step):
    with pytest.raises(ParameterError, match="step must be a whole number from 1 to 360"):
        RotationMNIST(digits, n_tasks=1, step=step)


def test_shift_equals_numpys_roll_to_the_right(digits):
    images = digits.test_images[:20]
    for t, task in enumerate(ShiftMNIST(digits)):
        np.testing.assert_array_equal(task(images).numpy(), np.roll(images.numpy(), t, axis=2), err_msg=task.name)
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
        assert torch.equal(coarse.test(t)[0], fine.test(2 * t)[0])
    np.testing.assert_array_equal(coarse.distances(), fine.distances()[::2, ::2])
    assert fine.distances().max() == 14


@pytest.mark.parametrize(("pixels", "n_tasks"), [(1, 29), (2, 15), (2, 0), (1, "many")])
def test_bad_number_of_shifts(digits, pixels, n_tasks):
    with pytest.raises(ParameterError, match=f"n_tasks must be a whole number from 1 to {28 // pixels}"):
        ShiftMNIST(digits, n_tasks=n_tasks, pixels=pixels)
