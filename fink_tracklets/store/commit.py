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
import os
import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pyspark.sql import DataFrame

from fink_tracklets.errors import ServiceError, UserError
from fink_tracklets.store.parquet import manifest_path, read_manifest, store_folder

SORT = {
    "tracklets": ["tracklet"],
    "tracklet_alerts": ["tracklet", "along_arcsec", "alert_id"],
    "candidates": ["exposure", "alert_id"],
    "exposures": ["jd", "exposure"],
}


def check_writable(store: str) -> Path:
    """The store's folder, made if needed; a store that cannot be written is an error."""
    folder = store_folder(store)
    try:
        (folder / "manifests").mkdir(parents=True, exist_ok=True)
        probe = folder / "manifests" / f"_probe-{uuid.uuid4().hex}"
        probe.touch()
        probe.unlink()
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
    The manifest.
    """
    folder = check_writable(store)
    old = _old_files(folder, night)
    for name in tables:
        _clean(folder / name / f"night={night}", keep=old)
    run = uuid.uuid4().hex[:12]
    with ThreadPoolExecutor(len(tables)) as pool:  # Spark's planning of one overlaps another's work
        written = pool.map(lambda name: _stage(folder, night, run, name, tables[name]), tables)
        staged = dict(zip(tables, written, strict=True))
    rows = {name: _rows(files) for name, files in staged.items()}
    files = {name: _publish(folder, paths, run) for name, paths in staged.items()}
    manifest = {"night": night, "run": run, **record, "rows": rows, "files": files}
    replace(manifest_path(folder, night), json.dumps(manifest, indent=1).encode())
    for path in old:
        path.rename(path.with_name(f"_{path.name}"))
    return manifest


def _stage(folder: Path, night: str, run: str, name: str, table: DataFrame) -> list[Path]:
    """Let Spark write a table into its hidden folder; the files it wrote."""
    staging = folder / name / f"night={night}" / f"_new-{run}"
    sized = table.hint("rebalance") if name == "candidates" else table.coalesce(1)
    sized.sortWithinPartitions(*SORT[name]).write.parquet(f"file://{staging.absolute()}")
    files = sorted(staging.glob("*.parquet"))
    if not files:
        raise ServiceError(
            f"Spark wrote {staging}, but the driver sees no file there: the store must be on a "
            "file system that driver and executors share."
        )
    return files


def replace(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, also after a crash."""
    part = path.with_name(f"_{path.name}-{uuid.uuid4().hex}")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _old_files(folder: Path, night: str) -> set[Path]:
    if not manifest_path(folder, night).exists():
        return set()
    files = read_manifest(folder, night)["files"]
    return {folder / file for names in files.values() for file in names}


def _clean(night_folder: Path, keep: set[Path]) -> None:
    """Remove what is not part of the night's state: leftovers of killed runs, the state before."""
    for path in night_folder.iterdir() if night_folder.exists() else ():
        if path.is_dir():
            shutil.rmtree(path)
        elif path not in keep:
            path.unlink()


def _rows(files: list[Path]) -> int:
    return sum(pq.ParquetFile(file).metadata.num_rows for file in files)


def _publish(folder: Path, staged: list[Path], run: str) -> list[str]:
    """Move staged files into the night's folder; their new paths, relative to the store."""
    targets = []
    for k, path in enumerate(staged):
        target = path.parent.parent / f"part-{k:05d}-{run}.parquet"
        path.rename(target)
        targets.append(str(target.relative_to(folder)))
    shutil.rmtree(staged[0].parent)
    return targets
