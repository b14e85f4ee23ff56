"""Which file system a store lies on: its folder, to read or to write."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from fink_tracklets.errors import UserError
from fink_tracklets.store.folder import Folder, LocalFolder, WritableFolder


def local_path(store: str | Path) -> Path | None:
    """The path of a store on a local file system, else None."""
    parts = urlparse(str(store))
    if parts.scheme in ("", "file"):
        return Path(unquote(parts.path) if parts.scheme else str(store))
    return None


def open_folder(store: str | Path, spark: Any = None) -> Folder:
    """The folder of a store.

    A store elsewhere than on this machine is opened through Spark (the given session, else the one
    that runs in this process) and can be written; without Spark it is read through WebHDFS.
    """
    path = local_path(store)
    if path is not None:
        return LocalFolder(path)
    if spark := spark or _running_spark():
        from fink_tracklets.store.hadoop import HadoopFolder

        return HadoopFolder(str(store), spark)
    from fink_tracklets.store.webhdfs import WebHdfsFolder

    return WebHdfsFolder(str(store))


def open_writable(store: str | Path, spark: Any = None) -> WritableFolder:
    """The folder of a store, to write."""
    if local_path(store) is None and not (spark or _running_spark()):
        raise UserError(f"The store {store} is not on a local file system: it needs Spark.")
    return writable(open_folder(store, spark))


def writable(folder: Folder) -> WritableFolder:
    """The same folder; one that can only be read is an error."""
    if not isinstance(folder, WritableFolder):
        raise UserError(
            f"The store {folder.address} is not on a local file system: it needs Spark."
        )
    return folder


def _running_spark() -> Any:
    if "pyspark.sql" not in sys.modules:
        return None
    from pyspark.sql import SparkSession

    return SparkSession.getActiveSession()
