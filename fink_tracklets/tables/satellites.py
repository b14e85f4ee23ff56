"""The tables of the stage that identifies catalogued satellites."""

from __future__ import annotations

from fink_tracklets.tables.night import TRACKLET
from fink_tracklets.tables.table import Column, Table

_OBJECT = (
    Column("norad_cat_id", "bigint", "", "catalogue number", 2),
    Column("object_name", "string", "", "name in the file of elements, else in the SATCAT", 2),
)
_MATCH = (
    Column("method", "string", "", "likelihood, paper1 or paper2", 2),
    Column(
        "score",
        "double",
        "",
        "smaller is better; likelihood: -2 ln of its ratio to that of chance, of single candidates "
        "to its top; papers' methods: distance in arcsec",
        2,
    ),
    Column(
        "chance_probability",
        "double",
        "",
        "that what no catalogued object made matches so well; null of composite matches",
        2,
    ),
)
SATELLITES = Table(
    "satellites",
    "one row per catalogued object that may have made a tracklet",
    (
        TRACKLET,
        Column("rank", "int", "", "1 is the best", 2),
        *_OBJECT,
        Column("object_id", "string", "", "international designator", 2),
        *_MATCH,
        Column("certain", "boolean", "", "no other object comes near", 2),
        Column("composite", "boolean", "", "this object made only a part of the alerts", 2),
        Column("lateness_s", "double", "s", "of the object along its orbit; negative: early", 2),
        Column(
            "aside_arcsec",
            "double",
            "arcsec",
            "mean distance of the points from the arc, shifted by the lateness; positive to the "
            "left of the motion",
            2,
        ),
        Column("slope_deg", "double", "deg", "between points and arc", 2),
        Column("mean_distance_arcsec", "double", "arcsec", "of the points from the arc", 2),
        Column("normal_angle_deg", "double", "deg", "between the great circles", 2),
        Column("element_epoch", "timestamp", "", "of the elements, UTC", 2),
        Column("element_age_d", "double", "d", "exposure minus epoch", 2),
        Column("arc_arcsec", "double", "arcsec", "length of the object's arc among the stars", 2),
        *(
            Column(f"arc_{axis}_{place}", "double", "deg", f"the arc's {place}, ICRS", 2)
            for place in ("start", "middle", "end")
            for axis in ("ra", "dec")
        ),
        Column("range_km", "double", "km", "from the site, at mid-exposure as all that follows", 2),
        Column("phase_angle_deg", "double", "deg", "Sun - object - site", 2),
        Column("solar_elongation_deg", "double", "deg", "Sun - site - object", 2),
        Column("altitude_deg", "double", "deg", "above the horizon", 2),
        Column("rate_arcsec_per_s", "double", "arcsec/s", "among the stars", 2),
        Column("sunlit", "boolean", "", "outside the Earth's umbra", 2),
        Column("object_type", "string", "", "payload, rocket body, debris, unknown (SATCAT)", 2),
        Column("ops_status", "string", "", "operational, non-operational, decayed, unknown", 2),
        Column("owner", "string", "", "SATCAT's code", 2),
        Column("launch_date", "string", "", "YYYY-MM-DD", 2),
        Column("rcs_m2", "double", "m2", "radar cross-section", 2),
        Column("semi_major_axis_km", "double", "km", "of the elements, as the next", 2),
        Column("eccentricity", "double", "", "", 2),
        Column("inclination_deg", "double", "deg", "", 2),
        Column("period_min", "double", "min", "", 2),
        Column("zone", "string", "", "low, molniya, geosynchronous, other", 2),
    ),
)
BLIND_MATCHES = Table(
    "blind_matches",
    "one row per candidate and object that may have made it",
    (
        Column("alert_id", "bigint", "", "the alert's number", 2),
        Column("exposure", "string", "", "the exposure", 2),
        Column("tracklet", "string", "", "name of its tracklet, or null", 2),
        Column("rank", "int", "", "1 is the best of this method", 2),
        *_OBJECT,
        *_MATCH,
        Column("distance_arcsec", "double", "arcsec", "from the arc's great circle", 2),
        Column(
            "beyond_arcsec",
            "double",
            "arcsec",
            "along it past the end, negative before the start, 0 inside",
            2,
        ),
    ),
)
