import numpy as np
import pytest
import torch
from torchvision.transforms import functional as TF

from tgsh import ParameterError, RotationMNIST
from tgsh.benchmarks import InterpolatedRotation, Rotation, interpolated_rotations


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


@pytest.mark.parametrize("n_tasks", [0, 37, -1, "many", 3.0, True, None])
def test_bad_number_of_tasks(digits, n_tasks):
    with pytest.raises(ParameterError, match="n_tasks must be a whole number from 1 to 36"):
        RotationMNIST(digits, n_tasks=n_tasks)


@pytest.mark.parametrize("step", [0, 361, "10"])
def test_bad_step(digits, step):
    with pytest.raises(ParameterError, match="step must be a whole number from 1 to 360"):
        RotationMNIST(digits, n_tasks=1, step=step)


def test_interpolated_rotation_equals_the_published_one_where_pixels_fall_on_pixels(few):
    angles = [0.0, 90.0, 180.0, 45.0]
    interpolated, published = interpolated_rotations(few, angles), [Rotation(int(a)) for a in angles]
    for t in range(3):
        assert torch.equal(interpolated.images(t, "test")[0], published[t](few.test_images))
    assert not torch.equal(interpolated.images(3, "test")[0], published[3](few.test_images))
    assert interpolated.distances()[0].tolist() == angles


def test_interpolated_rotation_turns_as_the_published_one_does_and_mixes_pixels(few):
    quarter = RotationMNIST(few, n_tasks=2, step=90)[1](few.test_images)
    assert torch.equal(InterpolatedRotation(90)(few.test_images), quarter)
    nearest = RotationMNIST(few, n_tasks=2, step=25)[1](few.test_images).float()
    interpolated = InterpolatedRotation(25)(few.test_images).float()
    other = InterpolatedRotation(-25)(few.test_images).float()
    assert not torch.equal(interpolated, nearest)
    assert (interpolated - nearest).norm() < (other - nearest).norm() / 2
    assert InterpolatedRotation(25).name == "25°, interpolated"
