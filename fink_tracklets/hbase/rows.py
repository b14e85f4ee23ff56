"""A stored night as the rows that HBase shall have."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fink_tracklets.errors import UserError
from fink_tracklets.hbase.cells import Cells, type_name
from fink_tracklets.hbase.record import Held
from fink_tracklets.hbase.settings import HBaseSettings, key_columns
from fink_tracklets.store.joined import alert_rows
from fink_tracklets.store.night import StoredNight

KEYS = ("key", "alert_key")
NO_OBJECT = "source"
"""How an object id begins that a survey's file makes for a source without an object."""
NO_ID = (0, "0", "")
"""Ids that mean none."""


@dataclass(frozen=True)
class NightRows:
    """A stored night."""

    run: str
    """The run that wrote it."""
    table: pa.Table
    """One row per alert in a tracklet, with its columns, its tracklet's, and `KEYS`: its row key
    in the tracklets' table and in the broker's table of alerts."""
    columns: dict[str, str]
    """Table column to HBase column."""
    without_value: tuple[str, ...]
    """HBase columns of the broker's modules in which no row has a value: they have no cell."""

    def schema_row(self, version: str) -> tuple[bytes, Cells]:
        """The row that names each column's type."""
        types = {name: type_name(self.table.schema.field(name).type) for name in self.columns}
        cells = {self.columns[name].encode(): given.encode() for name, given in types.items()}
        return f"schema_{version}".encode(), cells

    @property
    def held(self) -> Held:
        """The cells that the night may have in the tracklets' table."""
        return Held(
            tuple(sorted(self.columns.values())), tuple(sorted(self.table["key"].to_pylist()))
        )

    def empty(self) -> dict[str, list[str]]:
        """For each row key the HBase columns in which the row has nothing."""
        keys = self.table["key"].to_pylist()
        found: dict[str, list[str]] = {key: [] for key in keys}
        for name, column in self.columns.items():
            values = self.table[name]
            if values.null_count:
                for k in pc.indices_nonzero(values.is_null()).to_pylist():
                    found[keys[k]].append(column)
        return found

    def tracklet_of_alert(self) -> dict[str, str]:
        """For each key of the alerts' table the tracklet.

        Two alerts of one object in one exposure share that key: it gets the tracklet of the smaller
        alert id. Alerts without a key are left out.
        """
        frame = self.table.select(["alert_id", "alert_key", "tracklet"]).to_pandas()
        frame = (
            frame.dropna(subset="alert_key").sort_values("alert_id").drop_duplicates("alert_key")
        )
        return dict(zip(frame["alert_key"], frame["tracklet"], strict=True))


def night_rows(stored: StoredNight, settings: HBaseSettings) -> NightRows:
    """A stored night: what the survey sent in its column family, what we add in ours."""
    tables = ("tracklet_alerts", "tracklets", "satellites", "glints", "flashes")
    alerts = alert_rows(*(stored.table(name) for name in tables))
    sent = stored.survey.carry.sent
    families = settings.tracklets
    columns = {
        name: f"{families.survey_family if name in sent else families.derived_family}:{name}"
        for name in alerts.column_names
    }
    for name, keys in zip(KEYS, row_keys(alerts, settings.alerts.key), strict=True):
        alerts = alerts.append_column(name, pa.array(keys, pa.string()))
    derived = stored.survey.carry.derived
    empty = [n for n in derived if n not in columns or alerts[n].null_count == len(alerts)]
    without_value = tuple(f"{families.derived_family}:{name}" for name in empty)
    return NightRows(stored.manifest.run, alerts, columns, without_value)


def row_keys(alerts: pa.Table, alert_key: str) -> tuple[list[str], list[str | None]]:
    """The row keys of `tracklet_alerts` in the tracklets' table and in that of all alerts.

    The second is `alert_key` filled in, see `AlertTable`. repr gives Spark's own text of a double.
    It is None where a value is null, or an id that means none.
    """
    names = key_columns(alert_key)
    needed = {"tracklet", "object_id", "alert_id", *names} - {"salt"}
    if unknown := sorted(needed - set(alerts.column_names)):
        raise UserError(
            f"hbase.toml: the key '{alert_key}' of the table of alerts names {unknown[0]}, which "
            "the night's table tracklet_alerts does not have."
        )
    frame = alerts.select(sorted(needed)).to_pandas(integer_object_nulls=True)
    values = {"salt": frame["object_id"].str[-3:], **{n: frame[n] for n in names if n != "salt"}}
    rows = zip(*(values[name] for name in names), strict=True)
    filled = [
        None
        if any(pd.isna(value) or value in NO_ID for value in row)
        else alert_key.format(**{n: _text(v) for n, v in zip(names, row, strict=True)})
        for row in rows
    ]
    return tracklet_keys(frame).to_list(), filled


def tracklet_keys(alerts: pd.DataFrame) -> pd.Series:
    """The row key in the tracklets' table of each alert of whole tracklets.

    It is <tracklet>_<objectId>. Where an object has further alerts in one tracklet, the one with
    the smallest alert id has this key, and each other one <tracklet>_<objectId>_<alert id>: a scan
    by the tracklet, or by tracklet and object, finds them all. What has no object goes by its
    alert's id.

    Parameters
    ----------
    alerts : tracklet, object_id, alert_id
    """
    objects = alerts["object_id"].str.removeprefix(NO_OBJECT)
    further = alerts.sort_values("alert_id").duplicated(["tracklet", "object_id"])
    suffix = pd.Series("", alerts.index).where(~further, "_" + alerts["alert_id"].astype(str))
    return alerts["tracklet"] + "_" + objects + suffix


def _text(value: object) -> str:
    return repr(value) if isinstance(value, float) else str(value)
