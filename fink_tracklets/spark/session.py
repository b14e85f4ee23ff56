"""The Spark session: ours in local mode, or the one that spark-submit prepared."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pyspark.logger import PySparkLogger
from pyspark.sql import SparkSession

from fink_tracklets.errors import ServiceError, UserError
from fink_tracklets.spark.java import use_java
from fink_tracklets.survey.config import conf_file, read_toml

FIRST_PARTITIONS = 32
"""Of a shuffle, at least: 10 million candidates are then small enough in each."""


def under_spark_submit() -> bool:
    """Whether spark-submit started this process and holds its configuration."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


def spark_session(
    log: Path | None = None, jars: str = "", more: Mapping[str, str] | None = None
) -> SparkSession:
    """The running session, the one spark-submit configured, or a new local one.

    Settings of ``conf/spark.toml`` apply where spark-submit gave none.

    Parameters
    ----------
    log : where a local Spark's own messages go; without it they are dropped. Under spark-submit
        they go where the operator's log4j configuration sends them, without it only warnings.
    jars : what a new local Spark loads besides its own, with commas between them
    more : settings of a new local Spark, which win over those of ``conf/spark.toml``
    """
    settings = read_toml(conf_file("spark.toml"))
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger", "py4j.clientserver"):
        # They print errors that are caught, with their tracebacks; what is not caught is raised.
        PySparkLogger.getLogger(name).setLevel(logging.CRITICAL + 1)
    if running := SparkSession.getActiveSession():
        return running
    if under_spark_submit():
        builder = SparkSession.builder
        spark = (builder if log else builder.config("spark.log.level", "WARN")).getOrCreate()
    else:
        use_java()
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        builder = SparkSession.builder.master("local[*]").appName("fink_tracklets")
        for key, value in {**settings["local"], **(more or {})}.items():
            builder = builder.config(key, value)
        if jars:
            builder = builder.config("spark.jars", jars)
        with _java_messages(log):
            spark = builder.getOrCreate()
    _configure(spark, settings["sql"])
    return spark


def session_beside(spark: SparkSession) -> SparkSession:
    """A further session of a running Spark: what one of them sets, the other does not see."""
    further = spark.newSession()
    _configure(further, read_toml(conf_file("spark.toml"))["sql"])
    return further


def _configure(spark: SparkSession, settings: Mapping[str, str]) -> None:
    given = spark.sparkContext.getConf()
    for key, value in settings.items():
        if not given.contains(key):
            spark.conf.set(key, value)
    if not given.contains("spark.sql.shuffle.partitions"):
        partitions = max(4, 2 * spark.sparkContext.defaultParallelism)
        spark.conf.set("spark.sql.shuffle.partitions", partitions)
        initial = max(FIRST_PARTITIONS, partitions)  # Spark joins them to as few as are needed
        spark.conf.set("spark.sql.adaptive.coalescePartitions.initialPartitionNum", initial)
    spark.conf.set("spark.sql.session.timeZone", "UTC")


@contextmanager
def spark_settings(spark: SparkSession, settings: Mapping[str, str | int]) -> Iterator[None]:
    """Settings of the session for one stage; those before come back at its end."""
    before = {name: spark.conf.get(name, None) for name in settings}
    for name, value in settings.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name, old in before.items():
            if old is None:
                spark.conf.unset(name)
            else:
                spark.conf.set(name, old)


@contextmanager
def _java_messages(log: Path | None) -> Iterator[None]:
    """Send what the Java process will print to a file: it inherits stderr as it stands here."""
    try:
        target = open(log, "ab") if log else tempfile.TemporaryFile()  # noqa: SIM115
    except OSError as error:
        raise UserError(f"Cannot write Spark's log {log}: {error.strerror}.") from error
    with target:
        sys.stderr.flush()
        stderr = os.dup(2)
        os.dup2(target.fileno(), 2)
        try:
            yield
        except Exception as error:
            target.seek(0)
            tail = target.read()[-2000:].decode(errors="replace").strip()
            raise ServiceError(f"Spark did not start: {error}\n{tail}") from error
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
