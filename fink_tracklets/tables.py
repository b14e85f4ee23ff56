"""The tables that leave the package: every column's name, type, unit and meaning, in one place.

Spark's schemas, pyarrow's and docs/tables.md (`make docs`) come from here.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

VERSION = 2
"""Grows when a column is added. Readers give nights of an older version the column as null."""

ARROW_TYPES = {
    "string": pa.string(),
    "boolean": pa.bool_(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "binary": pa.binary(),
    "array<double>": pa.list_(pa.float64()),
    "array<struct<cut:string,alerts:bigint>>": pa.list_(
        pa.struct([("cut", pa.string()), ("alerts", pa.int64())])
    ),
}


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    type: str
    """As Spark SQL spells it."""
    unit: str
    meaning: str
    since: int = 1
    """Version of the tables that introduced it."""


@dataclass(frozen=True)
class Table:
    """A table of the store."""

    name: str
    meaning: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """The columns' names, in order."""
        return [column.name for column in self.columns]

    @property
    def ddl(self) -> str:
        """The schema as Spark SQL reads it."""
        return ", ".join(f"{column.name} {column.type}" for column in self.columns)

    @property
    def arrow_schema(self) -> pa.Schema:
        """The schema for pyarrow."""
        return pa.schema([(column.name, ARROW_TYPES[column.type]) for column in self.columns])


_ALERT = (
    Column("alert_id", "bigint", "", "the alert's number (ZTF: candid)"),
    Column("object_id", "string", "", "the survey's object"),
    Column("exposure", "string", "", "the exposure, equal for all its alerts"),
    Column("jd", "double", "d", "start of the exposure, Julian date, UTC"),
    Column("ra", "double", "deg", "right ascension, ICRS"),
    Column("dec", "double", "deg", "declination, ICRS"),
    Column("band", "string", "", "filter"),
    Column("mag", "double", "mag", "difference magnitude"),
    Column("mag_err", "double", "mag", "its error"),
)
_TRACKLET = Column("tracklet", "string", "", "name, TRCK_YYYYMMDD_hhmmss_NN")

TRACKLETS = Table(
    "tracklets",
    "one row per tracklet",
    (
        _TRACKLET,
        Column("exposure", "string", "", "the exposure it was found in"),
        Column("exposure_start", "timestamp", "", "start of the exposure, UTC"),
        Column("jd", "double", "d", "start of the exposure, Julian date, UTC"),
        Column("n_alerts", "bigint", "", "alerts, duplicate packets of a detection included"),
        Column("n_points", "bigint", "", "detections"),
        Column("ra_start", "double", "deg", "first point (the western one), ICRS"),
        Column("dec_start", "double", "deg", "first point, ICRS"),
        Column("ra_end", "double", "deg", "last point, ICRS"),
        Column("dec_end", "double", "deg", "last point, ICRS"),
        Column("length_arcsec", "double", "arcsec", "from the first to the last point"),
        Column("position_angle_deg", "double", "deg", "at the middle, north through east, 0-180"),
        Column("curvature", "double", "1/rad", "of the fitted curve, positive to the left"),
        Column("rms_arcsec", "double", "arcsec", "of the points about the fitted curve"),
        Column("mag_mean", "double", "mag", "mean difference magnitude of the alerts"),
        Column("mag_min", "double", "mag", "brightest"),
        Column("mag_max", "double", "mag", "faintest"),
        Column(
            "log10_nfa", "double", "", "log10 of the expected number of such tracklets by chance"
        ),
        Column("along_pixel_axis", "boolean", "", "within 1 degree of a pixel axis"),
    ),
)
TRACKLET_ALERTS = Table(
    "tracklet_alerts",
    "one row per alert in a tracklet; then the survey columns listed under `carry`, unchanged",
    (
        _TRACKLET,
        *_ALERT,
        Column("along_arcsec", "double", "arcsec", "distance along the track from its first point"),
        Column("offset_arcsec", "double", "arcsec", "distance from the fitted curve"),
    ),
)
CANDIDATES = Table(
    "candidates",
    "one row per alert that passes the cuts",
    (
        *_ALERT,
        Column("detector", "int", "", "where pixel positions are counted (ZTF: rcid)"),
        Column("x", "double", "pixel", "position in the detector"),
        Column("y", "double", "pixel", "position in the detector"),
        Column("tracklet", "string", "", "name of its tracklet, or null"),
    ),
)
EXPOSURES = Table(
    "exposures",
    "one row per exposure that has any alert",
    (
        Column("exposure", "string", "", "the exposure"),
        Column("exposure_start", "timestamp", "", "its start, UTC"),
        Column("jd", "double", "d", "its start, Julian date, UTC"),
        Column("ra", "double", "deg", "centre of its alerts, ICRS"),
        Column("dec", "double", "deg", "centre of its alerts, ICRS"),
        Column("band", "string", "", "filter"),
        Column("limiting_mag", "double", "mag", "mean over its alerts"),
        Column("alerts", "bigint", "", "alerts with a position and a time"),
        Column(
            "funnel", "array<struct<cut:string,alerts:bigint>>", "", "alerts left after each cut"
        ),
        Column("candidates", "bigint", "", "alerts that pass all cuts, redelivered packets once"),
        Column("tracklets", "bigint", "", "tracklets found"),
    ),
)
_OBJECT = (
    Column("norad_cat_id", "bigint", "", "catalogue number", 2),
    Column("object_name", "string", "", "name in the file of elements, else in the SATCAT", 2),
)
_MATCH = (
    Column("method", "string", "", "likelihood, paper1 or paper2", 2),
    Column("score", "double", "", "smaller is better; likelihood: -2 ln of its ratio to that of "
           "chance, of single candidates to its top; papers' methods: distance in arcsec", 2),
    Column("chance_probability", "double", "", "that what no catalogued object made matches so "
           "well; null of composite matches", 2),
)  # fmt: skip
SATELLITES = Table(
    "satellites",
    "one row per catalogued object that may have made a tracklet",
    (
        _TRACKLET,
        Column("rank", "int", "", "1 is the best", 2),
        *_OBJECT,
        Column("object_id", "string", "", "international designator", 2),
        *_MATCH,
        Column("certain", "boolean", "", "no other object comes near", 2),
        Column("composite", "boolean", "", "this object made only a part of the alerts", 2),
        Column("lateness_s", "double", "s", "of the object along its orbit; negative: early", 2),
        Column("aside_arcsec", "double", "arcsec", "mean distance of the points from the arc, "
               "shifted by the lateness; positive to the left of the motion", 2),
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
)  # fmt: skip
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
        Column("beyond_arcsec", "double", "arcsec", "along it past the end, negative before the "
               "start, 0 inside", 2),
    ),
)  # fmt: skip


def _added(*columns: tuple[str, str, str, str]) -> tuple[Column, ...]:
    """Columns of version 2."""
    return tuple(Column(*column, since=2) for column in columns)


_FLASH = _added(
    ("arc_arcsec", "double", "arcsec", "path of the object during the exposure, see arc_source"),
    ("arc_source", "string", "", "satellite: its path among the stars; tracklet: the tracklet's "
     "length, a lower limit of the path, with which every time is an upper limit"),
    ("duration_s", "double", "s", "of a point-like flash, upper limit (P1 equation 1)"),
    ("instant_mag", "double", "mag", "at the flash's peak; the true one is as bright or brighter "
     "(P1 equation 2)"),
    ("amplitude_mag", "double", "mag", "above the limiting magnitude, a lower limit"),
    ("standard_mag", "double", "mag", "g at 1,000 km, mirror-like (P1 equations 3, 5)"),
    ("standard_mag_lambert", "double", "mag", "g at 1,000 km, diffuse sphere (P1 equations 3, 4)"),
)  # fmt: skip
GLINTS = Table(
    "glints",
    "one row per candidate: its stamps' peaks, its flash, and the evidence that it is a glint",
    _added(
        ("alert_id", "bigint", "", "the alert's number"),
        ("exposure", "string", "", "the exposure"),
        ("tracklet", "string", "", "name of its tracklet, or null"),
        ("band", "string", "", "filter"),
        ("mag", "double", "mag", "difference magnitude"),
        ("limiting_mag", "double", "mag", "of the difference image"),
        ("stamp", "string", "", "ok, or why the stamps tell nothing: missing, damaged, not square, "
         "no pixels, no noise, masked, too crowded"),
        ("science_noise", "double", "stamp", "1.4826 MAD of the science stamp"),
        ("difference_noise", "double", "stamp", "1.4826 MAD of the difference stamp"),
        ("masked_fraction", "double", "", "of the stamp, behind the template's objects"),
        ("n_peaks", "int", "", "peaks in the difference stamp"),
        ("central_peak", "boolean", "", "a peak is at the stamp's centre"),
        ("n_on_line", "int", "", "peaks on the track's line (without a tracklet: on the line that "
         "holds most), the central one included"),
        ("multi_peak", "boolean", "", "a central peak and another, in a tracklet along the track"),
        ("direction_deg", "double", "deg", "of the peaks' common line, north through east, 0-180"),
        ("direction_rms_arcsec", "double", "arcsec", "of three or more peaks about it"),
        ("spacing_arcsec", "double", "arcsec", "smallest, of neighbouring peaks on the line"),
        ("peak_x", "array<double>", "pixel", "from the stamp's centre, brightest peak first"),
        ("peak_y", "array<double>", "pixel", "from the stamp's centre"),
        ("peak_snr", "array<double>", "", "signal-to-noise ratio of a point source"),
        ("peak_ra", "array<double>", "deg", "ICRS"),
        ("peak_dec", "array<double>", "deg", "ICRS"),
        ("period_m_s", "double", "s", "P_m of this stamp, from its peaks' smallest spacing"),
    )
    + _FLASH
    + _added(
        ("tracklet_match", "boolean", "", "its tracklet is matched with a satellite"),
        ("blind_match", "boolean", "", "it is itself matched with a satellite"),
        ("satellite", "boolean", "", "either match"),
        ("is_glint", "boolean", "", "in a tracklet, or both satellite and multi_peak"),
    ),
)  # fmt: skip
FLASHES = Table(
    "flashes",
    "one row per tracklet: its flashes' periods, durations and magnitudes",
    _added(
        ("tracklet", "string", "", "name"),
        ("norad_cat_id", "bigint", "", "its best satellite, or null"),
        ("n_alerts", "int", "", "alerts"),
        ("n_central", "int", "", "alerts with a peak at the stamp's centre"),
        ("n_multi_peak", "int", "", "alerts with further peaks along the track"),
        ("n_flashes", "int", "", "single flashes: alerts and peaks together"),
        ("period_m_s", "double", "s", "P_m: median over the multi-peak stamps; upper limit"),
        ("period_m_error_s", "double", "s", "of the median, from the stamps' scatter"),
        ("period_p_s", "double", "s", "P_p: from the smallest spacing of alerts; upper limit"),
        ("period_p_error_s", "double", "s", "from the positions' error"),
        ("period_s", "double", "s", "fitted to all flashes; null if it may be chance; two spacings "
         "where every other flash is the brighter"),
        ("period_error_s", "double", "s", "68 %, from the fit; the arc is taken as exact"),
        ("log10_false_alarm", "double", "", "log10 of the expected number of such combs by chance"),
        ("n_on_comb", "int", "", "flashes that fit the period"),
        ("n_teeth", "int", "", "flashes that a full comb has from its first to its last"),
        ("interpulse_phase", "double", "", "a further flash of each period is this part of it off, "
         "0 to 0.5; null: none"),
        ("free_time_s", "double", "s", "the first flash is at most so long after the exposure's "
         "start: the light curve's free zero point; null without a satellite"),
    )
    + _FLASH
    + _added(
        ("expected_mag", "double", "mag", "g of a mirror-like sphere of albedo 0.5 with the "
         "satellite's radar cross-section, at its distance"),
    ),
)  # fmt: skip
LIGHT_CURVES = Table(
    "light_curves",
    "one row per single flash of a tracklet, in order",
    _added(
        ("tracklet", "string", "", "name"),
        ("alert_id", "bigint", "", "of the flash's alert; null: only a peak in others' stamps"),
        ("time_s", "double", "s", "after the first flash, from the position on the satellite's "
         "arc; without a satellite along the tracklet, perhaps backwards, and an upper limit"),
        ("along_arcsec", "double", "arcsec", "along the track from its first alert"),
        ("mag", "double", "mag", "as if spread over the exposure; of a peak: from its flux "
         "relative to the central one"),
        ("mag_scatter", "double", "mag", "standard deviation between the stamps that show it"),
        ("n_stamps", "int", "", "stamps that show it"),
        ("limiting_mag", "double", "mag", "an upper limit of the quiescent brightness"),
    ),
)  # fmt: skip
STAMPS = Table(
    "stamps",
    "the stamps of alerts in tracklets, as received",
    _added(
        ("alert_id", "bigint", "", "the alert's number"),
        ("tracklet", "string", "", "name of its tracklet"),
        ("science", "binary", "", "FITS, gzipped"),
        ("template", "binary", "", "FITS, gzipped"),
        ("difference", "binary", "", "FITS, gzipped"),
    ),
)
GLINT_TABLES = (GLINTS, FLASHES, LIGHT_CURVES, STAMPS)
TABLES = {
    table.name: table
    for table in (
        *(TRACKLETS, TRACKLET_ALERTS, CANDIDATES, EXPOSURES),
        *(SATELLITES, BLIND_MATCHES, *GLINT_TABLES),
    )
}


def markdown() -> str:
    """The tables as a page of documentation."""
    lines = [
        "# The tables",
        "",
        "Generated by `make docs` from `fink_tracklets/tables.py`. Times are UTC, positions ICRS.",
    ]
    for table in TABLES.values():
        lines += ["", f"## {table.name}", "", f"{table.meaning[0].upper()}{table.meaning[1:]}.", ""]
        lines += ["| column | type | unit | meaning |", "| --- | --- | --- | --- |"]
        lines += [f"| {c.name} | {c.type} | {c.unit} | {c.meaning} |" for c in table.columns]
    return "\n".join(lines)
