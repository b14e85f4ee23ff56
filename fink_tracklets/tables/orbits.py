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
            (
                "draws",
                "binary",
                "",
                "400 of the orbits for links, float32: see `orbits.track`",
            ),
        ),
    ),
)
_MEAN = (
    ("epoch_jd", "double", "d", "of the elements, Julian date, UTC"),
    (
        "a_km",
        "double",
        "km",
        "semi-major axis (Brouwer's), mean elements of SGP4 as all that follow",
    ),
    ("e", "double", "", "eccentricity"),
    ("i_deg", "double", "deg", "inclination"),
    ("node_deg", "double", "deg", "ascending node"),
    ("perigee_deg", "double", "deg", "argument of perigee"),
    ("mean_anomaly_deg", "double", "deg", ""),
    ("a_km_error", "double", "km", "its standard deviation, as the next"),
    ("e_error", "double", "", ""),
    ("i_deg_error", "double", "deg", ""),
)
LINKS = Table(
    "links",
    "one row per pair of tracklets that one orbit explains",
    _added(
        ("tracklet", "string", "", "name, of this night"),
        ("other", "string", "", "name of the earlier one, of this night or one before"),
        ("other_night", "string", "", "its night"),
        ("hours", "double", "h", "between the two"),
        ("score", "double", "", "S: chi2 of both and the pull of the population; small is good"),
        ("rarity", "double", "", "what is added because such orbits are rare: S2 = score + rarity"),
        (
            "turn_ratio",
            "double",
            "",
            "ways in a turn, the later over the earlier one's; null: no beat",
        ),
        ("same_spin", "boolean", "", "the spin periods agree"),
        ("third", "boolean", "", "a third tracklet is linked with both"),
        (
            "counts",
            "boolean",
            "",
            "it counts: few false ones are expected, or a third, or the spin",
        ),
        ("control", "boolean", "", "both are of catalogued objects: a test"),
        ("same_object", "boolean", "", "of a control: one object made both"),
        *_MEAN,
        (
            "normal",
            "array<double>",
            "",
            "inverse covariance (6 x 6) of ln a, e cos w, e sin w, "
            "tan(i/2) cos W, tan(i/2) sin W, l [rad]; w = W + perigee, l = w + mean anomaly",
        ),
    ),
)
OBJECTS = Table(
    "objects",
    "one row per object that no catalogue has, of several tracklets; one table for the store",
    _added(
        ("object", "string", "", "OBJ_YYYYMMDD_hhmmss_NN, after its first tracklet"),
        ("number", "bigint", "", "a catalogue number of our own, 270,000 to 339,999"),
        ("class", "string", "", "LEO, MEO, ECC, MOLNIYA, GEO, of the elements"),
        ("first_seen", "timestamp", "", "middle of its first tracklet's exposure, UTC"),
        ("last_seen", "timestamp", "", "of its last one"),
        ("n_tracklets", "bigint", "", "tracklets"),
        ("n_nights", "bigint", "", "nights"),
        ("tracklets", "array<string>", "", "their names, oldest first"),
        ("nights", "array<string>", "", "the night of each"),
        ("score", "double", "", "chi2 and pull of the orbit through all of them"),
        ("freedom", "int", "", "residuals less parameters"),
        ("worst_link", "double", "", "the largest S2 of the links that made it"),
        ("same_spin", "boolean", "", "links with a common spin period are among them"),
        *_MEAN,
        (
            "possible",
            "binary",
            "",
            "64 orbits of equal weight that its tracklets allow, of this epoch: for each the six "
            "numbers of links.normal and B*, as doubles",
        ),
        ("spin_period_s", "double", "s", "median of its tracklets' turns; null without a beat"),
        ("mag_mean", "double", "mag", "mean difference magnitude of its tracklets"),
        ("mag_min", "double", "mag", "the brightest alert"),
        ("nearest_number", "bigint", "", "catalogued object whose elements are nearest"),
        ("nearest_name", "string", "", "its name"),
        ("nearest_distance", "double", "", "in elements: see docs/orbits.md; below 1: the same"),
        ("same_as", "bigint", "", "catalogued object that it is, else null"),
        ("same_since", "timestamp", "", "epoch of the oldest set of that object that was seen"),
    ),
)
