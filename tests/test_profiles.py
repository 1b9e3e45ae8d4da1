"""Opening a chapter: the parameters that its namespace annotates, and what a profile sets."""

import pytest
import torch

from tgsh import ParameterError
from tgsh.runs import PROFILES, open_chapter, resolve_device
from tgsh.runs._device import free_memory
from tgsh.runs._provenance import provenance


def open_with(profile, *, defaults=None, ranges=None, synthetic=False, **parameters):
    """Open a chapter whose parameters cell annotates ``profile`` and ``parameters``."""
    values = {"profile": profile} | parameters
    namespace = values | {"__annotations__": dict.fromkeys(values, object)}
    return open_chapter("x", namespace, defaults=defaults, ranges=ranges, synthetic=synthetic)


def test_every_profile_opens_with_the_same_parameters(monkeypatch):
    monkeypatch.setattr("tgsh.runs._profiles._say", lambda run: None)
    runs = [open_with(profile) for profile in PROFILES]
    assert len({tuple(sorted(run.parameters)) for run in runs}) == 1


def test_none_means_the_profiles_value_and_a_chapter_may_have_its_own(capsys):
    values = dict.fromkeys(("n_tasks", "width_mult", "n_seeds")) | {"epochs": 7}
    run = open_with("smoke", defaults={"smoke": {"n_tasks": 3, "per_class": 2}}, **values)
    assert (run.epochs, run.n_tasks, run.per_class, run.width_mult) == (7, 3, 2, PROFILES["smoke"]["width_mult"])
    assert list(run.seeds) == [0, 1]
    with pytest.raises(AttributeError, match="no parameter 'colour'"):
        _ = run.colour


def test_a_chapter_shows_and_records_no_number_that_it_does_not_have(capsys):
    run = open_with("smoke", n_tasks=None)
    assert {"n_seeds", "epochs", "width_mult"}.isdisjoint(provenance(run)["parameters"])
    assert list(run.facts) == ["dataset_title", "n_tasks"]


def test_parameters_are_the_annotated_names_with_their_present_values(monkeypatch):
    shown = []
    monkeypatch.setattr("tgsh.runs._profiles._display_markdown", shown.append)
    cell = """
profile: str = "smoke"  # explained
n_tasks: int | None = None
epochs: int | None = None
device: str = "cpu"
not_a_parameter = 5
"""
    namespace = {"width_mult": 4}
    exec(cell, namespace)
    namespace["epochs"] = 9  # as papermill's cell does, which follows
    run = open_chapter("x", namespace, defaults={"smoke": {"images": 12}})
    assert (run.chapter, run.profile, run.epochs, run.device, run.images) == ("x", "smoke", 9, "cpu", 12)
    assert run.n_tasks == PROFILES["smoke"]["n_tasks"]
    assert not {"not_a_parameter", "width_mult", "profile"} & set(run.parameters)
    (line,) = shown
    assert line.startswith("**This page was run on scikit-learn's handwritten digits**: 600 training and 200 test")
    assert "profile `smoke`, seed 0" in line


def test_a_chapter_without_a_profile_is_one_clear_line():
    with pytest.raises(ParameterError, match="profile must be one of smoke, quick, paper; got None"):
        open_chapter("x", {"epochs": 3})


def test_every_chapter_records_its_data_and_its_numbers_of_tasks_and_seeds(capsys):
    assert open_with("smoke", n_tasks=3, n_seeds=None).facts == {
        "dataset_title": ("scikit-learn's handwritten digits", ""),
        "n_tasks": (3, "d"),
        "n_seeds": (2, "d"),
    }
    assert open_with("smoke", n_seeds=None, synthetic=True).facts == {
        "dataset_title": ("synthetic manifolds", ""),
        "n_seeds": (2, "d"),
    }


def test_another_dataset_does_not_inherit_the_profiles_sizes(monkeypatch):
    monkeypatch.setattr("tgsh.runs._profiles._say", lambda run: None)
    run = open_with("smoke", dataset="mnist")
    assert run.n_train is None
    assert run.n_test is None


@pytest.mark.parametrize(
    ("profile", "parameters", "message"),
    [
        ("fast", {}, "profile must be one of smoke, quick, paper; got 'fast'"),
        ("smoke", {"dataset": "cifar"}, "dataset must be one of mnist, digits, fashion-mnist, kmnist; got 'cifar'"),
        ("smoke", {"n_tasks": 0}, "n_tasks must be a whole number from 1 to 360; got 0"),
        ("smoke", {"n_tasks": "many"}, "n_tasks must be .* got 'many'"),
        ("smoke", {"width_mult": -1}, "width_mult"),
        ("smoke", {"epochs": 0}, "epochs"),
        ("smoke", {"seed": -3}, "seed must be a whole number from 0 to 2147483647; got -3"),
        ("smoke", {"seed": True}, "seed"),
        ("smoke", {"device": "tpu"}, "device must be auto, cpu, cuda or cuda:N; got 'tpu'"),
        ("smoke", {"n_train": 10**7}, "n_train must be a whole number from 1 to"),
    ],
)
def test_bad_parameters_are_one_clear_line(profile, parameters, message):
    with pytest.raises(ParameterError, match=message) as caught:
        open_with(profile, **parameters)
    assert "\n" not in str(caught.value)
    assert caught.value._render_traceback_() == [f"ParameterError: {caught.value}"]


def test_a_chapter_has_ranges_of_its_own_and_says_why():
    ranges = {"n_tasks": (2, 36, "one cannot be compared"), "bits": [8, 16], "ridge": (0.0, 1.0)}
    for values, line in {
        ("n_tasks", 1): "n_tasks must be a whole number from 2 to 36 (from 2 because one cannot be compared); got 1",
        ("n_tasks", 37): "n_tasks must be a whole number from 2 to 36; got 37",
        ("bits", 9): "bits must be one of 8, 16; got 9",
        ("ridge", "0,1"): "ridge must be a number from 0 to 1; got '0,1'",
        ("colour", 3): "this chapter has no parameter colour; it has profile",
    }.items():
        with pytest.raises(ParameterError) as caught:
            open_with("smoke", ranges=ranges, **dict([values]))
        assert str(caught.value) == line


def test_what_is_typed_is_refused_where_a_default_is_lowered_to_what_there_is(capsys):
    ranges = {"n_tasks": (2, "360 / step"), "n_images": (1, "test images"), "n_arc": (2, "n_tasks")}
    how = {"ranges": ranges, "defaults": {"smoke": {"n_images": 500, "n_arc": 9}}}
    run = open_with("smoke", step=120, n_tasks=None, **how)
    assert (run.n_tasks, run.n_images, run.n_arc) == (3, 200, 3)
    assert provenance(run)["parameters"]["n_images"] == 200
    for values, line in {
        ("n_images", 100_000): r"n_images must be .* from 1 to 200 \(the number of test images\); got 100000",
        ("n_arc", 20): r"n_arc must be .* from 2 to 5 \(n_tasks\); got 20",
        ("step", 240): r"n_tasks must be .* from 2 to 1 ",
    }.items():
        with pytest.raises(ParameterError, match=line):
            open_with("smoke", **({"step": 10, "n_tasks": None} | dict([values])), **how)


def test_a_network_too_wide_for_the_memory_is_refused_before_training(monkeypatch):
    monkeypatch.setattr("tgsh.runs._parameters.free_memory", lambda device: 10**9)
    with pytest.raises(ParameterError, match=r"width_mult must be .* from 1 to \d\d \(1.0 GB of memory are free\)"):
        open_with("smoke", width_mult=100_000)


def test_free_memory_is_what_machine_and_container_leave(tmp_path):
    cpu = torch.device("cpu")
    assert free_memory(cpu) > 0
    everything = free_memory(cpu, tmp_path)
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "meminfo").write_text("MemTotal: 90 kB\nMemAvailable:   50 kB\n", encoding="utf-8")
    assert free_memory(cpu, tmp_path) == min(everything, 50 * 1024)
    group = tmp_path / "sys" / "fs" / "cgroup"
    group.mkdir(parents=True)
    contents = {"max": "30000\n", "current": "20000\n", "stat": "anon 1\ninactive_file 500\n"}
    for name, text in contents.items():
        (group / f"memory.{name}").write_text(text, encoding="utf-8")
    assert free_memory(cpu, tmp_path) == 10_500
    (group / "memory.max").write_text("max\n", encoding="utf-8")
    assert free_memory(cpu, tmp_path) == min(everything, 50 * 1024)


def test_a_synthetic_chapter_says_so_and_takes_no_images(capsys):
    run = open_with("smoke", synthetic=True, defaults={"smoke": {"width": 8}}, ranges={"width": (1, 99)})
    assert (run.dataset, run.data_title, run.width) == ("synthetic", "synthetic manifolds", 8)
    assert "n_train" not in run.parameters
    assert provenance(run)["dataset"] == "synthetic"
    with pytest.raises(ParameterError, match=r"dataset must be one of .*; got 'synthetic'"):
        open_with("smoke", dataset="synthetic")


def test_auto_is_a_device():
    assert resolve_device("auto").type in ("cpu", "cuda")
    assert resolve_device("cpu") == torch.device("cpu")
