import json
import multiprocessing
import subprocess
import sys

import pytest
import torch

from tgsh import ParameterError
from tgsh.runs import PROFILES, RunCache, open_chapter, record, resolve_device, track
from tgsh.runs.provenance import NBSP, _row, provenance


def test_every_profile_opens_with_the_same_parameters(monkeypatch):
    monkeypatch.setattr("tgsh.runs.profiles._say", lambda run: None)
    runs = [open_chapter("x", profile) for profile in PROFILES]
    assert len({tuple(sorted(run.parameters)) for run in runs}) == 1


def test_none_means_the_profiles_value_and_a_chapter_may_have_its_own(capsys):
    run = open_chapter("x", "smoke", epochs=7, n_tasks=None, defaults={"smoke": {"n_tasks": 3, "per_class": 2}})
    assert (run.epochs, run.n_tasks, run.per_class, run.width_mult) == (7, 3, 2, PROFILES["smoke"]["width_mult"])
    assert list(run.seeds) == [0, 1]
    with pytest.raises(AttributeError, match="no parameter 'colour'"):
        _ = run.colour


def test_another_dataset_does_not_inherit_the_profiles_sizes(monkeypatch):
    monkeypatch.setattr("tgsh.runs.profiles._say", lambda run: None)
    run = open_chapter("x", "smoke", dataset="mnist")
    assert run.n_train is None
    assert run.n_test is None


@pytest.mark.parametrize(
    ("profile", "parameters", "message"),
    [
        ("fast", {}, "profile must be one of smoke, quick, paper; got 'fast'"),
        ("smoke", {"dataset": "cifar"}, "dataset must be one of mnist, digits; got 'cifar'"),
        ("smoke", {"n_tasks": 0}, "n_tasks must be a whole number of at least 1; got 0"),
        ("smoke", {"n_tasks": "many"}, "n_tasks must be .* got 'many'"),
        ("smoke", {"width_mult": -1}, "width_mult"),
        ("smoke", {"epochs": 0}, "epochs"),
        ("smoke", {"seed": -3}, "seed must be a whole number of at least 0; got -3"),
        ("smoke", {"seed": True}, "seed"),
        ("smoke", {"device": "tpu"}, "device must be auto, cpu, cuda or cuda:N; got 'tpu'"),
        ("smoke", {"n_train": 10**7}, "n_train must be a whole number from 1 to"),
    ],
)
def test_bad_parameters_are_one_clear_line(profile, parameters, message):
    with pytest.raises(ParameterError, match=message) as caught:
        open_chapter("x", profile, **parameters)
    assert "\n" not in str(caught.value)
    assert caught.value._render_traceback_() == [f"ParameterError: {caught.value}"]


def test_a_chapter_may_raise_a_lower_bound():
    with pytest.raises(ParameterError, match="n_tasks must be a whole number of at least 2; got 1"):
        open_chapter("x", "smoke", n_tasks=1, lowest={"n_tasks": 2})


def test_a_synthetic_chapter_says_so_and_takes_no_images(capsys):
    run = open_chapter("x", "smoke", synthetic=True, defaults={"smoke": {"width": 8}}, lowest={"width": 1})
    assert (run.dataset, run.data_title, run.width) == ("synthetic", "synthetic manifolds", 8)
    assert "n_train" not in run.parameters
    assert provenance(run)["dataset"] == "synthetic"
    with pytest.raises(ParameterError, match="dataset must be one of mnist, digits; got 'synthetic'"):
        open_chapter("x", "smoke", dataset="synthetic")


def test_auto_is_a_device():
    assert resolve_device("auto").type in ("cpu", "cuda")
    assert resolve_device("cpu") == torch.device("cpu")


# The run cache


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


# Provenance


def test_recorded_text_and_value_are_one_number():
    assert _row(torch.tensor(0.9444, dtype=torch.float64), ".1%") == {"value": 0.9444, "text": f"94.4{NBSP}%"}
    assert _row([0.1, 0.3], ".2f") == {"value": 0.2, "per_seed": [0.1, 0.3], "text": "0.20 (0.10 to 0.30)"}
    assert _row([1.0, 1.0], ".2f")["text"] == "1.00"
    assert _row([0.5, 0.6], ".0%")["text"] == f"55{NBSP}% (50 to 60)"
    assert _row(-0.25, ".2f")["text"] == "−0.25"
    assert _row(-0.0001, ".2f")["text"] == "0.00"
    assert _row("well-kept", "")["text"] == "well-kept"


def test_results_are_written_with_their_provenance(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TGSH_RESULTS", str(tmp_path / "results"))
    run = open_chapter("a-chapter", "smoke")
    record(run, {"first": (0.5, ".1%")})
    record(run, {"second": (3, "d")})
    content = json.loads((tmp_path / "results" / "a-chapter.json").read_text())
    assert content["results"]["first"]["value"] == 0.5
    assert content["results"]["second"]["text"] == "3"
    assert {"profile", "dataset", "seed", "device", "versions", "commit", "date"} <= content.keys()
    assert content == json.loads(json.dumps(provenance(run))) | {"results": content["results"]}
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["a-chapter.json"]


def test_without_a_results_folder_nothing_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    record(open_chapter("a-chapter", "smoke"), {"first": (0.5, ".1%")})
    assert list(tmp_path.glob("*")) == []


def test_progress_passes_items_on_and_leaves_no_debris(capsys):
    assert list(track([1, 2, 3], "counting")) == [1, 2, 3]
    assert list(track([], "nothing")) == []
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
