"""The store's own objects as element sets beside a catalogue's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from fink_tracklets.naming import parse_night
from fink_tracklets.satellites.elements import Elements
from fink_tracklets.satellites.mean_elements import satrec, smooth

LABEL = "ours"
"""Stands in the place of the international designator."""
MOST_LATE_S = 5.0
"""Objects whose orbits say less of when they come are not matched."""
MIDNIGHT_JD = 1721425.0
"""Noon UTC of the day of which Python's ordinal is 1, about the middle of any night."""


def with_ours(elements: Elements, objects: pd.DataFrame, night: str) -> Elements:
    """A catalogue's sets and those of the store's objects that are known well enough.

    Left out are objects that a catalogue has by now, and those whose error of a makes them more
    than `MOST_LATE_S` late on that night.

    Parameters
    ----------
    objects : the table `objects`
    night : YYYYMMDD
    """
    jd = parse_night(night).toordinal() + MIDNIGHT_JD
    days = np.abs(jd - objects["epoch_jd"])
    late = 1.5 * objects["a_km_error"] / objects["a_km"] * days * 86400
    good = objects[objects["same_as"].isna() & (late < MOST_LATE_S)]
    if not len(good):
        return elements
    records = np.empty(len(good), dtype=object)
    for k, (_, row) in enumerate(good.iterrows()):
        angles = np.radians([row[f"{n}_deg"] for n in ("i", "node", "perigee", "mean_anomaly")])
        records[k] = satrec(smooth(row["a_km"], row["e"], *angles), row["epoch_jd"])
    joined = replace(
        elements,
        norad_cat_id=np.append(elements.norad_cat_id, good["number"].to_numpy(np.int64)),
        name=np.append(elements.name, good["object"].to_numpy(object)),
        object_id=np.append(elements.object_id, np.full(len(good), LABEL, dtype=object)),
        epoch_jd=np.append(elements.epoch_jd, good["epoch_jd"].to_numpy(float)),
        satrecs=np.append(elements.satrecs, records),
    )
    return joined.take(np.lexsort((joined.epoch_jd, joined.norad_cat_id)))
