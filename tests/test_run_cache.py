import multiprocessing
import subprocess
import sys

import torch

from tgsh.runs import RunCache

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
    assert "going on without it" in capsys.readouterr().out
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
