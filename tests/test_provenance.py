import json

import numpy as np
import torch

from tgsh.runs import Estimate, open_chapter, record, verdict
from tgsh.runs._provenance import NBSP, _row, provenance

SMOKE = {"profile": "smoke", "n_tasks": None, "n_seeds": None}
SMOKE["__annotations__"] = dict.fromkeys(SMOKE, "object")


def test_recorded_text_and_value_are_one_number():
    assert _row(torch.tensor(0.9444, dtype=torch.float64), ".1%") == {
        "value": 0.9444,
        "format": ".1%",
        "text": f"94.4{NBSP}%",
    }
    per_seed = {"value": 0.2, "per_seed": [0.1, 0.3], "format": ".2f"}
    assert _row([0.1, 0.3], ".2f") == per_seed | {"text": "0.20 (0.10 to 0.30)"}
    assert _row([1.0, 1.0], ".2f")["text"] == "1.00"
    assert _row([0.5, 0.6], ".0%")["text"] == f"55{NBSP}% (50 to 60)"
    assert _row(-0.25, ".2f")["text"] == "−0.25"
    assert _row(-0.0001, ".2f")["text"] == "0.00"
    assert _row("well-kept", "")["text"] == "well-kept"
    assert _row(np.float32(0.5), ".2f") == {"value": 0.5, "format": ".2f", "text": "0.50"}


def test_an_estimate_is_shown_with_its_interval():
    row = _row(Estimate(0.5, 0.25, 0.75), ".0%")
    assert row == {"value": 0.5, "low": 0.25, "high": 0.75, "format": ".0%", "text": f"50{NBSP}% (25 to 75)"}
    assert _row(Estimate(np.float64(-1), np.float64(-2.04), np.float64(-0.04)), ".1f")["text"] == "−1.0 (−2.0 to 0.0)"
    assert _row(Estimate(0.123, 0.121, 0.124), ".2f")["text"] == "0.12"
    json.dumps(_row(Estimate(np.float32(1), np.float32(0), np.float32(2)), ".1f"))


def test_the_file_holds_two_digits_more_than_the_text():
    for number, form, kept, text in (
        (0.123456789, ".2f", 0.1235, "0.12"),
        (0.123456789, ".1%", 0.12346, f"12.3{NBSP}%"),
        (12345.678, ".0f", 12345.68, "12346"),
        (0.000123456, ".1e", 0.0001235, "1.2e−04"),
        (7, "d", 7, "7"),
        (10.5, "g", 10.5, "10.5"),
    ):
        assert _row(number, form) == {"value": kept, "format": form, "text": text}
    row = _row([1 / 3, 2 / 3], ".1f")
    assert row == {"value": 0.5, "per_seed": [0.333, 0.667], "format": ".1f", "text": "0.5 (0.3 to 0.7)"}
    row = _row(Estimate(0.56789, 0.45678, 0.67891), ".0%")
    assert (row["value"], row["low"], row["high"]) == (0.5679, 0.4568, 0.6789)
    assert str(_row(-1e-9, ".2f")["value"]) == "0.0"  # no minus zero
    assert np.isnan(_row(float("nan"), ".2f")["value"])


def test_rounding_differs_between_numbers_of_threads_and_the_record_does_not():
    for one, other in ((0.12774392477952862, 0.1277439161829932), (1.0000001192092896, 1.0), (1e-17, 0.0)):
        assert _row(one, ".4f") == _row(other, ".4f")


def test_rounding_what_is_kept_leaves_the_text_as_it_is():
    for number, kept, text in ((0.1249999, 0.125, "0.12"), (0.1349999, 0.1349999, "0.13"), (0.1350001, 0.135, "0.14")):
        assert _row(number, ".2f") == {"value": kept, "format": ".2f", "text": text}
    assert _row(-0.00000001, ".1%")["text"] == _row(-0.0001, ".1%")["text"] == f"−0.0{NBSP}%"


def test_the_first_call_adds_what_every_chapter_records_and_the_chapter_has_the_last_word(capsys):
    run = open_chapter("a-chapter", SMOKE)
    record(run, {"first": (0.5, ".1%"), "n_tasks": (3, "d")})
    assert run.results["dataset_title"]["text"] == "scikit-learn's handwritten digits"
    assert run.results["n_tasks"]["text"] == "3"
    assert run.results["n_seeds"]["text"] == "2"
    record(run, {"angles": (Estimate(0.5, 0.25, 0.75), ".2f"), "verdict": verdict("half_b", 0.6)})
    assert run.results["angles"]["text"] == "0.50 (0.25 to 0.75)"
    assert run.results["verdict"]["text"] == "holds"
    assert run.results["n_tasks"]["text"] == "3"


def test_results_are_written_with_their_provenance(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TGSH_RESULTS", str(tmp_path / "results"))
    run = open_chapter("a-chapter", SMOKE)
    record(run, {"first": (0.5, ".1%")})
    record(run, {"second": (3, "d")})
    content = json.loads((tmp_path / "results" / "a-chapter.json").read_text())
    assert list(content["results"]) == ["dataset_title", "n_tasks", "n_seeds", "first", "second"]
    assert content["results"]["first"]["value"] == 0.5
    assert content["results"]["second"]["text"] == "3"
    assert {"profile", "dataset", "seed", "device", "versions", "commit", "date"} <= content.keys()
    assert content == json.loads(json.dumps(provenance(run))) | {"results": content["results"]}
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["a-chapter.json"]


def test_without_a_results_folder_nothing_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    record(open_chapter("a-chapter", SMOKE), {"first": (0.5, ".1%")})
    assert list(tmp_path.glob("*")) == []
