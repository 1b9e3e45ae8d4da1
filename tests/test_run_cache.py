import multiprocessing
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from conftest import ROOT

from tgsh.errors import DataError
from tgsh.runs import RunCache, _cache

SPEC, TENSORS = {"task": 1, "lr": 0.1}, {"a": torch.arange(3.0), "b": torch.tensor(2, dtype=torch.int64)}


def test_cache_returns_what_was_put(tmp_path):
    cache = RunCache(tmp_path)
    assert cache.get(SPEC) is None
    cache.put(SPEC, TENSORS)
    found = cache.get({"lr": 0.1, "task": 1})
    assert all(torch.equal(found[name], TENSORS[name]) for name in TENSORS)
    assert cache.get(SPEC | {"lr": 0.2}) is None
    assert not list(tmp_path.rglob("*.part"))


def test_cache_can_be_cleared_with_one_command(tmp_path, monkeypatch):
    monkeypatch.setenv("TGSH_CACHE", str(tmp_path))
    RunCache().put(SPEC, TENSORS)
    command = [sys.executable, "-m", "tgsh", "cache"]
    assert "1 entries" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "removed" in subprocess.run([*command, "clear"], capture_output=True, text=True, check=True).stdout
    assert RunCache().get(SPEC) is None


def test_cache_survives_a_disk_that_refuses(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    cache = RunCache(tmp_path / "file")
    cache.put(SPEC, TENSORS)
    assert "results are not kept" in capsys.readouterr().out
    assert cache.get(SPEC) is None


def test_two_processes_can_write_one_entry(tmp_path):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(_write_often, [tmp_path, tmp_path])
    assert torch.equal(RunCache(tmp_path).get(SPEC)["a"], TENSORS["a"])
    assert not list(tmp_path.rglob("*.part"))


def _write_often(root):
    cache = RunCache(root)
    for _ in range(30):
        cache.put(SPEC, TENSORS)
        assert cache.get(SPEC) is not None


def test_two_processes_compute_one_result_once(tmp_path):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.map(_compute_slowly, [tmp_path, tmp_path])
    assert sorted(computed for computed, _ in found) == [0, 1]
    assert all(torch.equal(a, TENSORS["a"]) for _, a in found)
    assert len(list(tmp_path.rglob("*.*"))) == 1  # the entry: nothing of the turn is left


def _compute_slowly(root):
    calls = []

    def compute():
        calls.append(1)
        (root / "begun").mkdir()  # a second time would be an error
        time.sleep(3)  # longer than the other process needs to start
        (root / "begun").rmdir()
        return TENSORS

    found = RunCache(root).get_or_compute(SPEC, compute)["a"]
    return len(calls), found


def test_who_fails_or_dies_holds_no_turn(tmp_path):
    cache = RunCache(tmp_path)
    with pytest.raises(ZeroDivisionError), cache.turn(SPEC):
        raise ZeroDivisionError
    holds = f"import os\nfrom tgsh.runs import RunCache\nwith RunCache({str(tmp_path)!r}).turn({SPEC}): os._exit(9)"
    assert subprocess.run([sys.executable, "-c", holds], check=False).returncode == 9
    with cache.turn(SPEC), cache.turn(SPEC | {"lr": 0.2}), cache.turn(None):
        assert len(list(tmp_path.rglob("*.lock"))) == 2
    assert not list(tmp_path.rglob("*.lock"))


@pytest.mark.parametrize("missing", [True, False])
def test_without_locks_nobody_waits(tmp_path, monkeypatch, missing):
    if missing:
        monkeypatch.setattr(_cache, "fcntl", None)  # Windows
    else:
        monkeypatch.setattr(_cache.fcntl, "flock", lambda *_: (_ for _ in ()).throw(OSError("no locks")))
    cache = RunCache(tmp_path)
    with cache.turn(SPEC), cache.turn(SPEC):
        assert torch.equal(cache.get_or_compute(SPEC, lambda: TENSORS)["a"], TENSORS["a"])


def test_a_result_is_computed_once_and_only_kept_under_a_spec(tmp_path):
    cache, calls = RunCache(tmp_path), []

    def compute():
        calls.append(1)
        return TENSORS

    for _ in range(2):
        found = cache.get_or_compute(SPEC, compute)
        assert all(torch.equal(found[name], TENSORS[name]) for name in TENSORS)
    assert len(calls) == 1
    for _ in range(2):
        assert cache.get_or_compute(None, compute) is TENSORS
    assert len(calls) == 3
    assert cache.info()[0] == 1


def test_what_cannot_be_written_is_told_once(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    cache = RunCache(tmp_path / "file")
    for n in range(3):
        cache.put(SPEC | {"n": n}, TENSORS)
    assert capsys.readouterr().out.count("note:") == 1


def refusing(number, text):
    def refuse(*_, **__):
        raise OSError(number, text)

    return refuse


@pytest.mark.parametrize(
    ("where", "number", "text"),
    [
        ("os.replace", 28, "No space left on device"),
        ("os.fdopen", 28, "No space left on device"),
        ("tempfile.mkstemp", 30, "Read-only file system"),
    ],
)
def test_a_disk_that_refuses_is_told_once_and_leaves_no_part(tmp_path, monkeypatch, capsys, where, number, text):
    cache = RunCache(tmp_path)
    cache.put(SPEC, TENSORS)
    monkeypatch.setattr(f"tgsh.runs._cache.{where}", refusing(number, text))
    for n in range(3):
        cache.put(SPEC | {"n": n}, TENSORS)
    assert capsys.readouterr().out == f"note: the run cache cannot be written ({text}), so results are not kept\n"
    assert cache.get(SPEC) is not None
    assert not list(tmp_path.rglob("*.part"))


def test_a_cache_that_is_a_file_holds_nothing_and_nothing_damaged(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for _ in range(2):
        assert RunCache(tmp_path / "file").get(SPEC) is None
    assert capsys.readouterr().out == ""


def test_an_entry_that_may_not_be_read_is_told_once_and_stays(tmp_path, monkeypatch, capsys):
    cache = RunCache(tmp_path)
    cache.put(SPEC, TENSORS)
    monkeypatch.setattr("safetensors.safe_open", refusing(13, "Permission denied"))
    for _ in range(2):
        assert cache.get(SPEC) is None
    assert capsys.readouterr().out == "note: an entry of the run cache may not be read; its task is trained again\n"
    assert len(list(tmp_path.rglob("*.safetensors"))) == 1


def test_the_part_of_a_killed_process_is_no_entry_and_goes_when_the_cache_is_cleared(tmp_path):
    cache = RunCache(tmp_path)
    cache.put(SPEC, TENSORS)
    (entry,) = tmp_path.rglob("*.safetensors")
    entry.rename(entry.with_name("tmp.part"))
    assert cache.get(SPEC) is None
    cache.put(SPEC, TENSORS)
    assert cache.get(SPEC) is not None
    cache.clear()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_cache_is_counted_while_others_write(tmp_path, monkeypatch):
    cache = RunCache(tmp_path)
    cache.put(SPEC, TENSORS)
    gone = tmp_path / "ab" / "gone.part"
    monkeypatch.setattr(cache, "_files", lambda: [gone, *tmp_path.rglob("*.safetensors")])
    assert cache.info()[0] == 1


def test_another_user_can_read_an_entry(tmp_path):
    cache = RunCache(tmp_path)
    cache.put(SPEC, TENSORS)
    (entry,) = tmp_path.rglob("*.safetensors")
    assert entry.stat().st_mode & 0o044 == 0o044


def test_a_damaged_entry_that_cannot_be_removed_counts_as_missing(tmp_path, monkeypatch, capsys):
    cache = RunCache(tmp_path)
    cache.put(SPEC, TENSORS)
    (entry,) = tmp_path.rglob("*.safetensors")
    entry.write_bytes(b"no tensors")

    def refuse(*_, **__):
        raise PermissionError(13, "read-only")

    monkeypatch.setattr(Path, "unlink", refuse)
    assert cache.get(SPEC) is None
    assert "damaged entry" in capsys.readouterr().out


def test_a_relative_cache_is_the_same_from_every_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TGSH_CACHE", "own-cache")
    roots = []
    for folder in (tmp_path, ROOT / "book"):
        monkeypatch.chdir(folder)
        roots.append(RunCache().root)
    assert roots == [ROOT / "own-cache"] * 2


@pytest.mark.parametrize("value", [None, ""])
def test_without_a_cache_folder_of_the_system_the_home_folder_is_used(tmp_path, monkeypatch, value):
    monkeypatch.delenv("TGSH_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", value) if value is not None else monkeypatch.delenv("XDG_CACHE_HOME", False)
    assert RunCache().root == tmp_path / ".cache" / "tgsh" / "runs"


def test_without_a_home_the_cache_says_what_to_set(monkeypatch):
    def none():
        raise RuntimeError("no home")

    monkeypatch.delenv("TGSH_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", none)
    with pytest.raises(DataError, match="set TGSH_CACHE and TGSH_DATA_ROOT"):
        RunCache()
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert RunCache().root == Path("/somewhere/tgsh/runs")
