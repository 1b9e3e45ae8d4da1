"""Cells of the scoreboard: streams, images, measures, and the choice of settings."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from conftest import ROOT

from tgsh.benchmarks import PermutedMNIST
from tgsh.errors import DataError, ParameterError
from tgsh.extensions.scoreboard import (
    METHODS,
    SLOW,
    STREAMS,
    FineTuned,
    FlyContexts,
    Joint,
    Stopwatch,
    accuracy_matrix,
    grid_cells,
    is_cell,
    make_stream,
    measures,
    read_settings,
    recorded_cells,
    recorded_grid,
    run_cell,
    split_images,
    stand_in,
    stream_of,
    time_grid,
    tune,
    validation_images,
)
from tgsh.measures import average_incremental_accuracy
from tgsh.runs import sweep, sweep_table, write_table

SMALL = {"dataset": "digits", "n_train": 200, "n_test": 40, "n_validation": 100}


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_has_its_tasks_and_fewer_make_larger_steps(name, few):
    stream = make_stream(name, few)
    assert len(stream) == STREAMS[name]
    if name == "rotation":
        assert make_stream(name, few, 12).positions.tolist() == list(range(0, 360, 30))
    if name == "shift":
        assert make_stream(name, few, 7).positions.tolist() == list(range(0, 28, 4))
    with pytest.raises(ParameterError, match="n_tasks"):
        make_stream(name, few, STREAMS[name] + 1)


def test_a_round_in_unequal_steps_is_refused(few):
    with pytest.raises(ParameterError, match="divide 36"):
        make_stream("rotation", few, 10)
    with pytest.raises(ParameterError, match="stream must be one of"):
        make_stream("cifar", few)


def test_a_permutation_moves_every_pixel_and_is_the_same_in_every_process(few):
    stream = PermutedMNIST(few, 3)
    plain, moved = (stream.images(t, "train")[0].flatten(1) for t in (0, 1))
    assert torch.equal(plain, few.train_images.flatten(1))
    assert not torch.equal(plain, moved)
    assert torch.equal(plain.sort(1).values, moved.sort(1).values)
    code = (
        "import torch; from tgsh.benchmarks import Permutation; "
        "index = (torch.arange(784) % 251).to(torch.uint8).reshape(1, 28, 28); "
        "print(Permutation(1, 0)(index)[0, :2].flatten().tolist())"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    index = (torch.arange(784) % 251).to(torch.uint8).reshape(1, 28, 28)
    assert json.loads(there) == stream[1](index)[0, :2].flatten().tolist()
    with pytest.raises(ParameterError, match="n_tasks"):
        PermutedMNIST(few, 0)


def test_images_that_learn_validate_and_test_are_different_ones(digits):
    marked = digits.train_images.clone()
    marked[:, 0, 0] = torch.arange(len(marked)) % 256
    marked[:, 0, 1] = torch.arange(len(marked)) // 256
    data = type(digits)("marked", "", marked, digits.train_labels, digits.test_images, digits.test_labels)

    def numbers(images):
        return set((images[:, 0, 0].long() + 256 * images[:, 0, 1].long()).tolist())

    held = numbers(validation_images(data, 100).test_images)
    seeds = [split_images(data, 200, 40, 100, seed) for seed in range(2)]
    assert len(held) == 100
    for one in seeds:
        assert len(numbers(one.train_images)) == 200
        assert not numbers(one.train_images) & held
        assert torch.equal(one.test_images, digits.test_images[:40])
    assert numbers(seeds[0].train_images) != numbers(seeds[1].train_images)


def test_the_matrix_is_that_of_learning_and_testing(few):
    stream = make_stream("permuted", few, 3)
    method, again = FineTuned(3, 0, hidden=16), FineTuned(3, 0, hidden=16)
    a = accuracy_matrix(method, stream)
    assert a.shape == (4, 3)
    for row in range(4):
        for t in range(min(row + 1, 3)):
            images, labels = stream.images(t, "test")
            assert a[row, t] == (again.predict(images) == labels).double().mean().item()
        if row < 3:
            again.learn(*stream.images(row, "train"))


def test_a_method_that_forgets_nothing_has_no_forgetting_and_joint_training_one_row(few):
    stream = make_stream("rotation", few, 3)
    found = measures(accuracy_matrix(FlyContexts(3, 0, width_mult=1), stream))
    assert found["forgetting"] == found["forward_transfer"] == 0.0
    a = accuracy_matrix(Joint(3, 0, hidden=16), stream)
    assert (a[1:] == a[1]).all()
    assert (a[0] != a[1]).any()


def test_untold_methods_are_never_given_the_task(few):
    asked = []

    class Spy(FineTuned):
        def predict(self, images, task=None):
            asked.append(task)
            return super().predict(images, task)

    accuracy_matrix(Spy(2, 0, hidden=4), make_stream("permuted", few, 2))
    assert asked
    assert set(asked) == {None}


def test_average_incremental_accuracy_by_hand():
    a = np.array([[0.8, 0.1, 0.1], [0.6, 0.9, 0.1], [0.5, 0.7, 0.9]])
    assert average_incremental_accuracy(a) == pytest.approx((0.8 + 0.75 + 0.7) / 3)


def test_the_stopwatch_compares_medians():
    watch = Stopwatch(FlyContexts(3, width_mult=1), 2, [1.0, 4.0, 2.0], [0.5, 1.5])
    assert watch.ratio == pytest.approx(2.0)


@pytest.mark.parametrize("name", ["flynet", "ridge", "joint"])
def test_a_cell_gives_numbers_and_gives_them_again_whatever_the_threads(name):
    before = torch.get_num_threads()
    cells = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        cells.append(run_cell("split", name, 1, timed=1, **SMALL))
        assert torch.get_num_threads() == threads
    torch.set_num_threads(before)
    times = {"seconds_per_task", "time_ratio"}
    one, other = ({k: v for k, v in cell.items() if k not in times} for cell in cells)
    assert one == other
    assert all(math.isfinite(number) for number in cells[0].values())
    assert cells[0]["time_ratio"] > 0
    assert 0.1 < cells[0]["final_accuracy"] <= 1
    assert ("forgetting" in one) == (name != "joint")


def test_a_cell_refuses_what_it_does_not_know():
    with pytest.raises(ParameterError, match="method must be one of"):
        run_cell("split", "magic", 0, **SMALL)
    with pytest.raises(ParameterError, match="no setting 'depth'"):
        run_cell("split", "flynet", 0, '{"depth": 3}', **SMALL)
    with pytest.raises(ParameterError, match="n_train"):
        run_cell("rotation", "flynet", 0, **SMALL | {"n_train": 10**6})


def test_settings_are_chosen_without_the_test_images(monkeypatch):
    found = tune("rotation", "ridge", "digits", 200, 100)
    assert len(found["accuracy"]) == len(METHODS["ridge"].kind.TRIALS)
    best = METHODS["ridge"].kind.TRIALS[int(np.argmax(found["accuracy"]))]
    assert found["settings"] == best

    import tgsh.extensions.scoreboard._cells as cells

    original = cells.load

    def spoiled(name):  # other test images: nothing may change
        data = original(name)
        data.test_images.zero_()
        return data

    monkeypatch.setattr(cells, "load", spoiled)
    assert tune("rotation", "ridge", "digits", 200, 100) == found


def test_the_first_task_of_three_streams_is_the_same():
    first = [
        stream_of(name, "digits", 100, 20, 100, 0).images(0, "train") for name in ("rotation", "shift", "permuted")
    ]
    for images, labels in first[1:]:
        assert torch.equal(images, first[0][0])
        assert torch.equal(labels, first[0][1])


def test_a_stand_in_is_made_of_one_task_and_is_in_no_stream(few):
    (plain, _), *others = tasks = stand_in(few)
    assert len(tasks) == 5
    assert torch.equal(plain[0], few.train_images)
    streams = [make_stream("permuted", few, 5).images(t, "train")[0] for t in range(1, 5)]
    for (images, labels), (held_out, _) in others:
        assert torch.equal(images.flatten(1).sort(1).values, plain[0].flatten(1).sort(1).values)
        assert not torch.equal(images, plain[0])
        assert not any(torch.equal(images, other) for other in streams)
        assert torch.equal(labels, few.train_labels)  # all ten classes: the labels come round
        assert len(held_out) == len(few.test_images)


def test_the_stand_in_of_two_digits_has_all_ten_classes_in_the_end(few):
    pair = make_stream("split", few)
    one = type(few)("pair", "", *pair.images(0, "train"), *pair.images(0, "test"))
    labels = [train[1].unique().tolist() for train, _ in stand_in(one)]
    assert labels == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]


@pytest.mark.parametrize("name", ["ewc", "replay"])
def test_strengths_that_act_between_tasks_are_tried_and_matter(name):
    trials = METHODS[name].kind.TRIALS
    strengths = {tuple(value for key, value in settings.items() if key != "epochs") for settings in trials}
    assert len(strengths) == 3
    found = tune("rotation", name, "digits", 100, 100)["accuracy"]
    assert len(set(found[:3])) > 1  # the same epochs, another strength: another outcome on the stand-in


def test_joint_training_shares_the_trials_of_a_network_of_its_own(few):
    images, labels = few.train_images[:60], few.train_labels[:60]
    found = []
    for key in ("joint", "own_large"):
        method = METHODS[key].make(2, 3, METHODS[key].kind.TRIALS[0])
        method.learn(images, labels)
        if method.joint:
            method.finish()
        found.append(method.predict(few.test_images, 0 if method.told else None))
    assert torch.equal(*found)


def test_the_settings_in_the_repository_are_trials_with_the_highest_accuracy():
    settings = read_settings()
    assert set(settings) == set(STREAMS)
    for stream, of_stream in settings.items():
        for name, found in of_stream.items():
            trials = METHODS[name].kind.TRIALS
            assert len(found["accuracy"]) == len(trials), (stream, name)
            assert found["settings"] == trials[int(np.argmax(found["accuracy"]))], (stream, name)


def test_settings_that_are_missing_or_damaged_are_one_line(tmp_path):
    with pytest.raises(DataError, match="FileNotFoundError"):
        read_settings(tmp_path / "none.json")
    whole = json.loads((ROOT / "data" / "scoreboard_settings.json").read_text(encoding="utf-8"))
    del whole["split"]["ridge"]
    (tmp_path / "part.json").write_text(json.dumps(whole), encoding="utf-8")
    with pytest.raises(DataError, match="lacks settings of ridge"):
        read_settings(tmp_path / "part.json")
    (tmp_path / "part.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="does not hold the settings"):
        read_settings(tmp_path / "part.json")


def test_the_grid_has_every_method_on_every_stream_seed_after_seed():
    cells = grid_cells(read_settings(), range(2), n_train=30)
    assert len(cells) == 2 * len(METHODS) * len(STREAMS)
    assert [cell["seed"] for cell in cells] == sorted(cell["seed"] for cell in cells)
    assert all(cell["n_tasks"] == STREAMS[cell["stream"]] and cell["n_train"] == 30 for cell in cells)
    assert len({json.dumps(cell, sort_keys=True) for cell in cells}) == len(cells)


def test_slow_methods_have_fewer_seeds():
    cells = grid_cells(read_settings(), range(5), STREAMS, n_slow_seeds=3)
    seeds = {name: {cell["seed"] for cell in cells if cell["method"] == name} for name in METHODS}
    assert set(SLOW) < set(METHODS)
    assert all(found == set(range(3 if name in SLOW else 5)) for name, found in seeds.items())


def test_the_recorded_table_holds_each_cell_of_the_grid_once_and_is_small():
    rows, settings = recorded_cells(), read_settings()
    wanted = recorded_grid(settings) + time_grid(settings)
    assert len(rows) == len(wanted)
    for cell in wanted:
        assert sum(is_cell(row, cell) for row in rows) == 1, cell
    assert (ROOT / "data" / "scoreboard.parquet").stat().st_size < 1e6


def test_cells_are_swept_recorded_and_read(tmp_path):
    cells = grid_cells(read_settings(), [0], {"split": 2}, ["pixels", "joint"], timed=0, **SMALL)
    found = sweep(run_cell, cells, tmp_path / "records", n_jobs=1, say=lambda line: None)
    assert not found.failures
    write_table(sweep_table(tmp_path / "records"), tmp_path / "table.parquet")
    rows = recorded_cells(tmp_path / "table.parquet")
    assert len(rows) == 2
    for cell in cells:
        (row,) = [row for row in rows if is_cell(row, cell)]
        expected = run_cell(**cell)
        assert row["final_accuracy"] == expected["final_accuracy"]
        assert row["run_commit"]
        assert row.get("forgetting") == expected.get("forgetting")
    assert not is_cell(rows[0], cells[0] | {"seed": 7})
    with pytest.raises(DataError, match=r"run tools/scoreboard\.py"):
        recorded_cells(tmp_path / "none.parquet")
