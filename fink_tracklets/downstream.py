"""For those who want the glints, or want them out: tracklet names beside alerts."""

from __future__ import annotations

import re
from typing import TypeVar

import pandas as pd
import pyarrow as pa
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from fink_tracklets.errors import UserError
from fink_tracklets.store.manifest import stored_nights
from fink_tracklets.store.night import StoredNight, read_state
from fink_tracklets.store.online import read_online
from fink_tracklets.store.open import open_folder

Alerts = TypeVar("Alerts", pd.DataFrame, DataFrame)
EXACT = 2**53
"""Up to here every whole number is a float."""


def with_tracklets(
    alerts: Alerts, store: str, night: str, short: bool = False, online: bool = False
) -> Alerts:
    """Alerts with a last column `tracklet`: the name of each alert's tracklet, or null.

    Every row stays and none is multiplied. A column `tracklet` that is there is replaced.

    Parameters
    ----------
    alerts : Spark or pandas DataFrame of alerts, with the survey's alert id (ZTF: candid)
    store : folder of the Parquet store
    night : YYYYMMDD; alerts of other nights get null
    short : one more column, `short_track`: the name of the short track that an alert is on
    online : of a night that is not stored yet, the provisional names that `stream` told so far

    Raises
    ------
    UserError
        The store does not have the night, or not its short tracks; the alerts have no alert id, or
        theirs lost digits.
    """
    if online and night not in stored_nights(open_folder(store)):
        alert_id, names = _running_names(store, night, short)
    else:
        alert_id, names = read_state(store, night, lambda stored: _names(stored, short))
    added: list[str] = names.columns[1:].tolist()
    missing = UserError(
        f"The alerts have no column {alert_id}, by which their tracklets are known."
    )
    if isinstance(alerts, pd.DataFrame):
        if alert_id not in alerts.columns:
            raise missing
        ids = whole_ids(alerts[alert_id], alert_id)
        found: dict[str, pd.Series] = {}
        for column in added:
            known = dict(zip(names["alert_id"], names[column], strict=True))
            of_alert = [known.get(number) for number in ids]
            found[column] = pd.Series(of_alert, index=alerts.index, dtype=object)
        return alerts.drop(columns=added, errors="ignore").assign(**found)

    ddl = ", ".join(["_alert_id bigint", *(f"{column} string" for column in added)])
    table = alerts.sparkSession.createDataFrame(names, ddl)
    key = F.expr(alert_id).try_cast("bigint")
    try:
        if isinstance(alerts.select(F.expr(alert_id)).schema[0].dataType, T.FractionalType):
            raise lost_digits(alert_id)
        keyed = alerts.drop(*added).withColumn("_alert_id", key)
    except AnalysisException as error:
        raise missing from error
    return keyed.join(F.broadcast(table), "_alert_id", "left").drop("_alert_id")


def whole_ids(column: pd.Series, name: str) -> list[int | None]:
    """A column of alert ids as whole numbers; None where it has none.

    Raises
    ------
    UserError
        A value is no whole number, or is a float above 2^53, where floats skip numbers.
    """
    return [None if pd.isna(value) else _whole_id(value, name) for value in column.tolist()]


def _whole_id(value: object, name: str) -> int | None:
    if isinstance(value, float) and abs(value) > EXACT:
        raise lost_digits(name)
    text = f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value).strip()
    if not text:
        return None
    if not re.fullmatch(r"-?\d{1,40}", text, re.ASCII):
        raise UserError(f"The column {name} has {text[:40]!r}, which is not an alert's id.")
    return int(text)


def lost_digits(name: str) -> UserError:
    """What is to be said of ids that became floats."""
    return UserError(
        f"The column {name} is of floating-point numbers, in which ids have lost digits (a gap in "
        "a CSV file or a join makes them so): read it as integers (Int64) or as text."
    )


def _names(stored: StoredNight, short: bool) -> tuple[str, pd.DataFrame]:
    """The survey's column of alert ids, and the tracklet of each alert in one, as text or None;
    with its short track, too."""
    names = stored.table("tracklet_alerts", ["alert_id", "tracklet"]).to_pandas()
    names = names.drop_duplicates("alert_id")
    if short:
        if not stored.has("short_tracks"):
            raise UserError(
                f"The night {stored.night} has no short tracks: an older version ran it. "
                "Run it again, or leave short out."
            )
        lines = stored.table("short_tracks", ["alert_id", "short_track"]).to_pandas()
        names = names.merge(lines, "outer", "alert_id").astype(object)
        names = names.where(names.notna(), None)
    return stored.survey.columns.alert_id, names


def _running_names(store: str, night: str, short: bool) -> tuple[str, pd.DataFrame]:
    """As `_names`, of a night that runs."""
    if short:
        raise UserError(
            f"The night {night} runs still, and has no short tracks yet: leave short out."
        )
    rows = read_online(open_folder(store), night)
    return rows.schema.metadata[b"alert_id"].decode(), rows.select(
        ["alert_id", "tracklet"]
    ).to_pandas()


def without_tracklets(alerts: Alerts, store: str, night: str, online: bool = False) -> Alerts:
    """The alerts that belong to no tracklet, with the columns they came with.

    Parameters and errors as in `with_tracklets`.
    """
    named = with_tracklets(alerts, store, night, online=online)
    if isinstance(named, pd.DataFrame):
        return named.loc[named["tracklet"].isna(), list(alerts.columns)]
    return named.where(F.col("tracklet").isNull()).select(*(f"`{name}`" for name in alerts.columns))


def read_table(store: str, name: str, night: str) -> pa.Table:
    """One table of a stored night, as its newest run left it.

    Parameters
    ----------
    store : folder of the Parquet store
    name : a table of `fink_tracklets.tables`
    night : YYYYMMDD

    Returns
    -------
    pyarrow.Table
        See `fink_tracklets.store.night.StoredNight.table`.
    """
    return read_state(store, night, lambda stored: stored.table(name))
