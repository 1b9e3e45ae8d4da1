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
