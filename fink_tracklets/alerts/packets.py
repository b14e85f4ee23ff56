"""The night's packets as Spark reads them: files of several schemas, columns that some lack."""

from __future__ import annotations

from collections import defaultdict

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from fink_tracklets.survey import StandIn, Survey

SQL_TYPES = {
    "boolean": "boolean",
    "int": "int",
    "long": "bigint",
    "float": "float",
    "double": "double",
    "string": "string",
}
"""Avro's names of types to those of Spark SQL."""


def read_packets(spark: SparkSession, path: str, survey: Survey) -> list[DataFrame]:
    """The packets of a night, one frame for files whose schemas go together.

    Parameters
    ----------
    path : a Parquet file or a folder of them, on any file system that Spark reads
    survey : its `added` are the columns that files may lack
    """
    may_lack = _may_lack(survey)
    computed = [name for name, stand_in in may_lack.items() if stand_in.sql != "NULL"]
    frames = [part for frame in _by_schema(spark, path) for part in _apart(spark, frame, computed)]
    return [with_added(frame, survey) for frame in frames]


def _may_lack(survey: Survey) -> dict[str, StandIn]:
    return {name: StandIn.of(text) for name, text in survey.added.items()}


def _by_schema(spark: SparkSession, path: str) -> list[DataFrame]:
    """One frame where Spark can merge the files' schemas, else one for each schema."""
    merging = spark.read.option("mergeSchema", True)
    try:
        return [merging.parquet(path)]
    except (PySparkException, Py4JError) as error:
        if "CANNOT_MERGE_SCHEMAS" not in str(error):
            raise
    files: dict[str, list[str]] = defaultdict(list)
    for file in sorted(spark.read.parquet(path).inputFiles()):
        files[spark.read.parquet(file).schema.json()].append(file)
    return [spark.read.parquet(*some) for some in files.values()]


def _apart(spark: SparkSession, packets: DataFrame, computed: list[str]) -> list[DataFrame]:
    """Files without a value of a column for which something is computed, apart from the others.

    Where Spark merged the schemas, a column that a file lacks looks like one of nulls.
    """
    there = [name for name in computed if _has(packets.schema, name)]
    if not there or len(packets.inputFiles()) < 2:
        return [packets]
    counts = [F.count(F.col(name)) > 0 for name in there]
    by_file = packets.groupBy(F.input_file_name().alias("file")).agg(F.array(*counts).alias("has"))
    files: dict[tuple[bool, ...], list[str]] = defaultdict(list)
    for row in by_file.collect():
        files[tuple(row["has"])].append(row["file"])
    if len(files) < 2:
        return [packets]
    merging = spark.read.option("mergeSchema", True)
    return [merging.parquet(*sorted(files[has])) for has in sorted(files)]


def _has(schema: T.StructType, path: str) -> bool:
    """Whether a column, or a field of one, is there."""
    struct, _, name = path.rpartition(".")
    if not struct:
        return not _lacks(schema, name)
    return not _lacks(schema, struct) and not _lacks(schema[struct].dataType, name)


def with_added(packets: DataFrame, survey: Survey) -> DataFrame:
    """The packets with its stand-in in place of each column that they lack and the survey adds."""
    schema = packets.schema
    whole: dict[str, Column] = {}
    fields: dict[str, dict[str, Column]] = defaultdict(dict)
    for path, stand_in in _may_lack(survey).items():
        struct, _, name = path.rpartition(".")
        value = F.expr(stand_in.sql).cast(SQL_TYPES[stand_in.type])
        if _has(schema, path):
            continue
        if struct:
            fields[struct][name] = value
        else:
            whole[name] = value
    for struct, values in fields.items():
        if _lacks(schema, struct):
            typed = F.struct(*(value.alias(name) for name, value in values.items()))
            whole[struct] = F.when(F.lit(False), typed)
        else:
            column = F.col(struct)
            for name, value in values.items():
                column = column.withField(name, value)
            whole[struct] = column
    return packets.withColumns(whole) if whole else packets


def _lacks(schema: T.DataType, name: str) -> bool:
    """Whether a field is not there, or is one of nulls without a type."""
    if not isinstance(schema, T.StructType) or name not in schema.names:
        return True
    return isinstance(schema[name].dataType, T.NullType)
