"""What a night's manifest says of the night's cells in each HBase cluster.

Every key under which HBase may hold a cell of the night is in the record before the cell is
written, and only when a removal is complete does a key leave it. So whatever is killed when, the
next publication knows what to remove.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from fink_tracklets.errors import ServiceError
from fink_tracklets.store.commit import write_manifest
from fink_tracklets.store.folder import WritableFolder
from fink_tracklets.store.parquet import manifest_of


@dataclass(frozen=True)
class Held:
    """The cells that one table may hold: those of `keys` times `columns`, and no other."""

    columns: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()

    def also(self, other: Held) -> Held:
        """These cells and others."""
        return Held(_union(self.columns, other.columns), _union(self.keys, other.keys))


@dataclass(frozen=True)
class Record:
    """One cluster's part of the manifest."""

    address: str = ""
    """The Thrift server it was last reached through."""
    published: str = ""
    """The run whose state the cluster has, whole; empty while it changes."""
    timestamp: int = 0
    """Of the last publication's puts and deletes, milliseconds since 1970. It only grows."""
    tables: Mapping[str, Held] = field(default_factory=dict)
    alerts_without_row: tuple[str, ...] = ()
    """Row keys that the broker's table of alerts did not have."""

    def holding(self, tables: Mapping[str, Held]) -> Record:
        """The record while these cells may come beside those that may be there."""
        both = {name: self.tables.get(name, Held()).also(held) for name, held in tables.items()}
        return replace(self, published="", tables={**self.tables, **both})


def read_record(manifest: Mapping[str, Any], cluster: str) -> Record:
    """The record of a cluster; an empty one if there is none."""
    given = manifest.get("hbase", {}).get(cluster)
    if given is None:
        return Record()
    tables = {
        name: Held(tuple(held["columns"]), tuple(held["keys"]))
        for name, held in given["tables"].items()
    }
    without = tuple(given["alerts_without_row"])
    return Record(**{**given, "tables": tables, "alerts_without_row": without})


def write_record(
    folder: WritableFolder, night: str, run: str, cluster: str, record: Record
) -> dict[str, Any]:
    """Put a cluster's record into the manifest of this run.

    Raises
    ------
    ServiceError : the night was replaced meanwhile
    """
    manifest = manifest_of(folder, night)
    if manifest["run"] != run:
        raise ServiceError(
            f"The night {night} in {folder.address} was replaced meanwhile: publish it again."
        )
    manifest["hbase"] = {**manifest.get("hbase", {}), cluster: asdict(record)}
    write_manifest(folder, manifest)
    return manifest


def _union(one: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({*one, *other}))
