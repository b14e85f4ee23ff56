"""The store's own objects as element sets beside a catalogue's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from fink_tracklets.naming import night_jd
from fink_tracklets.satellites.elements import Elements
from fink_tracklets.satellites.mean_elements import satrec, six_of

LABEL = "ours"
"""Stands in the place of the international designator."""
MOST_LATE_S = 5.0
"""Objects whose orbits say less of when they come are not matched."""


def with_ours(elements: Elements, objects: pd.DataFrame, night: str) -> Elements:
    """A catalogue's sets and those of the store's objects that are known well enough.

    Left out are objects that a catalogue has by now, and those whose error of a makes them more
    than `MOST_LATE_S` late on that night.

    Parameters
    ----------
    objects : the table `objects`
    night : YYYYMMDD
    """
    jd = night_jd(night) + 0.5
    days = np.abs(jd - objects["epoch_jd"])
    late = 1.5 * objects["a_km_error"] / objects["a_km"] * days * 86400
    good = objects[objects["same_as"].isna() & (late < MOST_LATE_S)]
    if not len(good):
        return elements
    records = np.empty(len(good), dtype=object)
    for k, (_, row) in enumerate(good.iterrows()):
        records[k] = satrec(six_of(row), row["epoch_jd"])
    joined = replace(
        elements,
        norad_cat_id=np.append(elements.norad_cat_id, good["number"].to_numpy(np.int64)),
        name=np.append(elements.name, good["object"].to_numpy(object)),
        object_id=np.append(elements.object_id, np.full(len(good), LABEL, dtype=object)),
        epoch_jd=np.append(elements.epoch_jd, good["epoch_jd"].to_numpy(float)),
        satrecs=np.append(elements.satrecs, records),
    )
    return joined.take(np.lexsort((joined.epoch_jd, joined.norad_cat_id)))
