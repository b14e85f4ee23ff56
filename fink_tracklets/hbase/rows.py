"""A stored night as the rows that HBase shall have."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fink_tracklets.hbase.cells import Cells, type_name
from fink_tracklets.hbase.record import Held
from fink_tracklets.hbase.settings import HBaseSettings
from fink_tracklets.store.joined import alert_rows
from fink_tracklets.store.night import StoredNight

KEYS = ("key", "alert_key")


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
        alert id.
        """
        frame = self.table.select(["alert_id", "alert_key", "tracklet"]).to_pandas()
        frame = frame.sort_values("alert_id").drop_duplicates("alert_key")
        return dict(zip(frame["alert_key"], frame["tracklet"], strict=True))


def night_rows(stored: StoredNight, settings: HBaseSettings) -> NightRows:
    """A stored night: what the survey sent in its column family, what we add in ours."""
    tables = ("tracklet_alerts", "tracklets", "satellites", "glints", "flashes")
    alerts = alert_rows(*(stored.table(name) for name in tables))
    sent = stored.survey.carry.by_name
    families = settings.tracklets
    columns = {
        name: f"{families.survey_family if name in sent else families.derived_family}:{name}"
        for name in alerts.column_names
    }
    for name, keys in zip(KEYS, row_keys(alerts), strict=True):
        alerts = alerts.append_column(name, pa.array(keys, pa.string()))
    return NightRows(stored.manifest.run, alerts, columns)


def row_keys(alerts: pa.Table) -> tuple[list[str], list[str]]:
    """The row keys of `tracklet_alerts` in the tracklets' table and in that of all alerts.

    The first is <tracklet>_<objectId>. Where an object has further alerts in one tracklet, the one
    with the smallest alert id has this key, and each other one <tracklet>_<objectId>_<alert id>: a
    scan by the tracklet, or by tracklet and object, finds them all. The second is <objectId>_<jd>:
    repr gives Spark's own text of a double.
    """
    frame = alerts.select(["tracklet", "object_id", "alert_id", "jd"]).to_pandas()
    further = frame.sort_values("alert_id").duplicated(["tracklet", "object_id"])
    suffix = pd.Series("", frame.index).where(~further, "_" + frame["alert_id"].astype(str))
    keys = frame["tracklet"] + "_" + frame["object_id"] + suffix
    alert_keys = frame["object_id"] + "_" + frame["jd"].map(repr)
    return keys.to_list(), alert_keys.to_list()
