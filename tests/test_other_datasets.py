"""Fashion-MNIST and Kuzushiji-MNIST: files as published, damaged ones, and downloads; nothing needs the network."""

import gzip
import socket

import pytest
import torch
import torchvision.datasets
from small_datasets import N_TEST, N_TRAIN, SOURCES, contents, write_packed

from tgsh import DataError, ImageDataset, ParameterError, load
from tgsh.datasets import _mnist, load_fashion_mnist, load_kmnist, load_mnist
from tgsh.datasets._sources import FILES

LOADERS = {"fashion-mnist": load_fashion_mnist, "kmnist": load_kmnist, "mnist": load_mnist}
OTHERS = ("fashion-mnist", "kmnist")
of_each = pytest.mark.parametrize("name", LOADERS)
of_each_other = pytest.mark.parametrize("name", OTHERS)


def refusal(name, root):
    with pytest.raises(DataError) as caught:
        LOADERS[name](root)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@of_each
def test_files_as_published_are_read(name, tmp_path, monkeypatch):
    write_packed(tmp_path, name, monkeypatch)
    monkeypatch.setenv("TGSH_DATA_ROOT", str(tmp_path))
    monkeypatch.setattr(_mnist, "download_into", lambda *_: pytest.fail("downloads"))
    data = load(name)
    assert (data.name, data.title) == (name, SOURCES[name].title)
    assert data.train_images.shape == (N_TRAIN, 28, 28)
    assert data.test_labels.tolist() == [i % 10 for i in range(N_TEST)]
    content = contents(name, FILES)["t10k-images-idx3-ubyte"]
    assert data.test_images.numpy().tobytes() == content[16:]
    assert load(name, n_train=7).train_images.shape == (7, 28, 28)


@pytest.mark.parametrize("name", SOURCES)
def test_checksums_and_class_names_are_those_of_torchvision(name):
    theirs = getattr(torchvision.datasets, SOURCES[name].kind)
    assert {f"{file}.gz": md5 for file, md5 in SOURCES[name].packed.items()} == dict(theirs.resources)
    if name != "mnist":
        assert list(SOURCES[name].class_names) == [k if k.startswith("T-") else k.lower() for k in theirs.classes]


def test_classes_have_names(digits):
    assert digits.class_names == tuple("0123456789")
    named = ImageDataset("mine", "Mine", *digits.part("train"), *digits.part("test"), class_names=list("abcdefghij"))
    assert named.class_names == tuple("abcdefghij")
    assert named.subset(n_train=3).class_names == named.class_names
    assert (digits.class_title(3), named.class_title(3)) == ("digit 3", "d")
    with pytest.raises(ParameterError, match="k must be a whole number from 0 to 9; got 10"):
        named.class_title(10)
    for wrong in (("a", "b"), "abcdefghij", tuple(range(10)), None):
        with pytest.raises(ParameterError, match="class_names must be 10 texts"):
            ImageDataset("mine", "Mine", *digits.part("train"), *digits.part("test"), class_names=wrong)


@of_each_other
@pytest.mark.parametrize("file", list(FILES))
@pytest.mark.parametrize("damage", ["short", "empty", "changed"])
def test_a_damaged_file_is_one_line(name, file, damage, tmp_path, monkeypatch):
    path = write_packed(tmp_path, name, monkeypatch) / f"{file}.gz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes({"short": bytes(content[:20]), "empty": b"", "changed": bytes(content)}[damage])
    said = refusal(name, tmp_path)
    assert f"{file}.gz does not hold {SOURCES[name].title}: its checksum is another one; delete it" in said
    assert "TGSH_OTHER_MNIST" not in said


@of_each_other
def test_files_of_one_dataset_in_the_folder_of_the_other_are_refused(name, tmp_path, monkeypatch):
    other = OTHERS[1 - OTHERS.index(name)]
    write_packed(tmp_path, other, monkeypatch).parent.rename(tmp_path / SOURCES[name].kind)
    monkeypatch.setenv("TGSH_OTHER_MNIST", "1")  # of MNIST alone
    assert f"does not hold {SOURCES[name].title}" in refusal(name, tmp_path)


@of_each_other
def test_unpacked_files_alone_cannot_be_checked(name, tmp_path, monkeypatch):
    raw = write_packed(tmp_path, name, monkeypatch)
    monkeypatch.setattr(_mnist, "download_into", lambda *_: pytest.fail("downloads"))
    for file in FILES:
        packed = raw / f"{file}.gz"
        (raw / file).write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    said = refusal(name, tmp_path)
    assert "cannot be checked: only the packed file has a published checksum" in said
    assert "put train-images-idx3-ubyte.gz beside it" in said


@of_each_other
def test_unpacked_files_beside_the_packed_ones_do_not_count(name, tmp_path, monkeypatch):
    raw = write_packed(tmp_path, name, monkeypatch)
    expected = LOADERS[name](tmp_path).fingerprint()
    for file in FILES:  # as torchvision leaves them, but of other images
        (raw / file).write_bytes(b"other")
    assert LOADERS[name](tmp_path).fingerprint() == expected


def test_a_packed_mnist_that_is_meant_but_cannot_be_unpacked_is_one_line(tmp_path, monkeypatch):
    raw = write_packed(tmp_path, "mnist", monkeypatch)
    monkeypatch.setenv("TGSH_OTHER_MNIST", "1")
    assert len(load_mnist(tmp_path).test_labels) == N_TEST
    for content in (b"no gzip", (raw / "t10k-labels-idx1-ubyte.gz").read_bytes()[:30]):
        (raw / "t10k-labels-idx1-ubyte.gz").write_bytes(content)
        assert "t10k-labels-idx1-ubyte.gz is damaged: it cannot be unpacked; delete it" in refusal("mnist", tmp_path)


@of_each_other
def test_no_network_is_one_line_and_leaves_nothing(name, tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("no network")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    said = refusal(name, tmp_path)
    assert said.startswith(f"{SOURCES[name].title} is not in {tmp_path} and could not be downloaded (")
    assert "or use dataset 'digits', which needs neither" in said
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def downloads(tmp_path, monkeypatch):
    """Replaces the download of torchvision by one that copies small files; ``spoil`` changes what it copies."""

    def prepare(name, spoil=lambda content: content, error=None):
        published = write_packed(tmp_path / "published", name, monkeypatch)
        kind = SOURCES[name].kind

        def download(root, download):
            raw = tmp_path / root / kind / "raw"
            raw.mkdir(parents=True)
            for file in FILES:
                packed = (published / f"{file}.gz").read_bytes()
                (raw / f"{file}.gz").write_bytes(spoil(packed))
                (raw / file).write_bytes(gzip.decompress(packed))
            if error:
                raise error

        monkeypatch.setattr(torchvision.datasets, kind, download)
        return tmp_path / "root"

    return prepare


@of_each_other
def test_a_download_leaves_what_torchvision_leaves_and_is_done_once(name, downloads, monkeypatch, capsys):
    root = downloads(name)
    assert len(LOADERS[name](root).train_labels) == N_TRAIN
    assert capsys.readouterr().out.startswith(f"Downloading {SOURCES[name].title} (")
    assert [path.name for path in root.iterdir()] == [SOURCES[name].kind]
    left = {path.name for path in (root / SOURCES[name].kind / "raw").iterdir()}
    assert left == {*FILES, *(f"{file}.gz" for file in FILES)}
    monkeypatch.setattr(_mnist, "download_into", lambda *_: pytest.fail("downloads again"))
    assert len(LOADERS[name](root).test_labels) == N_TEST


@of_each_other
def test_a_damaged_download_is_one_line_and_leaves_nothing(name, downloads):
    root = downloads(name, spoil=lambda packed: packed[:-20])
    assert "could not be downloaded (what came is damaged)" in refusal(name, root)
    assert list(root.iterdir()) == []


@of_each_other
@pytest.mark.parametrize("error", [RuntimeError("Error downloading:\nlast line"), EOFError(), OSError("disk full")])
def test_a_failed_download_is_one_line_and_leaves_nothing(name, error, downloads):
    root = downloads(name, error=error)
    reason = {RuntimeError: "last line", EOFError: "EOFError", OSError: "disk full"}[type(error)]
    assert f"could not be downloaded ({reason})" in refusal(name, root)
    assert list(root.iterdir()) == []


@of_each_other
def test_an_interrupted_download_leaves_nothing(name, downloads):
    root = downloads(name, error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        LOADERS[name](root)
    assert list(root.iterdir()) == []


@of_each_other
def test_the_same_numbers_are_read_as_torchvision_reads(name, tmp_path, monkeypatch):
    raw = write_packed(tmp_path, name, monkeypatch)
    for file in FILES:
        (raw / file).write_bytes(gzip.decompress((raw / f"{file}.gz").read_bytes()))
    theirs = getattr(torchvision.datasets, SOURCES[name].kind)(str(tmp_path), train=False, download=False)
    data = LOADERS[name](tmp_path)
    assert torch.equal(data.test_images, theirs.data)
    assert torch.equal(data.test_labels, theirs.targets)
