"""What the running night says: a table that only grows."""

from fink_tracklets.tables.table import Column, Table

ONLINE = Table(
    "online",
    "one row per change of an alert's provisional name while the night runs; the last row of an "
    "alert counts",
    (
        Column("alert_id", "bigint", "", "the alert's number (ZTF: candid)"),
        Column("tracklet", "string", "", "name of its tracklet, provisional; null: withdrawn"),
        Column("object_id", "string", "", "the survey's object"),
        Column("exposure", "string", "", "the exposure, equal for all its alerts"),
        Column("jd", "double", "d", "start of the exposure, Julian date, UTC"),
        Column("ra", "double", "deg", "right ascension, ICRS"),
        Column("dec", "double", "deg", "declination, ICRS"),
        Column("band", "string", "", "filter"),
        Column("mag", "double", "mag", "difference magnitude"),
        Column("mag_err", "double", "mag", "its error"),
        Column("written", "timestamp", "", "when the stream said so, UTC"),
    ),
)
