"""For those who want the glints, or want them out: tracklet names beside alerts."""

from __future__ import annotations

from typing import TypeVar

import pandas as pd
import pyarrow as pa
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from fink_tracklets.errors import UserError
from fink_tracklets.store.night import StoredNight, read_state

Alerts = TypeVar("Alerts", pd.DataFrame, DataFrame)


def with_tracklets(alerts: Alerts, store: str, night: str) -> Alerts:
    """Alerts with a last column `tracklet`: the name of each alert's tracklet, or null.

    Every row stays and none is multiplied. A column `tracklet` that is there is replaced.

    Parameters
    ----------
    alerts : Spark or pandas DataFrame of alerts, with the survey's alert id (ZTF: candid)
    store : folder of the Parquet store
    night : YYYYMMDD; alerts of other nights get null

    Raises
    ------
    UserError
        The store does not have the night, or the alerts have no alert id.
    """
    alert_id, names = read_state(store, night, _names)
    missing = UserError(
        f"The alerts have no column {alert_id}, by which their tracklets are known."
    )
    if isinstance(alerts, pd.DataFrame):
        if alert_id not in alerts.columns:
            raise missing
        rest = alerts.drop(columns="tracklet", errors="ignore")
        ids = pd.to_numeric(alerts[alert_id]).astype("Int64")
        return rest.assign(tracklet=ids.map(names.set_index("alert_id")["tracklet"]).astype(object))

    table = alerts.sparkSession.createDataFrame(names, "_alert_id bigint, tracklet string")
    key = F.expr(alert_id).try_cast("bigint")
    try:
        keyed = alerts.drop("tracklet").withColumn("_alert_id", key)
    except AnalysisException as error:
        raise missing from error
    return keyed.join(F.broadcast(table), "_alert_id", "left").drop("_alert_id")


def _names(stored: StoredNight) -> tuple[str, pd.DataFrame]:
    """The survey's column of alert ids, and the tracklet of each alert in one."""
    names = stored.table("tracklet_alerts", ["alert_id", "tracklet"]).to_pandas()
    return stored.survey.columns.alert_id, names.drop_duplicates("alert_id")


def without_tracklets(alerts: Alerts, store: str, night: str) -> Alerts:
    """The alerts that belong to no tracklet, with the columns they came with.

    Parameters and errors as in `with_tracklets`.
    """
    named = with_tracklets(alerts, store, night)
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
