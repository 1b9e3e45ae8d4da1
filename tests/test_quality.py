import numpy as np
import pytest
import torch

from tgsh import ParameterError, RotationMNIST
from tgsh.inversion import blur, class_means, develop, reconstruction_quality


def test_quality_of_the_means_themselves_is_perfect(few):
    means = class_means(RotationMNIST(few, n_tasks=4, step=30))
    assert means.shape == (4, 10, 784)
    perfect = reconstruction_quality(means, means)
    np.testing.assert_allclose(perfect.own, 1)
    np.testing.assert_allclose(perfect.own_contrast, 1)
    assert (perfect.class_read, perfect.task_read, perfect.task_near) == (1, 1, 1)
    assert perfect.other_task < 1


def test_quality_finds_the_wrong_class_and_the_wrong_task(few):
    means = class_means(RotationMNIST(few, n_tasks=4, step=90))
    assert reconstruction_quality(means.roll(1, dims=1), means).class_read < 0.05
    turned = reconstruction_quality(means.roll(1, dims=0), means)
    assert turned.task_read < 0.05
    assert turned.task_near > 0.95
    noise = reconstruction_quality(torch.randn(means.shape, generator=torch.Generator().manual_seed(0)), means)
    assert abs(noise.own.mean()) < 0.05
    assert noise.class_read < 0.4


def test_class_means_by_hand(few):
    stream = RotationMNIST(few, n_tasks=2, step=90)
    images, labels = stream.images(1, "test")
    by_hand = (images[labels == 7].float().mean(0) / 255 - 0.1307) / 0.3081
    torch.testing.assert_close(class_means(stream)[1, 7], by_hand.flatten(), rtol=0, atol=1e-4)


def test_quality_needs_two_tasks_of_one_shape():
    with pytest.raises(ParameterError, match="two tasks or more"):
        reconstruction_quality(torch.zeros(1, 10, 784), torch.zeros(1, 10, 784))


def test_each_image_is_blurred_by_itself():
    images = torch.zeros(2, 784)
    images[0, 14 * 28 + 10] = 1
    blurred = blur(images).reshape(2, 28, 28)
    assert blurred[1].abs().max() == 0
    assert blurred[0].sum().item() == pytest.approx(1, abs=1e-4)
    assert blurred[0].argmax() == 14 * 28 + 10
    assert blurred[0, 14, 11].item() == pytest.approx(blurred[0, 14, 10].item() * np.exp(-0.5), rel=1e-3)


def test_developing_by_hand():
    image = torch.zeros(784)
    image[:392], image[14 * 28 + 14] = -5, 3
    picture = develop(image, blur=0.1, black=0.4)
    assert picture[0] == 0
    assert picture.argmax() == 14 * 28 + 14
    assert picture.max() == 1
    assert develop(torch.ones(784), blur=0.1, black=0.5).max() == 0  # nothing is seen where there is nothing


def test_some_pixels_stay_above_black():
    with pytest.raises(ParameterError, match="black must be from 0 to below 1"):
        develop(torch.zeros(784), black=1)
