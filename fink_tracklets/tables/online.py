"""What the running night says: a table that only grows."""

from fink_tracklets.tables.night import ALERT
from fink_tracklets.tables.table import Column, Table

ONLINE = Table(
    "online",
    "one row per change of an alert's provisional name while the night runs; the last row of an "
    "alert counts",
    (
        ALERT[0],
        Column("tracklet", "string", "", "name of its tracklet, provisional; null: withdrawn"),
        *ALERT[1:],
        Column("written", "timestamp", "", "when the stream said so, UTC"),
    ),
)
