"""Where the night's alerts are."""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession

from fink_tracklets.errors import UserError
from fink_tracklets.naming import parse_night


def dated_paths(path: str, night: str) -> tuple[str, ...]:
    """The paths that {Y}, {m} and {d} in a path may stand for: zero-padded, then without padding.

    Examples
    --------
    >>> dated_paths("lake/{Y}/{m}", "20210604")
    ('lake/2021/06', 'lake/2021/6')
    """
    date = parse_night(night)
    spellings = ((f"{date:%m}", f"{date:%d}"), (str(date.month), str(date.day)))
    paths = (
        path.replace("{Y}", f"{date:%Y}").replace("{m}", month).replace("{d}", day)
        for month, day in spellings
    )
    return tuple(dict.fromkeys(paths))


def night_path(spark: SparkSession, path: str, night: str) -> str:
    """The path of one night's alerts: the first of `dated_paths` that exists."""
    candidates = dated_paths(path, night)
    for candidate in candidates:
        if _exists(spark, candidate):
            return candidate
    raise UserError(f"No alerts at {' nor '.join(candidates)}: the path does not exist.")


def _exists(spark: SparkSession, path: str) -> bool:
    jvm: Any = spark.sparkContext._jvm
    hadoop_path = jvm.org.apache.hadoop.fs.Path(path)
    system = hadoop_path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())
    return bool(system.globStatus(hadoop_path))
