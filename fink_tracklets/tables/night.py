"""The tables that `run` makes: tracklets, their alerts, the candidates, the exposures."""

from __future__ import annotations

from dataclasses import replace

from fink_tracklets.tables.table import Column, Table

ALERT = (
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
TRACKLET = Column("tracklet", "string", "", "name, TRCK_YYYYMMDD_hhmmss_NN")

TRACKLETS = Table(
    "tracklets",
    "one row per tracklet",
    (
        TRACKLET,
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
        TRACKLET,
        *ALERT,
        Column("along_arcsec", "double", "arcsec", "distance along the track from its first point"),
        Column("offset_arcsec", "double", "arcsec", "distance from the fitted curve"),
    ),
)
CANDIDATES = Table(
    "candidates",
    "one row per alert that passes the cuts",
    (
        *ALERT,
        Column("detector", "int", "", "where pixel positions are counted (ZTF: rcid)"),
        Column("x", "double", "pixel", "position in the detector"),
        Column("y", "double", "pixel", "position in the detector"),
        Column("tracklet", "string", "", "name of its tracklet, or null"),
        Column("quality", "double", "", "the survey's score of the alert (ZTF: rb)", since=3),
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
_OF_ALERT = ("alert_id", "exposure", "jd", "along_arcsec", "offset_arcsec")
_OF_TRACK = ("n_alerts", "length_arcsec", "position_angle_deg", "curvature", "rms_arcsec")
SHORT_TRACKS = Table(
    "short_tracks",
    "one row per alert on a short track: a line of four alerts that chance hardly makes, or of "
    "three and more on the predicted arc of an object or on a straight line",
    tuple(
        replace(column, since=3)
        for column in (
            Column(
                "short_track",
                "string",
                "",
                "name, SHORT_YYYYMMDD_hhmmss_NN; on an arc ARC_..., straight, of three, LINE_...",
            ),
            Column(
                "evidence",
                "string",
                "",
                "what speaks for it: alerts (their places and magnitudes), arc; stamps: these, too",
            ),
            *(column for column in TRACKLET_ALERTS.columns if column.name in _OF_ALERT),
            *(column for column in TRACKLETS.columns if column.name in _OF_TRACK),
            Column(
                "log10_nfa", "double", "", "log10 of the number of such lines expected by chance"
            ),
            Column("norad_cat_id", "bigint", "", "object on whose predicted arc it lies, or null"),
            Column("object_name", "string", "", "its name"),
            Column("certain", "boolean", "", "no other object comes near"),
            Column(
                "chance_probability",
                "double",
                "",
                "of such a match, see satellites; of lines on arcs: the share that chance makes",
            ),
        )
    ),
)
