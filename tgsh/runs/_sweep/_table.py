"""The records of a sweep as one tidy table: a row for each cell; parameters, results, seconds and provenance."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tgsh.errors import ParameterError, TgshError
from tgsh.runs._sweep._cell import put, read

if TYPE_CHECKING:
    import pyarrow

_OF_PROVENANCE = ("device", "commit", "code", "date")


def sweep_table(folder: Path | str, keys: Sequence[str] | None = None) -> pyarrow.Table:
    """Return the records in a folder as one table, with a row for each cell.

    Columns are the parameters, the results, ``run_seconds``, and the provenance: ``run_device``, ``run_commit``,
    ``run_code`` (a digest: rows with equal ones were computed by equal code), ``run_date`` and ``run_versions``.
    Where a cell lacks a parameter or result of other cells, the table holds a null. The metadata of the schema name
    the job, the commits, the digests of code, the parameters and the results.

    Args:
        folder: folder of a sweep.
        keys: keys of the records, in the order of the rows, such as `Sweep.keys`; default: all records, sorted by
            their parameters. Of records of the same parameters, which code of different versions has left, that is then
            the latest.

    Raises:
        ParameterError: there are no records, records of several jobs, or a column of both numbers and texts.
        TgshError: a record is missing or damaged.
    """
    import pyarrow as pa

    folder = Path(folder)
    records = [_record(folder, key) for key in (_keys(folder) if keys is None else keys)]
    if not records:
        raise ParameterError(f"{folder} holds no records of a sweep")
    jobs = sorted({record["job"] for record in records})
    if len(jobs) > 1:
        raise ParameterError(f"{folder} holds records of several jobs: {', '.join(jobs)}; give each a folder")
    parameters, results = _names(records, "parameters"), _names(records, "results")
    both = [name for name in results if name in parameters]
    if both:
        raise ParameterError(f"{both[0]} is a parameter in some records and a result in others; give each a folder")
    if keys is None:
        records.sort(key=lambda record: record["provenance"]["date"])
        latest = {tuple(_order(record["parameters"].get(name)) for name in parameters): record for record in records}
        records = [latest[place] for place in sorted(latest)]
    columns = {name: _column(name, [record["parameters"].get(name) for record in records]) for name in parameters}
    columns |= {name: _column(name, [record["results"].get(name) for record in records]) for name in results}
    columns["run_seconds"] = pa.array([float(record["seconds"]) for record in records])
    sources = [record["provenance"] for record in records]
    columns |= {f"run_{name}": pa.array([str(source[name]) for source in sources]) for name in _OF_PROVENANCE}
    columns["run_versions"] = pa.array(
        [", ".join(f"{k} {v}" for k, v in source["versions"].items()) for source in sources]
    )
    metadata = {
        "job": jobs[0],
        "commit": ", ".join(sorted({source["commit"] for source in sources})),
        "code": ", ".join(sorted({source["code"] for source in sources})),
        "parameters": " ".join(parameters),
        "results": " ".join(results),
    }
    return pa.table(columns).replace_schema_metadata(metadata)


def write_table(table: pyarrow.Table, path: Path | str) -> None:
    """Write a table as Parquet or CSV, as the ending of ``path`` says, all of it or nothing.

    Raises:
        ParameterError: another ending.
        TgshError: the file cannot be written.
    """
    path, file = Path(path), io.BytesIO()
    if path.suffix == ".parquet":
        from pyarrow.parquet import write_table as write

        write(table, file, compression="zstd")
    elif path.suffix == ".csv":
        from pyarrow.csv import write_csv

        write_csv(table, file)
    else:
        raise ParameterError(f"a table is written as .parquet or .csv; got {path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        put(path, file.getvalue())
    except OSError as error:
        raise TgshError(f"{path} cannot be written ({error.strerror})") from None


def _keys(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.json"))


def _record(folder: Path, key: str) -> dict[str, Any]:
    record = read(folder, key)
    if record is None:
        raise TgshError(f"{folder} has no record {key}; run the sweep again")
    return record


def _names(records: Sequence[dict[str, Any]], part: str) -> list[str]:
    return list(dict.fromkeys(name for record in records for name in record[part]))


def _order(value: Any) -> tuple[int, Any]:
    if value is None:
        return 0, 0
    return (2, value) if isinstance(value, str) else (1, value)


def _column(name: str, values: list[Any]) -> pyarrow.Array:
    # Whole numbers stay whole; where some of them have a fraction, all become floats.
    import pyarrow as pa

    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        return pa.nulls(len(values))
    if kinds <= {int, float} and float in kinds:
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    if len(kinds) > 1:
        raise ParameterError(f"{name} is of several kinds: {', '.join(sorted(kind.__name__ for kind in kinds))}")
    (kind,) = kinds
    return pa.array(values, {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}[kind])
