"""The benchmark: the published loop, two faster paths, and a lower bound (the floor), timed in one run.

``python -m tgsh benchmark`` (or ``make benchmark``) prints the table, and writes it with a description of the machine.
Times on a shared machine drift, so the paths take turns, and the benchmark reports ratios of medians.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict

from tgsh.benchmarks import AugmentMNIST, RotationMNIST, ShiftMNIST, TaskStream
from tgsh.datasets import ImageDataset
from tgsh.networks import FlyNet
from tgsh.runs import n_workers, resolve_device, track
from tgsh.timing._floor import Work, floor_of_task
from tgsh.timing._machine import machine, measure_ceilings, memory_of_pytorch, peak_memory, seconds_of
from tgsh.timing._neighbour import beside_a_neighbour, spread_of
from tgsh.timing._others import above_floor, profile_others
from tgsh.timing._profile import kept_or_recomputed, profile_stages, roofline_points
from tgsh.timing._solver import time_solver
from tgsh.training import Recipe, fit_closed_form, fit_reference, groups, learn, reference_accuracy_on, training_rule


def time_plain(net: FlyNet, stream: RotationMNIST, tasks: Sequence[int], recipe: Recipe) -> dict:
    """Train and evaluate ``tasks`` as published, one after the other: seconds, and test accuracy by task."""

    def run() -> dict[int, float]:
        fit_reference(net, stream, tasks, recipe, data_seed=net.seed)
        own = {t: net.context_vector(t)[None].detach() for t in tasks}
        return {t: reference_accuracy_on(net, stream, t, context).item() for t, context in own.items()}

    return _timed(run, net)


def time_fast(
    net: FlyNet, stream: TaskStream, tasks: Sequence[int], recipe: Recipe, fit: Callable | None = None
) -> dict:
    """Train and evaluate ``tasks`` by `tgsh.training`, without the run cache: seconds, and test accuracy by task."""

    def run() -> dict[int, float]:
        planned = groups(net, stream, recipe, tasks)
        learning = learn(net, stream, planned, recipe, net.seed, fit)
        return {t: accuracy for learned in learning for t, accuracy in learned.items()}

    return _timed(run, net)


def time_operators(net: FlyNet, stream: TaskStream, tasks: Sequence[int], recipe: Recipe) -> dict:
    """As `time_fast`, by PyTorch's operators, one after the other (`fit_closed_form`)."""
    return time_fast(net, stream, tasks, recipe, fit_closed_form)


def _timed(run: Callable[[], dict[int, float]], net: FlyNet) -> dict:
    accuracy: dict[int, float] = {}
    seconds = seconds_of(lambda: accuracy.update(run()), net.W2.device)
    return {"seconds": seconds, "accuracy": accuracy}


def compare(
    make_net: Callable[[int], FlyNet], stream: RotationMNIST, tasks: Sequence[int], recipe: Recipe, repeats: int = 3
) -> dict:
    """Time the paths on the same tasks, in turn.

    A turn is as many tasks as our path trains at once. The plain path trains them one by one, with all threads, once;
    the others train them ``repeats`` times, in alternation.

    Args:
        make_net: makes a network with a given number of contexts, on the device to be timed.
        stream: the tasks.
        tasks: positions in the stream.
        recipe: how the tasks are trained.
        repeats: how often the fast paths train each turn.

    Returns:
        For each path, the seconds for a task (mean over the turns of the median, least, and quartiles), the mean test
        accuracy, and the accuracy by task. Paths: ``plain``, ``operators`` (where our path is another) and ``fast``.
    """
    paths = {"plain": time_plain, "operators": time_operators, "fast": time_fast}
    if training_rule(make_net(1)) is fit_closed_form:
        del paths["operators"]
    for path in paths.values():
        _start_up(path, make_net, stream.dataset)
    at_once, (_, *others) = n_workers(make_net(1).W2.device), paths
    turns = [(i, name) for i in range(0, len(tasks), at_once) for name in ("plain", *others * repeats)]
    timed: dict[str, dict[int, list[dict]]] = {name: {} for name in paths}
    for i, name in track(turns, "timing the paths in turn"):
        found = paths[name](make_net(len(stream)), stream, tasks[i : i + at_once], recipe)
        timed[name].setdefault(i, []).append(found)
    return {name: _summary(list(found.values()), len(tasks)) for name, found in timed.items()}


def _start_up(path: Callable, make_net: Callable[[int], FlyNet], dataset: ImageDataset) -> None:
    # The first call pays for start-up; one short epoch pays it for all.
    path(make_net(1), RotationMNIST(dataset.subset(256, 128), n_tasks=1), [0], Recipe(epochs=1))


def _summary(turns: list[list[dict]], n_tasks: int) -> dict:
    accuracy = {str(t): value for turn in turns for t, value in turn[0]["accuracy"].items()}
    spreads = [spread_of([row["seconds"] for row in turn]) for turn in turns]
    names = {"seconds_per_task": "median", "least": "least", "low": "low", "high": "high"}
    return {
        **{name: sum(getattr(spread, part) for spread in spreads) / n_tasks for name, part in names.items()},
        "mean_accuracy": sum(accuracy.values()) / n_tasks,
        "accuracy": accuracy,
    }


def growth(
    make_net: Callable[..., FlyNet],
    dataset: ImageDataset,
    recipe: Recipe,
    width_mult: int,
    n_tasks: int = 4,
    repeats: int = 2,
) -> list[dict]:
    """Seconds and peak memory of a stream as tasks, width, samples or epochs grow.

    Each stream has a multiple of the number of tasks that are trained at once, so that no core is idle. Each size is
    timed ``repeats`` times, in alternation with the others, and the shortest time counts, because other work on the
    machine can only add to it. All four curves start from one size: half of the images, one epoch.

    Returns:
        A row for each point, with ``along`` (name of what grows), ``value``, ``seconds`` and ``peak_memory`` (bytes).
    """
    n, at_once = len(dataset.train_labels), n_workers(make_net(1).W2.device)
    base = {"n_tasks": at_once, "width_mult": width_mult, "n_train": n // 2, "epochs": 1}
    grid = {
        "n_tasks": [at_once * k for k in sorted({1, max(n_tasks // 2, 1), n_tasks})],
        "width_mult": sorted({max(width_mult // 4, 1), max(width_mult // 2, 1), width_mult, 2 * width_mult}),
        "n_train": [n // 4, n // 2, n],
        "epochs": [1, 2, 4],
    }
    points = [(name, value, base | {name: value}) for name, values in grid.items() for value in values]
    measured: dict[tuple, list[tuple[float, int]]] = {}
    for size in track([*(size for _, _, size in points if size != base), base] * repeats, "growth"):
        data = dataset.subset(n_train=size["n_train"])
        stream = RotationMNIST(data, n_tasks=size["n_tasks"], step=360 // max(size["n_tasks"], 36))
        net = make_net(size["n_tasks"], size["width_mult"])
        settings = Recipe(epochs=size["epochs"], batch_size=recipe.batch_size, lr=recipe.lr)
        with peak_memory(net.W2.device) as memory:
            seconds = time_fast(net, stream, range(len(stream)), settings)["seconds"]
        measured.setdefault(tuple(size.values()), []).append((seconds, memory.bytes))
    rows = []
    for name, value, size in points:
        seconds, peaks = zip(*measured[tuple(size.values())], strict=True)
        rows.append({"along": name, "value": value, "seconds": min(seconds), "peak_memory": max(peaks)})
    return rows


def papers_streams(dataset: ImageDataset, n_tasks: int) -> dict[str, TaskStream]:
    """The four streams of the paper (Sections 3.1 and 3.2), by name, each with at most ``n_tasks`` tasks."""
    return {
        "rotations": RotationMNIST(dataset, n_tasks),
        "shifts of 1 px": ShiftMNIST(dataset, min(n_tasks, 28), pixels=1),
        "shifts of 2 px": ShiftMNIST(dataset, min(n_tasks, 14), pixels=2),
        "augmentations": AugmentMNIST(dataset, n_tasks=min(n_tasks, 8)),
    }


def spread(n: int, count: int) -> list[int]:
    """At most ``count`` of the positions 0 to ``n - 1``, evenly spread."""
    return [i * n // min(n, count) for i in range(min(n, count))]


def time_stream(net: FlyNet, stream: TaskStream, recipe: Recipe, timed: int) -> dict:
    """Time a stream on the fast path, with evaluation and without the run cache: seconds, accuracy, peak memory.

    Args:
        net: a network with a context for each task.
        stream: the tasks.
        recipe: how they are trained.
        timed: number of tasks that are trained, evenly spread. ``seconds`` are scaled to the whole stream; `growth`
            tests whether time is proportional to the number of tasks.

    Returns:
        The numbers by name; ``of_files`` is ``.files`` of `peak_memory`.
    """
    tasks = spread(len(stream), timed)
    with peak_memory(net.W2.device) as memory:
        found = time_fast(net, stream, tasks, recipe)
    return {
        "n_tasks": len(stream),
        "timed": len(tasks),
        "seconds": found["seconds"] * len(stream) / len(tasks),
        "mean_accuracy": sum(found["accuracy"].values()) / len(tasks),
        "peak_memory": memory.bytes,
        "of_files": memory.files,
    }


def benchmark(
    dataset: ImageDataset,
    n_tasks: int,
    compared: int,
    recipe: Recipe,
    width_mult: int = 10,
    device: str = "auto",
    seed: int = 0,
    timed: int | None = None,
    rounds: int = 8,
) -> dict:
    """Run the benchmark: four streams, growth, ceilings, floor, the paths, a neighbour, two other networks, machine.

    The streams come first: their peak memory is then that of a program that trains them, without the libraries that the
    published loop and the other networks load.

    Args:
        dataset: the images.
        n_tasks: largest number of tasks of a stream.
        compared: number of rotations that all paths train.
        recipe: how tasks are trained.
        width_mult, seed: of the networks.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:N"``.
        timed: number of tasks of a stream that are trained to time it; default: all.
        rounds: as in `beside_a_neighbour`.

    Returns:
        The results, JSON-able, as `table` takes them.
    """
    timed = n_tasks if timed is None else timed
    where = resolve_device(device)

    def make_net(n: int, width: int = width_mult) -> FlyNet:
        return FlyNet(n, width_mult=width, seed=seed).to(where)

    streams = papers_streams(dataset, n_tasks)
    size = len(dataset.train_labels), len(dataset.test_labels), width_mult, recipe.epochs
    _start_up(time_fast, make_net, dataset)
    whole = [
        time_stream(make_net(len(stream)), stream, recipe, timed)
        for stream in track(streams.values(), "the four streams", sizes=[min(len(s), timed) for s in streams.values()])
    ]
    grown = growth(make_net, dataset, recipe, width_mult)
    before = measure_ceilings(where)
    paths = compare(make_net, streams["rotations"], spread(n_tasks, compared), recipe)
    parts = profile_stages(make_net(1), streams["rotations"])
    kept = kept_or_recomputed(make_net(1), streams["rotations"])
    solver = time_solver(make_net(1), streams["rotations"])
    crowded = beside_a_neighbour(make_net, streams["rotations"], rounds) if where.type == "cpu" else {}
    others = profile_others(streams["rotations"], where, seed)
    alone = memory_of_pytorch() if where.type == "cpu" else None  # on a GPU its own memory is counted
    ceilings = before.best(measure_ceilings(where))  # a busy neighbour lowers them, and nothing raises them
    work, floor = floor_of_task(ceilings, *size)
    for found in others.values():
        found["floor"] = 1000 * Work(**found["work"]).seconds(ceilings)
        found["above_floor"] = above_floor(found["stages"], found["floor"])
    return {
        "machine": machine(where),
        "pytorch": {"memory": alone.bytes, "of_files": alone.files} if alone else {"memory": 0, "of_files": 0},
        "dataset": dataset.name,
        "n_tasks": n_tasks,
        "recipe": asdict(recipe),
        "width_mult": width_mult,
        "ceilings": asdict(ceilings),
        "floor": asdict(work) | {"seconds_per_task": floor},
        "paths": paths,
        "ratio": paths["plain"]["seconds_per_task"] / paths["fast"]["seconds_per_task"],
        "above_floor": paths["fast"]["seconds_per_task"] / floor,
        "stages": parts,
        "features": kept,
        "solver": solver,
        "neighbour": crowded,
        "roofline": roofline_points(parts, width_mult),
        "others": others,
        "streams": dict(zip(streams, whole, strict=True)),
        "growth": grown,
    }


def table(result: dict) -> str:
    """The results of `benchmark` as plain text: seconds for a task and a stream, and their ratio to the fast path."""
    n, paths = result["n_tasks"], result["paths"]
    fast = paths["fast"]["seconds_per_task"]
    rows = [
        ("plain (as published)", paths["plain"]["seconds_per_task"]),
        *[("PyTorch's operators", path["seconds_per_task"]) for name, path in paths.items() if name == "operators"],
        ("ours", fast),
        ("floor", result["floor"]["seconds_per_task"]),
    ]
    lines = [f"{'':22}{'s per task':>12}{f's for {n} tasks':>18}{'ours = 1':>12}"]
    lines += [f"{name:22}{seconds:12.2f}{n * seconds:18.1f}{seconds / fast:12.2f}" for name, seconds in rows]
    for name, found in result["neighbour"].items():
        who = "ours" if name == "fast" else name
        lines.append(f"beside a neighbour {who} takes {found['slowed']:.2f} times as long")
    for name, found in result["others"].items():
        lines.append(f"a batch of {name} takes {found['above_floor']:.2f} times its floor of {found['floor']:.2f} ms")
    if found := result["solver"]:
        ratio = found["kept"] / found["recomputed"]
        lines.append(f"the solver takes {ratio:.2f} times as long with kept features as with recomputed ones")
    lines += ["", "ours, the paper's four streams, evaluation included"]
    streams = result["streams"]
    for name, stream in streams.items():
        tasks, seconds, peak = stream["n_tasks"], stream["seconds"], stream["peak_memory"]
        files = f", {stream['of_files'] / 1e9:.2f} GB of it files" if stream["of_files"] else ""
        lines.append(f"{tasks:3} {name:18}{seconds / tasks:12.2f}{seconds:18.1f}{peak / 1e9:9.2f} GB at most{files}")
    if alone := result["pytorch"]["memory"]:
        lines.append(f"of the memory PyTorch {result['machine']['torch']} takes {alone / 1e9:.2f} GB by itself")
    lines.append(f"{'all four':22}{sum(stream['seconds'] for stream in streams.values()):30.1f}")
    return "\n".join(lines)
