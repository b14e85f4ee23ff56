"""Nights of `orbit_sky` as a store, as `run --elements` leaves them, but without Spark.

What catalogued objects made is known from the truth; objects that are hidden from the catalogue
leave tracklets that nothing explains.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.orbit_sky import Sky
from fink_tracklets import load_survey
from fink_tracklets.naming import exposure_second, tracklet_name
from fink_tracklets.satellites.elements import Elements
from fink_tracklets.store.amend import amend_night
from fink_tracklets.store.commit import check_writable, write_night
from fink_tracklets.store.manifest import Manifest
from fink_tracklets.store.night import StoredNight
from fink_tracklets.tables import (
    CANDIDATES,
    EXPOSURES,
    SATELLITES,
    TRACKLET_ALERTS,
    TRACKLETS,
    VERSION,
)
from fink_tracklets.version import __version__


def named(sky: Sky) -> Sky:
    """The sky with the tracklets' real names."""
    rows = sky.tracklets.sort_values(["jd", "tracklet"], ignore_index=True)
    seconds = exposure_second(rows["jd"].to_numpy(float))
    number = pd.Series(seconds).groupby(seconds).cumcount()
    names = [tracklet_name(int(s), int(k)) for s, k in zip(seconds, number, strict=True)]
    new = dict(zip(rows["tracklet"], names, strict=True))
    alerts = sky.alerts.assign(tracklet=sky.alerts["tracklet"].map(new))
    return Sky(rows.assign(tracklet=names), alerts, sky.exposures)


def date_of(jd: pd.Series) -> pd.Series:
    """YYYYMMDD, UTC."""
    return pd.to_datetime(jd - 2440587.5, unit="D").dt.strftime("%Y%m%d")


def write_sky(
    store: Path, sky: Sky, elements: Elements, hidden: Collection[int]
) -> dict[str, StoredNight]:
    """Write each night of a sky; what is hidden of the catalogue stays unmatched."""
    folder = check_writable(str(store))
    catalogued = dict(zip(elements.norad_cat_id, elements.object_id, strict=True))
    names = dict(zip(elements.norad_cat_id, elements.name, strict=True))
    survey = load_survey("ztf")
    of_tracklet = dict(tuple(sky.alerts.groupby("tracklet")))
    stored = {}
    for night, rows in sky.tracklets.groupby(date_of(sky.tracklets["jd"])):
        alerts = pd.concat(
            [
                of_tracklet[row["tracklet"]].assign(exposure=row["exposure"], jd=row["jd"])
                for _, row in rows.iterrows()
            ],
            ignore_index=True,
        )
        alerts["alert_id"] = int(night) * 10**6 + np.arange(len(alerts))
        alerts["mag"] = 18.0
        there = sky.exposures[sky.exposures["exposure"].isin(rows["exposure"])]
        draft = Manifest(
            night=night,
            run="",
            version=__version__,
            tables_version=VERSION,
            survey="ztf",
            configuration=asdict(survey),
            rows={},
            files={},
            satellites={"method": "truth"},
        )
        measured = rows.assign(
            n_alerts=rows["n_points"], mag_mean=18.0, mag_min=18.0, mag_max=18.0, log10_nfa=-9.0
        )
        night_there = write_night(
            folder,
            {
                "tracklets": TRACKLETS.from_frame(measured),
                "tracklet_alerts": TRACKLET_ALERTS.from_frame(alerts),
                "candidates": CANDIDATES.from_frame(alerts),
                "exposures": EXPOSURES.from_frame(there),
            },
            draft,
        )
        known = rows[~rows["norad_cat_id"].isin(hidden)]
        matches = pd.DataFrame(
            {
                "tracklet": known["tracklet"],
                "rank": 1,
                "norad_cat_id": known["norad_cat_id"],
                "object_id": known["norad_cat_id"].map(catalogued),
                "object_name": known["norad_cat_id"].map(names),
                "certain": True,
                "composite": False,
            }
        )
        stored[night] = amend_night(night_there, {"satellites": SATELLITES.from_frame(matches)})
    return stored
