"""Adding tables to a stored night: what later stages (satellites, glints) find out about it.

The new files stand beside the night's others; the new manifest, which names them, is the commit.
"""

from __future__ import annotations

import io
import uuid
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from fink_tracklets.errors import UserError
from fink_tracklets.store.commit import check_writable, write_manifest
from fink_tracklets.store.parquet import read_manifest
from fink_tracklets.tables import TABLES, VERSION


def amend_night(
    store: str,
    night: str,
    tables: dict[str, pa.Table],
    record: dict[str, Any],
    spark: SparkSession | None = None,
) -> dict[str, Any]:
    """Replace some tables of a stored night and leave the others as they are.

    Parameters
    ----------
    store : folder of the store
    night : YYYYMMDD, a night that the store has
    tables : by name, small enough to be held in memory; columns as in `fink_tracklets.tables`
    record : what the manifest says of them, under keys of its own
    spark : needed where the store is not on a local file system

    Returns
    -------
    The new manifest.

    Raises
    ------
    UserError
        The store does not have the night, or a rerun replaced the night meanwhile.
    """
    folder = check_writable(store, spark)
    before = read_manifest(store, night)
    run = uuid.uuid4().hex[:12]
    files, rows = dict(before["files"]), dict(before["rows"])
    for name, table in tables.items():
        night_folder = f"{name}/night={night}"
        folder.make(night_folder)
        for left in folder.names(night_folder):
            if f"{night_folder}/{left}" not in files.get(name, []):
                folder.remove(f"{night_folder}/{left}")
        content = io.BytesIO()
        pq.write_table(table.cast(TABLES[name].arrow_schema), content)
        files[name] = [f"{night_folder}/part-00000-{run}.parquet"]
        folder.write(files[name][0], content.getvalue())
        rows[name] = len(table)
    if read_manifest(store, night)["run"] != before["run"]:
        raise UserError(f"The night {night} was run again meanwhile: give this command again.")
    manifest = {
        **before,
        "run": run,
        "tables_version": VERSION,
        **record,
        "rows": rows,
        "files": files,
    }
    write_manifest(folder, manifest)
    for name in tables:
        for path in before["files"].get(name, []):
            above, _, file = path.rpartition("/")
            folder.rename(path, f"{above}/_{file}")
    return manifest
