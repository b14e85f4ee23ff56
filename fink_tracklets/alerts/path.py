"""Where the night's alerts are, and whether they are those of before."""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession

from fink_tracklets.errors import UserError
from fink_tracklets.naming import dated_paths


class NoAlerts(UserError):
    """There is no folder or file of alerts of that night."""


def night_path(spark: SparkSession, path: str, night: str) -> str:
    """The path of one night's alerts: the first of `dated_paths` that exists."""
    candidates = dated_paths(path, night)
    for candidate in candidates:
        if _found(spark, candidate)[1]:
            return candidate
    raise NoAlerts(f"No alerts at {' nor '.join(candidates)}: the path does not exist.")


def state_of(spark: SparkSession, path: str) -> str:
    """Number and size of the files at a path, and when it changed: other words, other alerts.

    A file that is changed in place and keeps its length goes unnoticed in a folder.
    """
    system, found = _found(spark, path)
    words = []
    for status in found:
        inside = system.getContentSummary(status.getPath())
        words.append(
            f"{inside.getFileCount()} files, {inside.getLength()} bytes, "
            f"changed {status.getModificationTime()}"
        )
    return "; ".join(words)


def _found(spark: SparkSession, path: str) -> tuple[Any, list[Any]]:
    """The file system of a path, and what is there."""
    jvm: Any = spark.sparkContext._jvm
    hadoop_path = jvm.org.apache.hadoop.fs.Path(path)
    system = hadoop_path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())
    return system, list(system.globStatus(hadoop_path) or ())
