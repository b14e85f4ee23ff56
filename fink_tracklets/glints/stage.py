"""The stage that measures a stored night's flashes: stamps read in Spark, the rest in pandas."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from fink_tracklets.alerts.packets import read_packets
from fink_tracklets.alerts.path import night_path
from fink_tracklets.errors import ServiceError, UserError
from fink_tracklets.glints.light_curves import flash_tables
from fink_tracklets.glints.lines import straight_lines
from fink_tracklets.glints.measure import PEAK_DDL, glint_table, measure_stamps, venn
from fink_tracklets.glints.packets import KINDS, with_stamps
from fink_tracklets.naming import LINE_PREFIX
from fink_tracklets.progress import Progress
from fink_tracklets.satellites.short import COLUMNS
from fink_tracklets.spark.errors import clear_errors
from fink_tracklets.spark.session import spark_settings
from fink_tracklets.store.amend import amend_night
from fink_tracklets.store.night import StoredNight
from fink_tracklets.survey import Survey
from fink_tracklets.tables import GLINT_TABLES, SHORT_TRACKS

ROWS = 256
"""Alerts that go to Python at once: each has some 40 kB of stamps."""


def measure_night(
    spark: SparkSession, stored: StoredNight, alerts: str, survey: Survey
) -> StoredNight:
    """Measure a stored night's flashes and put the tables `GLINT_TABLES` into the store.

    Parameters
    ----------
    stored : the night
    alerts : path of the night's Parquet alerts, may hold {Y}, {m} and {d}
    survey : that of the night

    Returns
    -------
    The night with these tables, and its straight lines among the `short_tracks`; its manifest's
    `glints` sums up the former.

    Raises
    ------
    UserError
        The survey has no stamps, or the alerts are not there.
    """
    if survey.glints is None:
        raise UserError(
            f"The survey '{survey.name}' has no section [glints], which says where its stamps are."
        )
    candidates, tracklets = stored.frame("candidates"), stored.frame("tracklets")
    satellites = stored.frame("satellites")
    found = read_stamps(spark, night_path(spark, alerts, stored.night), candidates, survey)
    table = glint_table(
        candidates, tracklets, found, satellites, stored.frame("blind_matches"), survey
    )
    flashes, curves = flash_tables(
        table, tracklets, stored.frame("tracklet_alerts"), satellites, survey
    )
    kept = found.merge(candidates[["alert_id", "tracklet"]], on="alert_id")
    kept = kept[kept["tracklet"].notna() & (kept["stamp"] != "missing")]
    frames = {
        "glints": table,
        "flashes": flashes,
        "light_curves": curves,
        "stamps": kept.sort_values(["tracklet", "alert_id"]),
    }
    tables = {table.name: table.from_frame(frames[table.name]) for table in GLINT_TABLES}
    if stored.has(SHORT_TRACKS.name):
        short = with_lines(stored.frame(SHORT_TRACKS.name), candidates, found, survey)
        tables[SHORT_TRACKS.name] = SHORT_TRACKS.from_frame(short)
    return amend_night(stored, tables, glints=summary(table))


def with_lines(
    short: pd.DataFrame, candidates: pd.DataFrame, peaks: pd.DataFrame, survey: Survey
) -> pd.DataFrame:
    """A night's `short_tracks` with the straight lines that stamps make certain.

    Those that it has are of other stamps and leave; one of the same alerts keeps its object.
    """
    of_stamps = short["evidence"].eq("stamps")
    short, before = short[~of_stamps], short[of_stamps]
    names = short.loc[short["short_track"].str.startswith(LINE_PREFIX), "short_track"].unique()
    in_tracklets = candidates.loc[candidates["tracklet"].notna(), "alert_id"]
    taken = pd.concat([in_tracklets, short["alert_id"]])
    lines = straight_lines(candidates, peaks, taken, survey, names)
    lines = lines[lines["evidence"] == "stamps"]
    if not len(lines):
        return short
    alerts = (rows.groupby("short_track")["alert_id"].agg(frozenset) for rows in (lines, before))
    same = pd.concat(alerts, axis=1, join="inner", keys=["now", "before"])
    kept = before[before["short_track"].isin(same.index[same["now"] == same["before"]])]
    objects = kept[list(COLUMNS)].drop_duplicates("short_track")
    return pd.concat([short, lines.merge(objects, "left", "short_track")])


def measure_or_say(
    spark: SparkSession, stored: StoredNight, alerts: str, store: str, progress: Progress
) -> StoredNight:
    """The stage of `run`.

    What fails is said, not raised: the night's tracklets are stored, and wanted downstream.
    `measure_night` raises it.

    Parameters
    ----------
    store : as the operator gave it, for the advice
    """
    night = stored.night
    try:
        with clear_errors(alerts), progress.step("measuring stamps and flashes", spark):
            return measure_night(spark, stored, alerts, stored.survey)
    except ServiceError:
        raise
    except UserError as error:
        progress.say(f"The night is stored, its flashes are not measured: {error}")
    except Exception as error:
        progress.say(
            f"The night is stored, its flashes are not measured ({type(error).__name__}): "
            f"`fink-tracklets glints --night {night} --alerts {alerts} --store {store}` says why."
        )
    return stored


def summary(glints: pd.DataFrame) -> dict[str, Any]:
    """What the manifest says of the table `glints`."""
    flags = ("central_peak", "multi_peak", "tracklet_match", "blind_match", "is_glint")
    return {
        "stamps": glints["stamp"].value_counts().sort_index().to_dict(),
        **{flag: int(glints[flag].sum()) for flag in flags},
        "venn": venn(glints),
    }


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
    ids, keep = candidates["alert_id"].tolist(), candidates["tracklet"].notna().tolist()
    wanted = spark.createDataFrame(
        list(zip(ids, keep, strict=True)), "alert_id bigint, keep boolean"
    )
    parts = [with_stamps(packets, survey) for packets in read_packets(spark, path, survey)]
    alerts = reduce(DataFrame.unionByName, parts).join(F.broadcast(wanted), "alert_id")

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

    kept = ", ".join(f"{kind} binary" for kind in KINDS)
    with spark_settings(spark, {"spark.sql.execution.arrow.maxRecordsPerBatch": ROWS}):
        found = alerts.mapInPandas(measure, f"{PEAK_DDL}, {kept}").toArrow().to_pandas()
    found["limiting_mag"] = found["limiting_mag"].where(found["limiting_mag"].between(0, 40))
    bad, few = found["stamp"] != "ok", -found["peak_x"].map(len)
    order = found.assign(bad=bad, few=few).sort_values(
        ["alert_id", "bad", "few", "difference_noise", "science_noise"]
    )
    return order.drop(columns=["bad", "few"]).drop_duplicates("alert_id", ignore_index=True)
