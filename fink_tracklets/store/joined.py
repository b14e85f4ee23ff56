"""Tracklets with what later stages found out about them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from fink_tracklets.store.parquet import read_table
from fink_tracklets.tables import SATELLITES

MATCH = [
    name
    for name in SATELLITES.names
    if name not in ("tracklet", "rank") and not name.startswith("arc_")
]
"""Columns of the best match that go to the tracklet."""


def read_tracklets(store: str | Path, night: str) -> pa.Table:
    """The table `tracklets` of a night with the columns `MATCH` of each one's best match.

    They are null where nothing matched, and absent where no satellites were looked for or none
    was found.
    """
    tracklets = read_table(store, "tracklets", night)
    matches = read_table(store, "satellites", night)
    best = matches.filter(pc.equal(matches["rank"], 1))
    if not len(best):
        return tracklets
    row = pc.index_in(tracklets["tracklet"], value_set=best["tracklet"])
    for name in MATCH:
        tracklets = tracklets.append_column(best.schema.field(name), best[name].take(row))
    return tracklets
