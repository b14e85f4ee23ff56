"""The stamps of alerts that the store has not: from the night's packets in Parquet."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fink_tracklets.survey import Survey

Ids = np.ndarray[Any, np.dtype[np.int64]]
KINDS = ("science", "template", "difference")
PLAIN = re.compile(r"\w+(\.\w+)*", re.ASCII)
"""A column, or a field of one; the surveys' files may have whole expressions."""
_READING = threading.Lock()
"""A row group of packets may have a gigabyte: one at a time."""


def packet_stamps(path: str, night: str, alert_id: int, survey: Survey) -> dict[str, bytes | None]:
    """The three stamps of an alert; empty where the packets have none of it.

    Parameters
    ----------
    path : file or folder on this machine; {Y}, {m} and {d} as in `run`
    survey : where the packets have the stamps
    """
    if survey.glints is None:
        return {}
    columns = {kind: getattr(survey.glints, kind) for kind in KINDS}
    columns["id"] = survey.columns.alert_id
    if not all(PLAIN.fullmatch(column) for column in columns.values()):
        return {}
    fields = tuple(sorted(columns.items()))
    for file in _files(path, night):
        status = file.stat()
        stamp = (status.st_mtime_ns, status.st_size)
        for group, ids in enumerate(_ids(str(file), stamp, columns["id"])):
            if alert_id in ids:
                with _READING:
                    return dict(_stamps(str(file), stamp, group, alert_id, fields))
    return {}


def _files(path: str, night: str) -> list[Path]:
    """The night's files; the month and day with a leading zero or, as `run` has it, without."""
    day = datetime.strptime(night, "%Y%m%d")
    for month, date in ((f"{day:%m}", f"{day:%d}"), (str(day.month), str(day.day))):
        place = path.replace("{Y}", f"{day:%Y}").replace("{m}", month).replace("{d}", date)
        found = Path(place.removeprefix("file://"))
        if found.is_file():
            return [found]
        if found.is_dir():
            return sorted(f for f in found.rglob("*.parquet") if not f.name.startswith(("_", ".")))
    return []


@lru_cache(maxsize=256)
def _ids(file: str, stamp: tuple[int, int], column: str) -> Sequence[Ids]:
    """The alert numbers of each row group of a file that has this time and size."""
    with pq.ParquetFile(file) as packets:
        if column.split(".")[0] not in packets.schema_arrow.names:
            return []
        groups = range(packets.num_row_groups)
        tables = [packets.read_row_group(group, columns=[column]) for group in groups]
    numbers = [pc.cast(_field(table, column), pa.int64()) for table in tables]
    return [pc.fill_null(some, -1).to_numpy() for some in numbers]


@lru_cache(maxsize=256)
def _stamps(
    file: str,
    stamp: tuple[int, int],
    group: int,
    alert_id: int,
    fields: tuple[tuple[str, str], ...],
) -> list[tuple[str, bytes | None]]:
    columns = dict(fields)
    number = columns.pop("id")
    with pq.ParquetFile(file) as packets:
        there = packets.schema_arrow.names
        columns = {k: name for k, name in columns.items() if name.split(".")[0] in there}
        table = packets.read_row_group(group, columns=[number, *columns.values()])
    wanted = pc.equal(pc.cast(_field(table, number), pa.int64()), alert_id)
    rows = table.filter(wanted).slice(0, 1)
    return [(kind, _field(rows, column)[0].as_py()) for kind, column in columns.items()]


def _field(table: pa.Table, path: str) -> pa.ChunkedArray:
    name, *inside = path.split(".")
    column = table[name]
    return pc.struct_field(column, inside) if inside else column
