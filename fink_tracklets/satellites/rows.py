"""Matches as rows of the table `satellites`: geometry, orbit and what is known of the object."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fink_tracklets.satellites.identify import Catalogue, Scene
from fink_tracklets.satellites.matches import Matches, normal_angle
from fink_tracklets.satellites.satcat import COLUMNS
from fink_tracklets.satellites.zones import zones
from fink_tracklets.sky.sphere import ARCSEC, distance_from_arc, great_circle, ra_dec, separation
from fink_tracklets.survey import Survey

ORBIT = ["semi_major_axis_km", "eccentricity", "inclination_deg", "period_min"]


def match_rows(
    tracklet: str,
    points: np.ndarray,
    found: Matches,
    scene: Scene,
    catalogue: Catalogue,
    satcat: pd.DataFrame | None,
    survey: Survey,
) -> pd.DataFrame:
    """The matches of one tracklet, best first; columns as in `fink_tracklets.tables.SATELLITES`."""
    rows = scene.orbits.rows[found.which]
    elements = catalogue.elements.take(rows)
    orbits = elements.orbits()
    at, arcs = scene.orbits.observer, found.arcs
    toward = arcs.points[:, 1]
    sun, zenith = at.sun[1], at.zenith[1]
    distance = distance_from_arc(points, arcs.points[:, None, 0], arcs.points[:, None, 2])
    frame = pd.DataFrame(
        {
            "tracklet": tracklet,
            "rank": np.arange(1, len(rows) + 1),
            "norad_cat_id": elements.norad_cat_id,
            "object_name": elements.name,
            "object_id": elements.object_id,
            "method": survey.satellites.method,
            "score": found.score,
            "certain": found.certain,
            "composite": found.composite,
            "lateness_s": -found.late_s,
            "aside_arcsec": found.aside_arcsec,
            "slope_deg": found.slope_deg,
            "mean_distance_arcsec": distance.mean(axis=1) / ARCSEC,
            "normal_angle_deg": normal_angle(arcs.normal, great_circle(points[0], points[-1])),
            "element_epoch": pd.to_datetime(
                np.round((elements.epoch_jd - 2440587.5) * 86400e6).astype("int64"),
                unit="us",
                utc=True,
            ),
            "element_age_d": scene.age_days[found.which],
            "arc_arcsec": arcs.length / ARCSEC,
            "range_km": arcs.range_km,
            "phase_angle_deg": np.degrees(separation(-toward, sun[None])),
            "solar_elongation_deg": np.degrees(separation(toward, sun[None])),
            "altitude_deg": 90 - np.degrees(separation(toward, zenith[None])),
            "rate_arcsec_per_s": arcs.length / ARCSEC / survey.exposure_time_s,
            "sunlit": scene.lit[found.which],
            **{name: orbits[name].to_numpy() for name in ORBIT},
            "zone": zones(orbits),
        }
    )
    for k, name in enumerate(("start", "middle", "end")):
        frame[f"arc_ra_{name}"], frame[f"arc_dec_{name}"] = ra_dec(arcs.points[:, k])
    for name in COLUMNS:
        frame[name] = None
    if satcat is not None:
        known = satcat.reindex(elements.norad_cat_id)
        for name in COLUMNS:
            frame[name] = known[name].to_numpy()
    named = (frame["object_name"] == "") & frame["satcat_name"].notna()
    frame.loc[named, "object_name"] = frame.loc[named, "satcat_name"]
    return frame.drop(columns="satcat_name")
