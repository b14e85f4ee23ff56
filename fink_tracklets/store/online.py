"""The running night in a store: ``online/night=N``, files of rows that are only added.

A file is there whole or not at all; its name has its number, and rows of a later file count. When
the night is stored it is final, and these rows are history.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

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

    Returns
    -------
    pyarrow.Table
        See `fink_tracklets.tables.ONLINE`; its schema's metadata has the survey and its column of
        alert ids, as `survey` and `alert_id`.

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


def online_history(folder: Folder, files: Sequence[str]) -> pa.Table:
    """All rows of these files, in their order, with the metadata of the last."""
    parts = [ONLINE.arrow_schema.empty_table()]
    about: Any = None
    for file in files:
        try:
            with folder.open(file) as opened:
                rows = pq.ParquetFile(opened).read(ONLINE.names)
                about = rows.schema.metadata
                parts.append(rows.cast(ONLINE.arrow_schema))
        except (OSError, pa.ArrowException, ValueError) as error:
            why = (str(error) or type(error).__name__).splitlines()[0]
            raise UserError(
                f"{file} in {folder.address} cannot be read ({why}): remove it, and start the "
                "stream again, which writes what is lacking."
            ) from error
    return pa.concat_tables(parts).replace_schema_metadata(about)


def tracklets_of(rows: pa.Table) -> list[dict[str, Any]]:
    """The provisional tracklets of what `read_online` gives, by name: alerts, exposure and jd, the
    mean magnitude, the place of the first alert, and when the last was told."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows.to_pylist():
        found.setdefault(row["tracklet"], []).append(row)
    tracklets = []
    for name in sorted(found):
        alerts = sorted(found[name], key=lambda row: row["alert_id"])
        known = [row["mag"] for row in alerts if row["mag"] is not None]
        tracklets.append(
            {
                "tracklet": name,
                "n_alerts": len(alerts),
                **{key: alerts[0][key] for key in ("exposure", "jd", "ra", "dec")},
                "mag_mean": sum(known) / len(known) if known else None,
                "written": max(row["written"] for row in alerts),
            }
        )
    return tracklets


def final_changes(folder: Folder, night: str, final: dict[int, str]) -> Counter[str] | None:
    """How many alerts the end-of-night job named anew, renamed, or took the name from; None of a
    night that no stream followed.

    Parameters
    ----------
    final : the tracklet of each alert in one
    """
    files = online_files(folder, night)
    if not files:
        return None
    rows = read_online(folder, night)
    told = dict(zip(rows["alert_id"].to_pylist(), rows["tracklet"].to_pylist(), strict=True))
    kinds = Counter({"told": len(told), "new": 0, "renamed": 0, "withdrawn": 0})
    for number in told.keys() | final.keys():
        before, now = told.get(number), final.get(number)
        if before != now:
            kinds["new" if before is None else "withdrawn" if now is None else "renamed"] += 1
    return kinds


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
