"""The physics of a stored night's flashes: stamps read in Spark, the rest in pandas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from fink_tracklets.alerts.read import night_path
from fink_tracklets.errors import UserError
from fink_tracklets.glints.light_curves import flash_tables
from fink_tracklets.glints.measure import PEAK_DDL, glint_table, measure_stamps, venn
from fink_tracklets.store.amend import amend_night
from fink_tracklets.store.parquet import read_manifest, read_table
from fink_tracklets.survey import Survey
from fink_tracklets.tables import GLINT_TABLES, TABLES, Table

KINDS = ("science", "template", "difference")
ROWS = 256
"""Alerts that go to Python at once: each has some 40 kB of stamps."""


def glints_of_night(
    spark: SparkSession, night: str, alerts: str, store: str, survey: Survey
) -> dict[str, Any]:
    """Measure a stored night's flashes and put the tables `GLINT_TABLES` into the store.

    Parameters
    ----------
    night : YYYYMMDD, a night that the store has
    alerts : path of the night's Parquet alerts, may hold {Y}, {m} and {d}
    store : folder of the Parquet store
    survey : that of the night

    Returns
    -------
    What the manifest says of it under `glints`.

    Raises
    ------
    UserError
        The store has no such night, the survey has no stamps, or the alerts are not there.
    """
    if survey.glints is None:
        raise UserError(
            f"The survey '{survey.name}' has no section [glints], which says where its stamps are."
        )
    files = read_manifest(store, night)["files"]
    stored = {
        name: read_table(store, name, night).to_pandas()
        if name in files and name in TABLES
        else pd.DataFrame()
        for name in ("candidates", "tracklets", "tracklet_alerts", "satellites", "blind_matches")
    }
    candidates = stored["candidates"]
    found = read_stamps(spark, night_path(spark, alerts, night), candidates, survey)
    table = glint_table(
        candidates,
        stored["tracklets"],
        found,
        stored["satellites"],
        stored["blind_matches"],
        survey,
    )
    flashes, curves = flash_tables(
        table, stored["tracklets"], stored["tracklet_alerts"], stored["satellites"], survey
    )
    kept = found.merge(candidates[["alert_id", "tracklet"]], on="alert_id")
    kept = kept[kept["tracklet"].notna() & (kept["stamp"] != "missing")]
    frames = {
        "glints": table,
        "flashes": flashes,
        "light_curves": curves,
        "stamps": kept.sort_values(["tracklet", "alert_id"]),
    }
    summary = {
        "stamps": table["stamp"].value_counts().sort_index().to_dict(),
        "central_peak": int(table["central_peak"].sum()),
        "multi_peak": int(table["multi_peak"].sum()),
        "tracklet_match": int(table["tracklet_match"].sum()),
        "blind_match": int(table["blind_match"].sum()),
        "is_glint": int(table["is_glint"].sum()),
        "venn": venn(table),
    }
    tables = {t.name: to_arrow(frames[t.name], t) for t in GLINT_TABLES}
    amend_night(store, night, tables, {"glints": summary}, spark)
    return summary


def to_arrow(frame: pd.DataFrame, table: Table) -> pa.Table:
    """A frame as the table it shall be; NaN is null, a column that it lacks too."""
    columns = {}
    for column in table.columns:
        values = frame[column.name] if column.name in frame else [None] * len(frame)
        kind = table.arrow_schema.field(column.name).type
        columns[column.name] = pa.array([_plain(value) for value in values], kind, from_pandas=True)
    return pa.table(columns, schema=table.arrow_schema)


def _plain(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return None if np.isnan(value) else float(value)
    return None if value is pd.NA or value is pd.NaT else value


def has_stamps(spark: SparkSession, path: str, survey: Survey) -> bool:
    """Whether alerts have the columns of the survey's stamps."""
    if survey.glints is None:
        return False
    packets = spark.read.parquet(path)
    return all(_there(packets, getattr(survey.glints, kind)) for kind in KINDS)


def _there(packets: DataFrame, sql: str) -> bool:
    try:
        return packets.select(F.expr(sql)).schema[0].dataType.simpleString() == "binary"
    except AnalysisException:
        return False


def read_stamps(
    spark: SparkSession, path: str, candidates: pd.DataFrame, survey: Survey
) -> pd.DataFrame:
    """The peaks of all candidates (`PEAK_DDL`), and the stamps of those in a tracklet.

    Parameters
    ----------
    candidates : alert_id, tracklet

    Returns
    -------
    One row per candidate whose packet is there, by alert id; where packets with one alert id
    differ, the one with usable stamps and most peaks counts.
    """
    settings = survey.glints
    assert settings is not None
    packets = spark.read.parquet(path)
    stamps = [
        F.expr(sql).alias(kind) if _there(packets, sql) else F.lit(None).cast("binary").alias(kind)
        for kind in KINDS
        for sql in [getattr(settings, kind)]
    ]
    ids, keep = candidates["alert_id"].tolist(), candidates["tracklet"].notna().tolist()
    wanted = spark.createDataFrame(
        list(zip(ids, keep, strict=True)), "alert_id bigint, keep boolean"
    )
    alerts = packets.select(
        F.expr(survey.columns.alert_id).try_cast("bigint").alias("alert_id"),
        F.expr(survey.columns.limiting_mag).try_cast("double").alias("limiting_mag"),
        *stamps,
    ).join(F.broadcast(wanted), "alert_id")

    def measure(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for frame in frames:
            peaks = measure_stamps(frame, settings)
            for kind in KINDS:
                peaks[kind] = pd.Series(
                    [
                        stamp if keep else None
                        for stamp, keep in zip(frame[kind], frame["keep"], strict=True)
                    ],
                    dtype=object,
                )
            yield peaks

    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", ROWS)
    kept = ", ".join(f"{kind} binary" for kind in KINDS)
    found = alerts.mapInPandas(measure, f"{PEAK_DDL}, {kept}").toArrow().to_pandas()
    found["limiting_mag"] = found["limiting_mag"].where(found["limiting_mag"].between(0, 40))
    bad, few = found["stamp"] != "ok", -found["peak_x"].map(len)
    order = found.assign(bad=bad, few=few).sort_values(
        ["alert_id", "bad", "few", "difference_noise", "science_noise"]
    )
    return order.drop(columns=["bad", "few"]).drop_duplicates("alert_id", ignore_index=True)
