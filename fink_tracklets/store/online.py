"""The running night in a store: ``online/night=N``, files of rows that are only added.

A file is there whole or not at all; its name has its number, and rows of a later file count. When
the night is stored it is final, and these rows are history.
"""

from __future__ import annotations

import io
import re

import pyarrow as pa
import pyarrow.parquet as pq

from fink_tracklets.errors import UserError
from fink_tracklets.naming import parse_night
from fink_tracklets.store.folder import Folder, WritableFolder
from fink_tracklets.tables import ONLINE

FILE = re.compile(r"part-(\d{8})\.parquet")


def online_nights(folder: Folder) -> list[str]:
    """The nights of which a stream wrote into the store, the earliest first."""
    return [name[6:] for name in folder.names("online") if re.fullmatch(r"night=\d{8}", name)]


def online_files(folder: Folder, night: str) -> list[str]:
    """The files of a running night in their order."""
    where = f"online/night={night}"
    return [f"{where}/{name}" for name in folder.names(where) if FILE.fullmatch(name)]


def read_online(folder: Folder, night: str) -> pa.Table:
    """What is known of a running night: one row for each alert in a tracklet.

    Raises
    ------
    UserError : no stream wrote of this night, or a file is damaged
    """
    files = online_files(folder, parse_night(night).strftime("%Y%m%d"))
    if not files:
        known = online_nights(folder)
        there = f"it has {', '.join(known[-5:])}" if known else "it has none"
        named = folder.address.removeprefix("file://")
        raise UserError(f"The store {named} has no running night {night}; {there}.")
    last = last_rows(online_history(folder, files))
    return last.filter(last["tracklet"].is_valid())


def online_history(folder: Folder, files: list[str]) -> pa.Table:
    """All rows of these files, in their order."""
    parts = [ONLINE.arrow_schema.empty_table()]
    for file in files:
        try:
            with folder.open(file) as opened:
                parts.append(pq.ParquetFile(opened).read(ONLINE.names).cast(ONLINE.arrow_schema))
        except (OSError, pa.ArrowException, ValueError) as error:
            why = (str(error) or type(error).__name__).splitlines()[0]
            raise UserError(
                f"{file} in {folder.address} cannot be read ({why}): remove it, and start the "
                "stream again, which writes what is lacking."
            ) from error
    return pa.concat_tables(parts)


def last_rows(rows: pa.Table) -> pa.Table:
    """Of each alert the last row."""
    place = {number: k for k, number in enumerate(rows["alert_id"].to_pylist())}
    return rows.take(pa.array(sorted(place.values()), pa.int64()))


def add_online(folder: WritableFolder, night: str, rows: pa.Table) -> None:
    """Add rows to a running night, in one step."""
    where = f"online/night={night}"
    files = online_files(folder, night)
    numbers = [int(FILE.fullmatch(file.rpartition("/")[2])[1]) for file in files]  # type: ignore[index]
    content = io.BytesIO()
    pq.write_table(rows, content)
    if not files:
        folder.make(where)
    folder.replace(f"{where}/part-{max(numbers, default=-1) + 1:08d}.parquet", content.getvalue())
