"""Reading the Parquet store, without Spark.

The manifest of a night is its commit: it names the files that are the night's state, and readers
follow it. `fink_tracklets.store.commit` writes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fink_tracklets.errors import UserError
from fink_tracklets.store.folder import Folder, open_folder
from fink_tracklets.tables import TABLES, VERSION


def manifest_path(night: str) -> str:
    """Where in the store the manifest of a night stands."""
    return f"manifests/{night}.json"


def nights(store: str | Path) -> list[str]:
    """The nights of a store, oldest first."""
    names = open_folder(store).names("manifests")
    return [name[:8] for name in names if re.fullmatch(r"\d{8}\.json", name)]


def read_manifest(store: str | Path, night: str) -> dict[str, Any]:
    """A night's manifest.

    Raises
    ------
    UserError
        The store does not have this night, or the manifest is of newer software.
    """
    try:
        return manifest_of(open_folder(store), night)
    except FileNotFoundError:
        known = nights(store)
        there = f"it has {', '.join(known[-5:])}" if known else "it has no night"
        raise UserError(f"The store {store} has no night {night}; {there}.") from None


def manifest_of(folder: Folder, night: str) -> dict[str, Any]:
    """As `read_manifest`, from an open folder; FileNotFoundError if it does not have the night."""
    manifest: dict[str, Any] = json.loads(folder.read(manifest_path(night)))
    if manifest["tables_version"] > VERSION:
        raise UserError(
            f"The night {night} in {folder.address} was written by fink_tracklets "
            f"{manifest['version']}; this version is too old to read it."
        )
    return manifest


def read_table(store: str | Path, name: str, night: str) -> pa.Table:
    """One table of a night, as its manifest has it.

    A rerun that replaces the night meanwhile is noticed: the new state is read, never a mixture.

    Parameters
    ----------
    store : folder of the store
    name : a table of `fink_tracklets.tables`
    night : YYYYMMDD

    Returns
    -------
    pyarrow.Table
        With all columns of the table's definition, also where an older version wrote the night,
        and any further ones that were stored (carried survey columns). A table that the night
        does not have (no satellites were looked for, say) is empty; its manifest's `files` tells.
    """
    folder = open_folder(store)
    manifest = read_manifest(store, night)
    while True:
        if name not in manifest["files"]:
            return TABLES[name].arrow_schema.empty_table()
        try:
            return read_files(folder, name, manifest["files"][name])
        except FileNotFoundError as error:
            newer = read_manifest(store, night)
            if newer["run"] == manifest["run"]:
                raise UserError(
                    f"The store is damaged: {error.filename or error} is gone, which the manifest "
                    f"of {night} names. Run the night again."
                ) from error
            manifest = newer


def read_files(folder: Folder, name: str, files: Sequence[str]) -> pa.Table:
    """The table of that name from its files; FileNotFoundError where one of them is gone."""
    parts = [pq.ParquetFile(folder.open(file)).read() for file in files]
    return _as_defined(pa.concat_tables(parts, promote_options="permissive"), name)


def _as_defined(table: pa.Table, name: str) -> pa.Table:
    schema = TABLES[name].arrow_schema
    for field in schema:
        if field.name not in table.column_names:
            table = table.append_column(field, pa.nulls(len(table), field.type))
    carried = [column for column in table.column_names if column not in schema.names]
    ordered = table.select([*schema.names, *carried])
    return ordered.cast(pa.schema([*schema, *(table.schema.field(c) for c in carried)]))
