"""Writing a night into the store so that a reader sees the old state or the new one.

1. Each table is written into a hidden folder ``<table>/night=N/_new-RUN``: by Spark where it lies
   in Spark, by the driver where it is in memory.
2. The files move beside the old ones, under names of their own.
3. The new manifest replaces the old one by an atomic rename: the commit.
4. The old files get a leading underscore, which Spark and pyarrow skip; the next run of the night
   removes them.

A run killed at any point leaves the old state or the new one; what it left behind besides is
removed by the next run of that night.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession

from fink_tracklets.errors import ServiceError, UserError
from fink_tracklets.store.folder import WritableFolder
from fink_tracklets.store.manifest import (
    Manifest,
    TooNew,
    read_manifest,
    stored_nights,
    write_manifest,
)
from fink_tracklets.store.night import StoredNight, retired
from fink_tracklets.store.open import open_writable
from fink_tracklets.tables import TABLES

SORT = {
    "tracklets": ["tracklet"],
    "tracklet_alerts": ["tracklet", "along_arcsec", "alert_id"],
    "short_tracks": ["short_track", "along_arcsec", "alert_id"],
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
    folder: WritableFolder, tables: Mapping[str, pa.Table | DataFrame], draft: Manifest
) -> StoredNight:
    """Replace a night's state.

    Parameters
    ----------
    folder : the store, on a file system that all executors share
    tables : by name
    draft : the manifest without run, rows and files

    Returns
    -------
    The night as stored. What the old manifest says of its rows in HBase stays in it.
    """
    night, before = draft.night, old_manifest(folder, draft.night)
    old = {file for files in before.files.values() for file in files} if before else set()
    for name in TABLES:
        clean(folder, f"{name}/night={night}", keep=old)
    run = new_run()
    with ThreadPoolExecutor(len(tables)) as pool:  # Spark's planning of one overlaps another's work
        written = pool.map(lambda name: _stage(folder, night, run, name, tables[name]), tables)
        staged = dict(zip(tables, written, strict=True))
    manifest = replace(
        draft,
        run=run,
        rows={name: _rows(folder, files) for name, files in staged.items()},
        files={name: _publish(folder, files, run) for name, files in staged.items()},
        hbase=before.hbase if before else {},
    )
    write_manifest(folder, manifest)
    retire(folder, old)
    return StoredNight(folder, manifest)


def old_manifest(folder: WritableFolder, night: str) -> Manifest | None:
    """The manifest that a run of the night will replace; one that is damaged is an error."""
    try:
        return read_manifest(folder, night)
    except FileNotFoundError:
        return None


def check_night(folder: WritableFolder, night: str, survey: str) -> None:
    """A store has the nights of one survey.

    A night's name tells nothing of its survey, nor does a tracklet's: nights of two would replace
    each other, and their tracklets have the same names.

    Raises
    ------
    UserError : the store has nights of another survey or its newest one is of a newer version, or
        this night's manifest is damaged
    """
    for before in (old_manifest(folder, night), _newest(folder)):
        _need_survey(folder, before, survey)


def check_survey(folder: WritableFolder, survey: str) -> None:
    """`check_night` for no night in particular: damaged manifests do not matter."""
    _need_survey(folder, _newest(folder), survey)


def _newest(folder: WritableFolder) -> Manifest | None:
    """The manifest of the newest night that has one in order; one of newer tables is an error."""
    for night in sorted(stored_nights(folder), reverse=True):
        try:
            if before := old_manifest(folder, night):
                return before
        except TooNew:
            raise
        except UserError:  # damaged: that night's own run says so
            continue
    return None


def _need_survey(folder: WritableFolder, before: Manifest | None, survey: str) -> None:
    if before is not None and before.survey != survey:
        raise UserError(
            f"{folder.address}: this store has nights of the survey '{before.survey}' "
            f"({before.night}), and a store holds those of one survey, since names of nights and "
            f"tracklets do not tell it: give another folder as --store for '{survey}'."
        )


def new_run() -> str:
    """What tells this change of a night from all others."""
    return uuid.uuid4().hex[:12]


def retire(folder: WritableFolder, files: Iterable[str]) -> None:
    """Give files of a state before the names that Spark and pyarrow skip."""
    for file in files:
        folder.rename(file, retired(file))


def clean(folder: WritableFolder, night_folder: str, keep: Collection[str]) -> None:
    """Remove what is not part of the night's state: leftovers of killed runs, the state before."""
    for name in folder.names(night_folder):
        if f"{night_folder}/{name}" not in keep:
            folder.remove(f"{night_folder}/{name}")


def _stage(
    folder: WritableFolder, night: str, run: str, name: str, table: pa.Table | DataFrame
) -> list[str]:
    """Write a table into its hidden folder; the files that it has become."""
    staging = f"{name}/night={night}/_new-{run}"
    if isinstance(table, pa.Table):
        content = io.BytesIO()
        pq.write_table(table.sort_by([(key, "ascending") for key in SORT[name]]), content)
        folder.make(staging)
        folder.write(f"{staging}/part-00000.parquet", content.getvalue())
    else:
        sized = table.hint("rebalance") if name == "candidates" else table.coalesce(1)
        sized.sortWithinPartitions(*SORT[name]).write.parquet(folder.uri(staging))
    files = [file for file in folder.names(staging) if file.endswith(".parquet")]
    if not files:
        raise ServiceError(
            f"Spark wrote {folder.uri(staging)}, but the driver sees no file there: the store must "
            "be on a file system that driver and executors share."
        )
    return [f"{staging}/{file}" for file in files]


def _rows(folder: WritableFolder, files: list[str]) -> int:
    return sum(pq.ParquetFile(folder.open(file)).metadata.num_rows for file in files)


def _publish(folder: WritableFolder, staged: list[str], run: str) -> tuple[str, ...]:
    """Move staged files into the night's folder; their new paths, relative to the store."""
    staging = staged[0].rpartition("/")[0]
    night_folder = staging.rpartition("/")[0]
    targets = []
    for k, path in enumerate(staged):
        target = f"{night_folder}/part-{k:05d}-{run}.parquet"
        folder.rename(path, target)
        targets.append(target)
    folder.remove(staging)
    return tuple(targets)
