"""Tracklets with what later stages found out about them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from fink_tracklets.store.night import StoredNight, read_state
from fink_tracklets.tables import SATELLITES

MATCH = [
    name
    for name in SATELLITES.names
    if name not in ("tracklet", "rank") and not name.startswith("arc_")
]
"""Columns of the best match that go to the tracklet."""


OF_ALERT = (
    "n_peaks",
    "multi_peak",
    "satellite",
    "is_glint",
    "duration_s",
    "instant_mag",
    "amplitude_mag",
    "standard_mag",
)
"""Columns of `glints` that an alert's row has."""
OF_TRACKLET = (
    "arc_arcsec",
    "arc_source",
    "period_m_s",
    "period_p_s",
    "period_s",
    "period_error_s",
    "interpulse_phase",
)
"""Columns of `flashes` that an alert's row has."""


def read_tracklets(store: str | Path, night: str) -> pa.Table:
    """The table `tracklets` of a night, see `tracklets_with_matches`."""
    return read_state(store, night, tracklets_with_matches)


def tracklets_with_matches(stored: StoredNight) -> pa.Table:
    """The table `tracklets` of a night with the columns `MATCH` of each one's best match.

    They are null where nothing matched, and absent where no satellites were looked for or none
    was found.
    """
    return with_matches(stored.table("tracklets"), stored.table("satellites"))


def with_matches(tracklets: pa.Table, satellites: pa.Table) -> pa.Table:
    """As `tracklets_with_matches`, from the tables `tracklets` and `satellites` of a night."""
    best = satellites.filter(pc.equal(satellites["rank"], 1))
    return _add(tracklets, best, "tracklet", MATCH) if len(best) else tracklets


def alert_rows(
    alerts: pa.Table,
    tracklets: pa.Table,
    satellites: pa.Table,
    glints: pa.Table,
    flashes: pa.Table,
) -> pa.Table:
    """One row per alert in a tracklet, with all that is known of it and of its tracklet.

    The columns are the same for each night of a survey; what was not looked for is null.

    Parameters
    ----------
    alerts : the table `tracklet_alerts` of a night
    tracklets, satellites, glints, flashes : tables of that night, empty where it has none
    """
    best = satellites.filter(pc.equal(satellites["rank"], 1))
    for table, names in ((tracklets, tracklets.column_names), (best, MATCH)):
        added = [name for name in names if name not in alerts.column_names]
        alerts = _add(alerts, table, "tracklet", added)
    alerts = _add(alerts, glints, "alert_id", OF_ALERT)
    return _add(alerts, flashes, "tracklet", OF_TRACKLET)


def _add(table: pa.Table, other: pa.Table, key: str, names: Sequence[str]) -> pa.Table:
    """The table with columns of the other one's rows of equal key, null without such a row."""
    row = pc.index_in(table[key], value_set=other[key])
    for name in names:
        table = table.append_column(other.schema.field(name), other[name].take(row))
    return table
