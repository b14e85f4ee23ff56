"""Where alerts come from while the night runs: a Kafka topic, or a folder that grows."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from fink_tracklets.alerts.path import NoAlerts, night_path
from fink_tracklets.stream.settings import StreamSettings


@dataclass(frozen=True)
class Topic:
    """A topic of packets, each with its schema or framed as Confluent does."""

    name: str
    bootstrap: str
    """HOST:PORT of a broker."""
    schemas: str = ""
    """Folder of the schemas that framed messages name."""
    starting: str = "earliest"
    """Where a new night begins to read: earliest or latest."""

    def __str__(self) -> str:
        return f"topic {self.name}"

    def open(self, spark: SparkSession, night: str, settings: StreamSettings) -> DataFrame:
        """value, partition and offset of its messages, as a stream."""
        reader = (
            spark.readStream.format("kafka")
            .option("kafka.bootstrap.servers", self.bootstrap)
            .option("subscribe", self.name)
            .option("startingOffsets", self.starting)
            .option("maxOffsetsPerTrigger", settings.max_messages)
        )
        for name, value in settings.reader.items():
            reader = reader.option(f"kafka.{name}", value)
        return reader.load().select("value", "partition", "offset")


@dataclass(frozen=True)
class Lake:
    """A folder of Parquet files that grows."""

    path: str
    """May hold {Y}, {m} and {d}."""

    def __str__(self) -> str:
        return f"lake {self.path}"

    def is_there(self, spark: SparkSession, night: str) -> bool:
        """Whether it has the night's folder with a file in it."""
        try:
            path = night_path(spark, self.path, night)
        except NoAlerts:
            return False
        return bool(_files(spark, path).head(1))

    def open(self, spark: SparkSession, night: str, settings: StreamSettings) -> DataFrame:
        """Its packets, as a stream, in the columns of the files that are there."""
        path = night_path(spark, self.path, night)
        schema = spark.read.option("mergeSchema", True).parquet(path).schema
        return (
            spark.readStream.schema(schema)
            .option("maxFilesPerTrigger", settings.max_files)
            .option("pathGlobFilter", "*.parquet")
            .parquet(path)
        )


def _files(spark: SparkSession, path: str) -> DataFrame:
    whole = spark.read.format("binaryFile").option("pathGlobFilter", "*.parquet").load(path)
    return whole.select(F.col("path"))
