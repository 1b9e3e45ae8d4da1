"""The identity of tasks, networks and training rules, and the run cache that relies on it."""

import functools
import importlib
import sys
import textwrap
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from tgsh import FlyNet, ImageDataset, NeuroModNet, Recipe, RotationMNIST, TaskStream, train_stream
from tgsh.benchmarks import Augmentation, InterpolatedRotation, Mixed, Rotation
from tgsh.runs import _code, describe, identity
from tgsh.runs._code import code_closure
from tgsh.training import fit_closed_form, fit_fused, train_jointly

SHORT = Recipe(epochs=1, batch_size=64)


@dataclass(frozen=True)
class Brighter:
    """A task of a user's own that can be identified."""

    by: int
    table: tuple = ()

    @property
    def name(self):
        return f"brighter by {self.by}"

    def __call__(self, images):
        return (images.int() + self.by).clamp(max=255).to(torch.uint8)


class Plain:
    """A task of a user's own that cannot be identified: nobody knows what its attributes mean."""

    name = "plain"

    def __init__(self, by):
        self.by = by

    def __call__(self, images):
        return (images.int() + self.by).clamp(max=255).to(torch.uint8)


def scaled(images, by):
    return images * by


# Identities


def test_values_are_identified_by_themselves():
    for one, other in ((1, 2), (1, True), (1, "1"), (0.1, 0.2), ([1, 2], [2, 1]), ((1,), (1, 1)), ({"a": 1}, {"b": 1})):
        assert identity(one) == identity(one) != identity(other)
    assert identity({"a": 1, "b": 2}) == identity({"b": 2, "a": 1})
    assert identity(np.float64(12.5)) == identity(12.5)
    assert identity(np.int64(3)) == identity(3)
    one, other = torch.arange(3.0), torch.arange(3.0) + 1
    assert identity(one) == identity(one.clone()) != identity(other)
    assert identity(one) != identity(one.double())
    assert identity(one.numpy()) == identity(one)


def test_a_frozen_dataclass_is_identified_by_its_class_and_its_fields():
    assert identity(Brighter(3)) == identity(Brighter(3)) != identity(Brighter(4))
    assert identity(Brighter(3, (Rotation(10),))) != identity(Brighter(3, (Rotation(20),)))
    assert identity(Rotation(90)) != identity(InterpolatedRotation(90))
    assert identity(InterpolatedRotation(np.float64(90))) == identity(InterpolatedRotation(90.0))
    assert identity(Augmentation("T5", 0)) != identity(Augmentation("T5", 1))
    assert identity(Mixed((Rotation(10), Rotation(20)))) != identity(Mixed((Rotation(20), Rotation(10))))


def test_functions_are_identified_by_their_code_and_arguments():
    assert identity(scaled).startswith("test_identity.scaled@")
    half, third = functools.partial(scaled, by=0.5), functools.partial(scaled, by=1 / 3)
    assert identity(half) == identity(functools.partial(scaled, by=0.5)) != identity(third)
    assert identity(torch.tanh) is not None
    assert identity(torch.tanh) != identity(torch.relu)


def test_what_has_no_source_is_not_identified():
    class Inside(Brighter):
        pass

    assert identity(lambda x: x) is None
    assert identity(functools.partial(lambda x, y: x, 3)) is None
    assert identity(Inside) is None
    assert identity(Inside(3)) is None
    assert identity(Plain(3)) is None
    assert identity([1, Plain(3)]) is None
    assert identity(Mixed((Rotation(10), Plain(3)))) is None
    assert identity(object()) is None


def test_a_class_of_a_notebook_is_not_identified(monkeypatch):
    monkeypatch.setattr(Brighter, "__module__", "__main__")
    assert identity(Brighter) is None
    assert identity(Brighter(3)) is None


def test_a_string_called_identity_stands_for_the_code():
    class Inside(Brighter):
        identity = "version 1"

    assert "version 1" in identity(Inside)
    assert identity(Inside(3)) == identity(Inside(3)) != identity(Inside(4))

    def rule():
        pass

    rule.identity = "version 1"
    first = identity(rule)
    rule.identity = "version 2"
    assert "version 1" in first != identity(rule)


def test_a_class_does_not_take_over_the_identity_of_its_base():
    class Base(Brighter):
        identity = "version 1"

    class Derived(Base):
        pass

    assert identity(Base(3)) is not None
    assert identity(Derived) is None
    assert identity(Derived(3)) is None


def test_attributes_count_beside_the_identity_of_a_class():
    class Named(Plain):
        identity = "version 1"

    assert identity(Named(3)) == identity(Named(3)) != identity(Named(4))
    assert identity(Named(object())) is None

    class Net(FlyNet):
        identity = "version 1"

    assert identity(Net(1, width_mult=1)) != identity(Net(1, width_mult=1, seed=1))
    assert identity(Net(1, width_mult=1)) != identity(FlyNet(1, width_mult=1))


def test_a_string_on_an_object_or_computed_by_it_stands_for_the_object():
    class Computed(Plain):
        @property
        def identity(self):
            return f"by {self.by}"

    assert identity(Computed(3)) == identity(Computed(3)) != identity(Computed(4))
    one, other = Plain(3), Plain(4)
    one.identity = other.identity = "the same"
    assert identity(one) == identity(other)


# Networks


class Biased(FlyNet):
    """A network with an attribute, a private one, and a fixed weight that is a parameter."""

    def __init__(self, gain=1.0, shift=0.0, bias=0.0):
        super().__init__(2, width_mult=1)
        self.gain, self._shift = gain, shift
        self.bias = nn.Parameter(torch.full((self.n_hidden,), bias), requires_grad=False)

    def features(self, x):
        return self.gain * super().features(x) + self._shift + self.bias


def test_a_network_is_identified_by_all_that_its_features_follow_from():
    known = identity(FlyNet(2, width_mult=1))
    assert known == identity(FlyNet(2, width_mult=1))
    assert known == identity(FlyNet(5, width_mult=1)), "the number of contexts changes none of them"
    others = [
        FlyNet(2, width_mult=2),
        FlyNet(2, width_mult=1, seed=1),
        FlyNet(2, width_mult=1, centred=False),
        FlyNet(2, width_mult=1, projection="gaussian"),
        NeuroModNet(2, (30, 20)),
        NeuroModNet(2, (30, 21)),
        Biased(),
        Biased(gain=2.0),
        Biased(shift=1.0),
        Biased(bias=1.0),
    ]
    assert len({known, *map(identity, others)}) == len(others) + 1


def test_what_a_network_learns_does_not_count():
    net = FlyNet(2, width_mult=1)
    known = identity(net)
    net.set_context(0, torch.zeros(784))
    assert identity(net.eval()) == known


def test_a_network_whose_buffers_or_attributes_changed_is_another_entry(few):
    stream = RotationMNIST(few, n_tasks=2, step=90)
    train_stream(FlyNet(2, width_mult=1), stream, SHORT, progress=False)

    def changed(change):
        net = FlyNet(2, width_mult=1)
        change(net)
        return train_stream(net, stream, SHORT, progress=False)

    assert changed(lambda net: None).from_cache == (True, True)
    assert changed(lambda net: net.W2.mul_(2)).from_cache == (False, False)
    assert changed(lambda net: net.pixels.copy_(net.pixels.flip(0))).from_cache == (False, False)
    assert changed(lambda net: setattr(net, "centred", False)).from_cache == (False, False)
    assert changed(lambda net: net.double()).from_cache == (False, False)
    assert changed(lambda net: net.set_context(0, torch.zeros(784))).from_cache == (False, True)
    assert changed(lambda net: None).from_cache == (True, True)


def test_a_network_without_identity_is_trained_and_not_kept_with_one_note(few, capsys):
    class InsideATest(FlyNet):
        pass

    stream = RotationMNIST(few, n_tasks=2, step=90)
    records = [train_stream(InsideATest(2, width_mult=1), stream, SHORT, progress=False) for _ in range(2)]
    assert not any(record.from_cache[t] for record in records for t in (0, 1))
    assert torch.equal(records[0].contexts, records[1].contexts)
    out = capsys.readouterr().out
    assert out.count("note:") == 1
    assert "InsideATest" in out


def test_a_rule_without_identity_is_not_kept_either(few, capsys):
    stream = RotationMNIST(few, n_tasks=1)
    rule = functools.partial(lambda *arguments: fit_closed_form(*arguments))
    records = [train_stream(FlyNet(1, width_mult=1), stream, SHORT, fit=rule, progress=False) for _ in range(2)]
    assert [record.from_cache for record in records] == [(False,), (False,)]
    assert capsys.readouterr().out.count("note:") == 1
    assert describe([rule], {}, torch.device("cpu")) is None
    assert capsys.readouterr().out == ""


# Tasks and datasets


def test_a_task_without_identity_is_known_by_its_images(few):
    def trained(by, data=few):
        return train_stream(FlyNet(1, width_mult=1), TaskStream(data, [Plain(by)]), SHORT, progress=False)

    assert trained(30).from_cache == (False,)
    assert trained(30).from_cache == (True,)
    assert trained(31).from_cache == (False,)
    assert trained(30, few.subset(n_train=200)).from_cache == (False,)
    assert trained(30, few.subset(n_test=100)).from_cache == (False,)


def test_an_identified_task_is_not_transformed_to_be_known(few, monkeypatch):
    task, stream = Brighter(3), TaskStream(few, [Brighter(3)])
    train_stream(FlyNet(1, width_mult=1), stream, SHORT, progress=False)
    monkeypatch.setattr(Brighter, "__call__", lambda self, images: pytest.fail("transformed"))
    record = train_stream(FlyNet(1, width_mult=1), stream, SHORT, progress=False)
    assert record.from_cache == (True,)
    assert identity(task) in stream.task_identity(0)


@pytest.mark.parametrize("part", ["train_images", "train_labels", "test_images", "test_labels"])
def test_a_dataset_that_changed_in_place_is_not_served_stale(few, part):
    arrays = {
        name: getattr(few, name).clone() for name in ("train_images", "train_labels", "test_images", "test_labels")
    }
    data = ImageDataset("mine", "mine", **arrays)
    stream = RotationMNIST(data, n_tasks=1)
    train_stream(FlyNet(1, width_mult=1), stream, SHORT, progress=False)
    again = train_stream(FlyNet(1, width_mult=1), stream, SHORT, progress=False)
    assert again.from_cache == (True,)
    arrays[part][:100] = arrays[part][:100].flip(0)
    changed = train_stream(FlyNet(1, width_mult=1), stream, SHORT, progress=False)
    assert changed.from_cache == (False,)
    assert not torch.equal(changed.contexts, again.contexts) or not torch.equal(changed.accuracy, again.accuracy)


def test_mixed_tasks_are_read_from_the_cache_again(few, monkeypatch):
    stream = RotationMNIST(few, n_tasks=2, step=90)
    nets = [FlyNet(1, width_mult=1) for _ in range(2)]
    train_jointly(nets[0], stream, 2, SHORT)
    monkeypatch.setattr("tgsh.training._fused._fit_task", lambda *_: pytest.fail("trained again"))
    train_jointly(nets[1], stream, 2, SHORT)
    assert torch.equal(nets[0].context_vectors(), nets[1].context_vectors())


# Code


@pytest.fixture
def write_module(tmp_path, monkeypatch):
    """Writes a module of a user's own and returns it imported, or reloaded."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    written = []

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        importlib.invalidate_caches()
        if name in sys.modules:
            return importlib.reload(sys.modules[name])
        written.append(name)
        return importlib.import_module(name)

    yield write
    for name in written:
        del sys.modules[name]


def test_a_module_of_a_users_own_is_identified_by_its_content(write_module):
    text = '"""Mine."""\n\n\ndef rule(x):\n    """Twice."""\n    return 2 * x  # twice\n'
    known = identity(write_module("mine_of_test", text).rule)
    assert known.startswith("mine_of_test.rule@")
    without = text.replace('"""Mine."""', "").replace('    """Twice."""\n', "").replace("  # twice", "")
    assert identity(write_module("mine_of_test", without).rule) == known
    assert identity(write_module("mine_of_test", text.replace("2 * x", "3 * x")).rule) != known
    assert identity(write_module("mine_of_test", text).rule) == known


def test_an_edited_file_counts_when_it_is_loaded(write_module, tmp_path):
    mine = write_module("mine_of_test", "def rule(x):\n    return 2 * x\n")
    known = identity(mine.rule)
    (tmp_path / "mine_of_test.py").write_text("def rule(x):\n    return 3 * x\n")
    assert mine.rule(1) == 2
    assert identity(mine.rule) == known
    assert importlib.reload(mine).rule(1) == 3
    assert identity(mine.rule) != known


def test_a_value_that_a_program_changes_counts(write_module):
    write_module("helper_of_test", "factor = 2.0\ntable = {'a': [1]}\n\n\ndef twice(x):\n    return factor * x\n")
    mine = write_module("mine_of_test", "import helper_of_test\n\n\ndef rule(x):\n    return helper_of_test.twice(x)\n")
    known = identity(mine.rule)
    assert identity(mine.rule) == known
    mine.helper_of_test.factor = 3.0
    changed = identity(mine.rule)
    assert changed != known
    mine.helper_of_test.table["a"].append(2)
    assert identity(mine.rule) != changed
    mine.helper_of_test.table["a"].pop()
    mine.helper_of_test.factor = 2.0
    assert identity(mine.rule) == known


def test_what_a_decorator_encloses_is_not_in_the_source(write_module):
    text = """
        import functools


        def scaled(by):
            def decorate(rule):
                @functools.wraps(rule)
                def made(x):
                    return by * rule(x)

                return made

            return decorate


        def rule(x):
            return x


        @scaled(3)
        def thrice(x):
            return x
        """
    mine = write_module("mine_of_test", textwrap.dedent(text))
    assert identity(mine.thrice) is not None
    assert mine.scaled(2)(mine.rule).__qualname__ == "rule"
    assert identity(mine.scaled(2)(mine.rule)) is None
    assert identity(mine.rule) is not None


@pytest.mark.parametrize(
    "imported",
    ["import helper_of_test", "from helper_of_test import factor", "from helper_of_test import twice as factor"],
)
def test_what_a_module_imports_counts(write_module, imported):
    helper = "import torch\n\nfactor = torch.tensor(2.0)\n\n\ndef twice(x):\n    return factor * x\n"
    mine = f"{imported}\n\n\ndef rule(x):\n    return x\n"
    write_module("helper_of_test", helper)
    known = identity(write_module("mine_of_test", mine).rule)
    write_module("helper_of_test", helper.replace("2.0", "3.0"))
    changed = identity(write_module("mine_of_test", mine).rule)
    assert changed != known
    write_module("helper_of_test", helper + "# a comment\n")
    assert identity(write_module("mine_of_test", mine).rule) == known


def test_an_import_inside_a_function_counts_before_it_has_run(write_module, tmp_path):
    (tmp_path / "late_of_test.py").write_text("factor = 2\n")
    imports = "    import late_of_test\n    import not_installed_of_test\n"
    mine = f"def rule(x):\n{imports}    return x * late_of_test.factor\n"
    closure = code_closure(write_module("mine_of_test", mine).__name__)
    assert set(closure) == {"mine_of_test", "late_of_test", "not_installed_of_test"}
    assert "late_of_test" not in sys.modules


def test_libraries_count_by_their_version(write_module, monkeypatch):
    mine = write_module(
        "mine_of_test", "import json\n\nimport numpy\nfrom PIL import Image\n\n\ndef rule(x):\n    return x\n"
    )
    closure = code_closure("mine_of_test")
    assert set(closure) == {"mine_of_test", "json", "numpy", "PIL"}
    assert closure["numpy"] == np.__version__
    assert closure["json"] == sys.version
    assert closure["PIL"] == sys.modules["PIL"].__version__
    known = identity(mine.rule)
    monkeypatch.setattr("tgsh.runs._code._version", lambda top: "another")
    assert identity(mine.rule) != known


def test_code_counts_that_computes_a_result_and_no_other():
    trained = {name for thing in (FlyNet, fit_fused, RotationMNIST) for name in code_closure(thing.__module__)}
    own = {name for name in trained if name.startswith("tgsh")}
    assert own >= {
        "tgsh.networks._flynet",
        "tgsh.networks._crwn",
        "tgsh.training._closed_form",
        "tgsh.training._fused._kernel",
        "tgsh.training._recipe",
        "tgsh.benchmarks._rotation",
        "tgsh.benchmarks._stream",
        "tgsh.datasets._dataset",
        "tgsh.seeding",
    }
    rest = (
        "training._reference",
        "training._autograd",
        "networks._neuromodnet",
        "benchmarks._augment",
        "runs._verdicts",
    )
    assert not own & {f"tgsh.{name}" for name in rest}
    assert not any(name.startswith(("tgsh.figures", "tgsh.measures", "tgsh.timing", "matplotlib")) for name in trained)


def test_an_edit_of_a_module_changes_the_identity_of_what_contains_it(monkeypatch):
    things = {"rotation": Rotation(10), "interpolated": InterpolatedRotation(10), "drawn": Augmentation("T5", 0)}
    nets = {"FlyNet": FlyNet(1, width_mult=1), "rule": fit_fused}

    def identities():
        return {name: identity(thing) for name, thing in (things | nets).items()}

    before, read = identities(), _code._read

    def edited(module):
        return lambda name: ("edited", read(name)[1]) if name == module else read(name)

    def changed_by(module):
        with monkeypatch.context() as patch:
            patch.setattr(_code, "_read", edited(module))
            return {name for name, now in identities().items() if now != before[name]}

    assert changed_by("tgsh.benchmarks._rotation") == {"rotation", "interpolated"}
    assert changed_by("tgsh.benchmarks._augment") == {"drawn"}
    assert changed_by("tgsh.networks._flynet") == {"FlyNet", "rule"}
    assert changed_by("tgsh.training._closed_form") == {"rule"}
    assert changed_by("tgsh.training._fused._kernel") == {"rule"}
    assert changed_by("tgsh.training._reference") == set()
    assert changed_by("tgsh.datasets._dataset") == {"rotation", "interpolated", "drawn", "FlyNet", "rule"}
    assert identities() == before


def test_a_module_without_source_has_no_identity():
    assert code_closure("no_such_module_of_test.inner") is not None  # an optional library that is not installed
    assert code_closure("__main__") is None


def test_a_library_in_another_folder_is_known_by_its_version(tmp_path, monkeypatch):
    """As after `pip install --user` or `--target`: compiled libraries there have no source to identify them."""
    for name in ("lib_of_test", "own_of_test"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
        (tmp_path / f"uses_{name}.py").write_text(f"import {name}\n")
    about = tmp_path / "lib_of_test-1.5.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: lib-of-test\nVersion: 1.5\n")
    (about / "RECORD").write_text("lib_of_test/__init__.py,,\n")
    developed = tmp_path / "own_of_test.egg-info"  # as `pip install --editable` leaves it beside the sources
    developed.mkdir()
    (developed / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: own-of-test\nVersion: 1.5\n")
    (developed / "top_level.txt").write_text("own_of_test\n")
    monkeypatch.syspath_prepend(tmp_path)
    for known in (_code._distributions, _code._folders, _code._version):
        known.cache_clear()
    assert code_closure("uses_lib_of_test")["lib_of_test"] == "1.5"
    assert code_closure("uses_own_of_test")["own_of_test"] != "1.5"
    for known in (_code._distributions, _code._folders, _code._version):
        known.cache_clear()
