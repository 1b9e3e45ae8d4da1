"""Opening a chapter: the parameters that its namespace annotates, and what a profile sets."""

import pytest
import torch

from tgsh import ParameterError
from tgsh.runs import PROFILES, open_chapter, resolve_device
from tgsh.runs._provenance import provenance


def open_with(profile, *, defaults=None, lowest=None, synthetic=False, **parameters):
    """Open a chapter whose parameters cell annotates ``profile`` and ``parameters``."""
    values = {"profile": profile} | parameters
    namespace = values | {"__annotations__": dict.fromkeys(values, object)}
    return open_chapter("x", namespace, defaults=defaults, lowest=lowest, synthetic=synthetic)


def test_every_profile_opens_with_the_same_parameters(monkeypatch):
    monkeypatch.setattr("tgsh.runs._profiles._say", lambda run: None)
    runs = [open_with(profile) for profile in PROFILES]
    assert len({tuple(sorted(run.parameters)) for run in runs}) == 1


def test_none_means_the_profiles_value_and_a_chapter_may_have_its_own(capsys):
    run = open_with("smoke", epochs=7, n_tasks=None, defaults={"smoke": {"n_tasks": 3, "per_class": 2}})
    assert (run.epochs, run.n_tasks, run.per_class, run.width_mult) == (7, 3, 2, PROFILES["smoke"]["width_mult"])
    assert list(run.seeds) == [0, 1]
    with pytest.raises(AttributeError, match="no parameter 'colour'"):
        _ = run.colour


def test_parameters_are_the_annotated_names_with_their_present_values(monkeypatch):
    shown = []
    monkeypatch.setattr("tgsh.runs._profiles._display_markdown", shown.append)
    cell = """
profile: str = "smoke"  # explained
epochs: int | None = None
device: str = "cpu"
not_a_parameter = 5
"""
    namespace = {"n_tasks": 4}
    exec(cell, namespace)
    namespace["epochs"] = 9  # as papermill's cell does, which follows
    run = open_chapter("x", namespace, defaults={"smoke": {"images": 12}})
    assert (run.chapter, run.profile, run.epochs, run.device, run.images) == ("x", "smoke", 9, "cpu", 12)
    assert run.n_tasks == PROFILES["smoke"]["n_tasks"]
    assert not {"not_a_parameter", "profile"} & set(run.parameters)
    (line,) = shown
    assert line.startswith("**This page was run on scikit-learn's handwritten digits**: 600 training and 200 test")
    assert "profile `smoke`, seed 0" in line


def test_a_chapter_without_a_profile_is_one_clear_line():
    with pytest.raises(ParameterError, match="profile must be one of smoke, quick, paper; got None"):
        open_chapter("x", {"epochs": 3})


def test_every_chapter_records_its_data_and_its_numbers_of_tasks_and_seeds(capsys):
    assert open_with("smoke", n_tasks=3).facts == {
        "dataset_title": ("scikit-learn's handwritten digits", ""),
        "n_tasks": (3, "d"),
        "n_seeds": (2, "d"),
    }
    assert open_with("smoke", synthetic=True).facts == {
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
        open_with(profile, **parameters)
    assert "\n" not in str(caught.value)
    assert caught.value._render_traceback_() == [f"ParameterError: {caught.value}"]


def test_a_chapter_may_raise_a_lower_bound():
    with pytest.raises(ParameterError, match="n_tasks must be a whole number of at least 2; got 1"):
        open_with("smoke", n_tasks=1, lowest={"n_tasks": 2})


def test_a_synthetic_chapter_says_so_and_takes_no_images(capsys):
    run = open_with("smoke", synthetic=True, defaults={"smoke": {"width": 8}}, lowest={"width": 1})
    assert (run.dataset, run.data_title, run.width) == ("synthetic", "synthetic manifolds", 8)
    assert "n_train" not in run.parameters
    assert provenance(run)["dataset"] == "synthetic"
    with pytest.raises(ParameterError, match="dataset must be one of mnist, digits; got 'synthetic'"):
        open_with("smoke", dataset="synthetic")


def test_auto_is_a_device():
    assert resolve_device("auto").type in ("cpu", "cuda")
    assert resolve_device("cpu") == torch.device("cpu")
