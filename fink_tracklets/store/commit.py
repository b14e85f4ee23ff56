"""Writing a night into the Parquet store so that a reader sees the old state or the new one.

1. Spark writes each table into a hidden folder ``<table>/night=N/_new-RUN``.
2. The files move beside the old ones, under names of their own.
3. The new manifest replaces the old one by an atomic rename: the commit.
4. The old files get a leading underscore, which Spark and pyarrow skip; the next run of the night
   removes them.

A run killed at any point leaves the old state or the new one; what it left behind besides is
removed by the next run of that night.
"""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession

from fink_tracklets.errors import ServiceError, UserError
from fink_tracklets.store.folder import WritableFolder, open_writable
from fink_tracklets.store.parquet import manifest_of, manifest_path
from fink_tracklets.tables import TABLES

SORT = {
    "tracklets": ["tracklet"],
    "tracklet_alerts": ["tracklet", "along_arcsec", "alert_id"],
    "candidates": ["exposure", "alert_id"],
    "exposures": ["jd", "exposure"],
}


def check_writable(store: str, spark: SparkSession | None = None) -> WritableFolder:
    """The store's folder, made if needed; a store that cannot be written is an error."""
    folder = open_writable(store, spark)
    probe = f"manifests/_probe-{uuid.uuid4().hex}"
    try:
        folder.make("manifests")
        folder.write(probe, b"")
        folder.remove(probe)
    except OSError as error:
        raise UserError(f"The store {store} cannot be written: {error.strerror}.") from error
    return folder


def write_night(
    store: str, night: str, tables: dict[str, DataFrame], record: dict[str, Any]
) -> dict[str, Any]:
    """Replace a night's state.

    Parameters
    ----------
    store : folder of the store, on a file system that all executors share
    night : YYYYMMDD
    tables : by name
    record : what the manifest says beside run, rows and files

    Returns
    -------
    The manifest. What the old one says of the night's rows in HBase stays in it.
    """
    folder = check_writable(store, next(iter(tables.values())).sparkSession)
    old = _old_files(folder, night)
    for name in TABLES:
        _clean(folder, f"{name}/night={night}", keep=old)
    run = uuid.uuid4().hex[:12]
    with ThreadPoolExecutor(len(tables)) as pool:  # Spark's planning of one overlaps another's work
        written = pool.map(lambda name: _stage(folder, night, run, name, tables[name]), tables)
        staged = dict(zip(tables, written, strict=True))
    rows = {name: _rows(folder, files) for name, files in staged.items()}
    files = {name: _publish(folder, paths, run) for name, paths in staged.items()}
    manifest = {"night": night, "run": run, **record, "rows": rows, "files": files}
    manifest |= _hbase_record(folder, night)
    write_manifest(folder, manifest)
    for path in old:
        above, _, name = path.rpartition("/")
        folder.rename(path, f"{above}/_{name}")
    return manifest


def _stage(folder: WritableFolder, night: str, run: str, name: str, table: DataFrame) -> list[str]:
    """Let Spark write a table into its hidden folder; the files it wrote."""
    staging = f"{name}/night={night}/_new-{run}"
    sized = table.hint("rebalance") if name == "candidates" else table.coalesce(1)
    sized.sortWithinPartitions(*SORT[name]).write.parquet(folder.uri(staging))
    files = [file for file in folder.names(staging) if file.endswith(".parquet")]
    if not files:
        raise ServiceError(
            f"Spark wrote {folder.uri(staging)}, but the driver sees no file there: the store must "
            "be on a file system that driver and executors share."
        )
    return [f"{staging}/{file}" for file in files]


def write_manifest(folder: WritableFolder, manifest: dict[str, Any]) -> None:
    """Replace a night's manifest in one step."""
    content = json.dumps(manifest, indent=1).encode()
    folder.replace(manifest_path(manifest["night"]), content)


def _old_manifest(folder: WritableFolder, night: str) -> dict[str, Any]:
    try:
        return manifest_of(folder, night)
    except FileNotFoundError:
        return {}


def _hbase_record(folder: WritableFolder, night: str) -> dict[str, Any]:
    old = _old_manifest(folder, night)
    return {"hbase": old["hbase"]} if "hbase" in old else {}


def _old_files(folder: WritableFolder, night: str) -> set[str]:
    files = _old_manifest(folder, night).get("files", {})
    return {file for names in files.values() for file in names}


def _clean(folder: WritableFolder, night_folder: str, keep: set[str]) -> None:
    """Remove what is not part of the night's state: leftovers of killed runs, the state before."""
    for name in folder.names(night_folder):
        if f"{night_folder}/{name}" not in keep:
            folder.remove(f"{night_folder}/{name}")


def _rows(folder: WritableFolder, files: list[str]) -> int:
    return sum(pq.ParquetFile(folder.open(file)).metadata.num_rows for file in files)


def _publish(folder: WritableFolder, staged: list[str], run: str) -> list[str]:
    """Move staged files into the night's folder; their new paths, relative to the store."""
    staging = staged[0].rpartition("/")[0]
    night_folder = staging.rpartition("/")[0]
    targets = []
    for k, path in enumerate(staged):
        target = f"{night_folder}/part-{k:05d}-{run}.parquet"
        folder.rename(path, target)
        targets.append(target)
    folder.remove(staging)
    return targets
