"""What a night's manifest says of the night's cells in each HBase cluster.

Every key under which HBase may hold a cell of the night is in the record before the cell is
written, and only when a removal is complete does a key leave it. So whatever is killed when, the
next publication knows what to remove.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace

from fink_tracklets.errors import ServiceError
from fink_tracklets.store.manifest import Manifest, write_manifest
from fink_tracklets.store.night import Replaced, StoredNight
from fink_tracklets.store.open import writable
from fink_tracklets.survey.config import build


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


def read_record(manifest: Manifest, cluster: str) -> Record:
    """The record of a cluster; an empty one if there is none."""
    given = manifest.hbase.get(cluster, {})
    return build(Record, given, f"the manifest of {manifest.night}", f"hbase.{cluster}")


def write_record(stored: StoredNight, cluster: str, record: Record) -> StoredNight:
    """Put a cluster's record into the manifest of a stored night.

    Raises
    ------
    ServiceError : the night was replaced meanwhile
    """
    folder = writable(stored.folder)
    try:
        now = stored.newest().manifest
    except Replaced as error:
        raise ServiceError(
            f"The night {stored.night} in {folder.address} was replaced meanwhile: publish it "
            "again."
        ) from error
    manifest = replace(now, hbase={**now.hbase, cluster: asdict(record)})
    write_manifest(folder, manifest)
    return StoredNight(folder, manifest)


def _union(one: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({*one, *other}))
