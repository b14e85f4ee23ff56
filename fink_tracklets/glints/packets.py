"""Which packets have stamps, and the stamps as Spark reads them."""

from __future__ import annotations

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from fink_tracklets.survey import Survey

KINDS = ("science", "template", "difference")


def has_stamps(packets: list[DataFrame], survey: Survey) -> bool:
    """Whether a night's packets (`read_packets`) have the columns of the survey's stamps."""
    if survey.glints is None:
        return False
    return any(
        all(_there(some, getattr(survey.glints, kind)) for kind in KINDS) for some in packets
    )


def _there(packets: DataFrame, sql: str) -> bool:
    try:
        return packets.select(F.expr(sql)).schema[0].dataType.simpleString() == "binary"
    except AnalysisException:
        return False


def with_stamps(packets: DataFrame, survey: Survey) -> DataFrame:
    """Alert id, limiting magnitude and stamps; a stamp that the packets lack is null."""
    stamps = {kind: getattr(survey.glints, kind) for kind in KINDS}
    return packets.select(
        F.expr(survey.columns.alert_id).try_cast("bigint").alias("alert_id"),
        F.expr(survey.columns.limiting_mag).try_cast("double").alias("limiting_mag"),
        *(
            F.expr(sql if _there(packets, sql) else "CAST(NULL AS binary)").alias(kind)
            for kind, sql in stamps.items()
        ),
    )
