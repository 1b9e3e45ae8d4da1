import pytest
import torch

from tgsh import ParameterError, RotationMNIST
from tgsh.inversion import (
    DEVELOPMENTS,
    best_development,
    class_means,
    develop,
    read_test_images,
    train_classifier,
)
from tgsh.runs import RunCache


@pytest.fixture(scope="module")
def stream(few):
    return RotationMNIST(few, n_tasks=2, step=90)


@pytest.fixture(scope="module")
def pictures(stream):
    return class_means(stream) * 0.3081 + 0.1307


@pytest.fixture(scope="module")
def classifier(stream, tmp_path_factory):
    return train_classifier(stream, epochs=30, cache=RunCache(tmp_path_factory.mktemp("classifier")))


def test_the_classifier_reads_real_images_and_tells_a_wrong_digit_from_a_wrong_angle(classifier, stream, pictures):
    real = read_test_images(classifier, stream)
    assert len(real.digit) == 150
    assert real.digit.mean() > 0.7
    assert (real.task_distance == 0).mean() > 0.8
    sharp = develop(pictures, 0.3, 0.5)
    right, turned, renamed = classifier.read(sharp), classifier.read(sharp.flip(0)), classifier.read(sharp.roll(1, 1))
    assert (right.digit.mean(), right.task_distance.mean()) == (1, 0)
    assert turned.task_distance.mean() == 90
    assert renamed.digit.mean() < 0.2
    assert classifier.read(sharp[1:], [1]).digit.tolist() == right.digit[1:].tolist()


def test_the_favourable_development_is_the_best_there_is(classifier, pictures):
    raw = pictures - 3
    best = best_development(classifier, raw)
    assert best in DEVELOPMENTS
    readings = {how: classifier.read(develop(raw, *how)) for how in DEVELOPMENTS}
    shares = {how: reading.digit.mean() + reading.digit_task_unknown.mean() for how, reading in readings.items()}
    assert shares[best] == max(shares.values()) > min(shares.values())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s, j: j.read(torch.zeros(3, 10, 784)), "pictures of 2 tasks and 10 classes"),
        (lambda s, j: j.read(torch.full((2, 10, 784), 2.0)), r"in \[0, 1\]"),
        (lambda s, j: train_classifier(s, epochs=0), "epochs must be a whole number of at least 1"),
    ],
)
def test_bad_settings(stream, classifier, call, message):
    with pytest.raises(ParameterError, match=message):
        call(stream, classifier)


def test_training_does_not_depend_on_the_number_of_threads(stream, tmp_path, threads):
    trained = []
    for n in (1, 2, 3):
        threads(n)
        trained.append(train_classifier(stream, 1, cache=RunCache(tmp_path / str(n))).state_dict())
        assert torch.get_num_threads() == n
    assert all(torch.equal(one[name], trained[0][name]) for one in trained for name in one)
