"""The tables of the stage that gives unmatched tracklets orbits and links them."""

from __future__ import annotations

from fink_tracklets.tables.night import TRACKLET
from fink_tracklets.tables.table import Column, Table


def _added(*columns: tuple[str, str, str, str]) -> tuple[Column, ...]:
    """Columns of version 3."""
    return tuple(Column(*column, since=3) for column in columns)


QUANTILES = ("_05", "_25", "_50", "_75", "_95")
"""Endings of the columns that hold 5, 25, 50, 75 and 95 % of the probability below."""
SPREAD = (
    ("a_km", "km", "semi-major axis"),
    ("e", "", "eccentricity"),
    ("i_deg", "deg", "inclination, TEME of date"),
    ("node_deg", "deg", "ascending node, TEME of date; may pass 0 or 360"),
    ("range_km", "km", "distance from the site"),
    ("rate_arcsec_s", "arcsec/s", "speed among the stars"),
)
"""Column, unit and meaning of what has quantiles."""
ORBITS = Table(
    "orbits",
    "one row per tracklet: the orbits that its place, direction and length allow, of a population",
    (
        TRACKLET,
        *_added(
            ("matched", "boolean", "", "a catalogued object explains it; its launch is left out"),
            ("class", "string", "", "the most probable: LEO, MEO, ECC, MOLNIYA, GEO"),
            ("p_leo", "double", "", "probability: a below 8,378 km"),
            ("p_meo", "double", "", "probability: between, e below 0.25"),
            ("p_ecc", "double", "", "probability: transfer orbits and other eccentric ones"),
            ("p_molniya", "double", "", "probability: half a day, i of 55 to 72 deg, e above 0.5"),
            ("p_geo", "double", "", "probability: a of 38,000 to 46,500 km, e below 0.2"),
        ),
        *_added(
            *(
                (name + end, "double", unit, f"{meaning}: {int(end[1:])} % lie below")
                for name, unit, meaning in SPREAD
                for end in QUANTILES
            )
        ),
        *_added(
            (
                "p_forward",
                "double",
                "",
                "probability that it moves from the first point to the last",
            ),
            ("pole_ra_deg", "double", "deg", "of the most probable class's mean plane, TEME"),
            ("pole_dec_deg", "double", "deg", "of that pole"),
            ("pole_spread_deg", "double", "deg", "about it, one axis"),
            ("plane_norad_cat_id", "bigint", "", "catalogued orbit like it with the nearest plane"),
            ("plane_name", "string", "", "its name"),
            ("plane_deg", "double", "deg", "between its pole and the one above"),
            (
                "may_be_stale",
                "boolean",
                "",
                "that plane is as near as the errors: perhaps that object, with elements that are "
                "out of date",
            ),
            ("turn_arcsec", "double", "arcsec", "way in a turn, where the flashes have a beat"),
            ("n_effective", "double", "", "orbits that carry the weight: (sum w)^2 / sum w^2"),
            ("note", "string", "", "why there is no orbit, or null"),
        ),
    ),
)
