"""The store and HBase, where they are asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from fink_tracklets.errors import UserError
from fink_tracklets.hbase.client import HBase
from fink_tracklets.hbase.settings import load_hbase
from fink_tracklets.health.finding import Finding
from fink_tracklets.store.folder import Folder, LocalFolder
from fink_tracklets.store.manifest import read_manifest, stored_nights
from fink_tracklets.store.open import local_path
from fink_tracklets.store.webhdfs import WebHdfsFolder
from fink_tracklets.tables import TABLES, VERSION

NEWEST = 30
"""Nights in which unfinished writes are looked for."""
SHOWN = 3


def store_findings(store: str) -> Iterator[Finding]:
    """Whether a store can be read, what wrote it, and what was left unfinished.

    A store on HDFS is read through WebHDFS, as `serve` reads it.
    """
    try:
        path = local_path(store)
        if path is not None and not path.is_dir():
            yield Finding("bad", "store", f"{store} is no folder: give that of a store, or make it")
            return
        folder: Folder = LocalFolder(path) if path is not None else WebHdfsFolder(store)
        nights = stored_nights(folder)
    except (UserError, OSError) as error:
        yield Finding("bad", "store", f"{store}: {error}")
        return
    versions: Counter[int] = Counter()
    broken = []
    for night in nights:
        try:
            versions[read_manifest(folder, night).tables_version] += 1
        except (UserError, OSError) as error:
            broken.append(str(error))
    for sentence in broken[:SHOWN]:
        yield Finding("bad", "store", sentence)
    if len(broken) > SHOWN:
        yield Finding("bad", "store", f"{len(broken) - SHOWN:,} more manifests cannot be read")
    told = ", ".join(f"{n:,} of tables' version {v}" for v, n in sorted(versions.items()))
    text = f"{store}: {len(nights):,} nights" + (f" ({told}; ours is {VERSION})" if told else "")
    yield Finding("ok", "store", text)
    unfinished = _unfinished(folder, nights[-NEWEST:])
    if unfinished:
        yield Finding(
            "note",
            "store",
            f"unfinished writes of {', '.join(unfinished)}: a run is at work, or was killed; then "
            "the next run of that night removes them",
        )


def _unfinished(folder: Folder, nights: list[str]) -> list[str]:
    """The newest nights that have a folder of a write that did not end."""
    found = set()
    for name in TABLES:
        there = {one.removeprefix("night=") for one in folder.names(name)}
        begun = sorted(there - set(nights))[-NEWEST:]
        for night in (*nights, *begun):
            if any(one.startswith("_new-") for one in folder.names(f"{name}/night={night}")):
                found.add(night)
    return sorted(found)


def hbase_findings(address: str) -> Iterator[Finding]:
    """Whether HBase answers, and has the tables."""
    try:
        settings = load_hbase(address)
        settings = replace(settings, retries=replace(settings.retries, attempts=1))
        with HBase(settings) as hbase:
            tables, cluster = hbase.tables(), hbase.cluster()
    except UserError as error:
        yield Finding("bad", "HBase", str(error))
        return
    yield Finding("ok", "HBase", f"{settings.connection.address}, cluster {cluster}")
    for table in (settings.tracklets.table, settings.alerts.table):
        if table in tables:
            continue
        if settings.create_tables:
            yield Finding("note", "HBase", f"the table {table} is missing: `publish` will make it")
        else:
            text = f"the table {table} is missing: make it, or name another in hbase.toml"
            yield Finding("bad", "HBase", text)
