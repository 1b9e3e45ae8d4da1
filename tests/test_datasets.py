import os
import socket
import time
from pathlib import Path

import pytest
import torch
from conftest import ROOT
from torchvision.datasets import MNIST

from tgsh import DataError, ParameterError, load
from tgsh.datasets import MEAN, STD, _mnist, data_root, folder_from, load_mnist, normalise, small_digits
from tgsh.datasets._sources import FILES


def test_digits_are_sklearns_scaled_and_centred(digits):
    assert len(digits.train_images) + len(digits.test_images) == 1797
    images = torch.cat([digits.train_images, digits.test_images])
    assert images.shape[1:] == (28, 28)
    assert images.dtype == torch.uint8
    assert images.max() == 255
    border = images.clone()
    border[:, 4:24, 4:24] = 0
    assert border.sum() == 0
    assert (images[:, 4:24, 4:24].flatten(1).sum(1) > 0).all()


def test_digits_split_is_fixed_stratified_and_disjoint(digits):
    again = load("digits")
    assert again.fingerprint() == digits.fingerprint()
    for k in range(10):
        share = (digits.test_labels == k).sum() / ((digits.test_labels == k).sum() + (digits.train_labels == k).sum())
        assert 0.19 < share < 0.22
    train = {image.numpy().tobytes() for image in digits.train_images}
    assert not train & {image.numpy().tobytes() for image in digits.test_images}


def test_the_small_digits_are_those_of_the_dataset(digits):
    images, labels, is_test = small_digits()
    assert (images.shape, images.dtype, images.max()) == ((1797, 8, 8), torch.uint8, 16)
    assert torch.equal(labels[is_test], digits.test_labels)
    assert torch.equal(labels[~is_test], digits.train_labels)


def test_subset_and_fingerprint(digits):
    part = digits.subset(n_train=10, n_test=5)
    assert len(part.train_images) == len(part.train_labels) == 10
    assert len(part.test_images) == len(part.test_labels) == 5
    assert part.fingerprint() != digits.fingerprint()
    with pytest.raises(ParameterError, match="n_train must be a whole number from 1 to"):
        digits.subset(n_train=10**6)


def test_normalise_is_the_same_for_bytes_and_floats():
    images = torch.arange(784, dtype=torch.int64).remainder(256).to(torch.uint8).reshape(1, 28, 28)
    expected = (images.double() / 255 - MEAN) / STD
    torch.testing.assert_close(normalise(images, torch.float64), expected.flatten(1))
    torch.testing.assert_close(normalise(images.double() / 255, torch.float64), expected.flatten(1))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float64])
def test_normalise_leaves_the_images_as_they_are(dtype):
    images = torch.arange(784).remainder(2).to(dtype).reshape(1, 28, 28)
    before = images.clone()
    once, again = normalise(images, torch.float32), normalise(images, torch.float32)
    assert torch.equal(images, before)
    assert torch.equal(once, again)


def test_a_part_is_images_with_their_labels(digits):
    for name in ("train", "test"):
        images, labels = digits.part(name)
        assert images is getattr(digits, f"{name}_images")
        assert labels is getattr(digits, f"{name}_labels")
    with pytest.raises(ParameterError, match="part must be one of train, test; got 'all'"):
        digits.part("all")


def test_unknown_dataset():
    with pytest.raises(
        ParameterError, match="dataset must be one of mnist, digits, fashion-mnist, kmnist; got 'fashion'"
    ):
        load("fashion")


def test_mnist_absent_and_no_network_leaves_nothing(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("no network")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(DataError, match="could not be downloaded") as caught:
        load_mnist(tmp_path)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def blank_mnist(tmp_path, monkeypatch):
    """Files with MNIST's headers and lengths, all zeros, and meant."""
    monkeypatch.setenv("TGSH_OTHER_MNIST", "1")
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, shape in FILES.items():
        header = (0x0800 + len(shape)).to_bytes(4, "big") + b"".join(n.to_bytes(4, "big") for n in shape)
        with (raw / name).open("wb") as file:
            file.write(header)
            file.truncate(len(header) + torch.Size(shape).numel())
    return tmp_path


def test_sound_files_load(blank_mnist):
    data = load_mnist(blank_mnist)
    assert data.train_images.shape == (60_000, 28, 28)
    assert data.test_labels.shape == (10_000,)


def test_files_of_the_right_length_with_other_images_are_refused(blank_mnist, monkeypatch):
    monkeypatch.delenv("TGSH_OTHER_MNIST")
    with pytest.raises(DataError, match=r"does not hold MNIST.*TGSH_OTHER_MNIST=1") as caught:
        load_mnist(blank_mnist)
    assert "\n" not in str(caught.value)


def test_mnist_is_known_by_its_checksums(mnist):
    assert mnist.train_images.shape == (60_000, 28, 28)
    assert mnist.train_labels.bincount().tolist()[:2] == [5923, 6742]


@pytest.mark.parametrize("refusing", ["stat", "read_bytes"])
def test_a_folder_or_file_that_cannot_be_read_is_one_line_and_nothing_is_downloaded(blank_mnist, monkeypatch, refusing):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(_mnist, "download_into", lambda *_: pytest.fail("downloads"))
    monkeypatch.setattr(Path, refusing, refuse)
    with pytest.raises(DataError, match=r"cannot be read .Permission denied.; check its permissions") as caught:
        load_mnist(blank_mnist)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("label", [10, 255])
@pytest.mark.parametrize("name", [name for name in FILES if "labels" in name])
def test_a_label_above_9_is_one_line(blank_mnist, name, label):
    with (blank_mnist / "MNIST" / "raw" / name).open("r+b") as file:
        file.seek(5_000)
        file.write(bytes([label]))
    with pytest.raises(DataError, match=f"{name} is damaged: it has a label {label}, above 9") as caught:
        load_mnist(blank_mnist)
    assert "\n" not in str(caught.value)


def test_the_files_that_were_checked_are_the_ones_that_are_used(blank_mnist):
    processed = blank_mnist / "MNIST" / "processed"  # of old versions of torchvision, which prefers these
    processed.mkdir()
    for name in ("training.pt", "test.pt"):
        torch.save((torch.ones(2, 28, 28, dtype=torch.uint8), torch.ones(2, dtype=torch.int64)), processed / name)
    assert load_mnist(blank_mnist).train_images.shape == (60_000, 28, 28)


def test_the_arrays_are_those_of_torchvision(mnist):
    theirs = MNIST(str(data_root()), train=False, download=False)
    assert torch.equal(mnist.test_images, theirs.data)
    assert torch.equal(mnist.test_labels, theirs.targets)
    assert mnist.test_labels.dtype == theirs.targets.dtype


def test_what_a_killed_download_left_is_removed_by_the_next(tmp_path, monkeypatch):
    for name, age in (("old", 4000), ("of-another", 10)):
        (tmp_path / f".mnist-{name}").mkdir()
        os.utime(tmp_path / f".mnist-{name}", (time.time() - age,) * 2)
    monkeypatch.setattr(MNIST, "download", lambda _: (_ for _ in ()).throw(OSError("no network")))
    with pytest.raises(DataError, match="no network"):
        load_mnist(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".mnist-of-another"]


def test_a_relative_data_folder_is_the_same_from_everywhere(tmp_path, monkeypatch):
    monkeypatch.setenv("TGSH_DATA_ROOT", "images")
    roots = []
    for folder in (tmp_path, ROOT / "book"):
        monkeypatch.chdir(folder)
        roots.append(data_root())
    assert roots == [ROOT / "images"] * 2


@pytest.mark.parametrize("variable", ["TGSH_DATA_ROOT", "TGSH_CACHE"])
def test_a_home_folder_that_is_not_there_is_one_line(variable, monkeypatch):
    monkeypatch.setenv(variable, "~no-such-user-of-test/x")
    with pytest.raises(DataError, match=f"{variable} is '~no-such-user-of-test/x', and there is no such home folder"):
        folder_from(variable)
    with monkeypatch.context() as patch:
        patch.setenv(variable, "~/x")
        patch.setattr(os.path, "expanduser", lambda path: path)  # as where neither HOME nor a user is known
        with pytest.raises(DataError, match="give a path without ~"):
            folder_from(variable)


@pytest.mark.parametrize("name", list(FILES))
@pytest.mark.parametrize("damage", ["short", "empty", "header"])
def test_damaged_mnist_is_one_clear_line(blank_mnist, name, damage):
    path = blank_mnist / "MNIST" / "raw" / name
    with path.open("r+b") as file:
        if damage == "header":
            file.write(b"\x1f\x8b")
        else:
            file.truncate(100 if damage == "short" else 0)
    with pytest.raises(DataError, match=f"{name} is damaged.*delete it") as caught:
        load_mnist(blank_mnist)
    assert "\n" not in str(caught.value)


def test_interrupted_download_leaves_nothing_and_the_next_one_works(tmp_path, blank_mnist, monkeypatch):
    import torchvision.datasets

    sound = {name: (blank_mnist / "MNIST" / "raw" / name).read_bytes() for name in FILES}
    root = tmp_path / "new"
    complete = torchvision.datasets.MNIST

    class Downloading(complete):
        broken = True

        def download(self):
            folder = root / self.root
            (folder / "MNIST" / "raw").mkdir(parents=True)
            for name, content in sound.items():
                (folder / "MNIST" / "raw" / name).write_bytes(content[: 10 if self.broken else None])
            if self.broken:
                raise KeyboardInterrupt

    Downloading.__name__ = "MNIST"  # torchvision derives the folder from it
    monkeypatch.setattr(torchvision.datasets, "MNIST", Downloading)
    with pytest.raises(KeyboardInterrupt):
        load_mnist(root)
    assert list(root.iterdir()) == []
    Downloading.broken = False
    assert len(load_mnist(root).train_images) == 60_000


def test_normalising_leaves_the_images_as_they_are():
    images = torch.rand(3, 28, 28)
    before = images.clone()
    inputs = normalise(images)
    assert torch.equal(images, before)
    torch.testing.assert_close(inputs, normalise((images * 255).round().to(torch.uint8)), atol=0.01, rtol=0)
