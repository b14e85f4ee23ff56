"""The objects of a store that no catalogue has, each with its tracklets and where it will be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd

from fink_tracklets.naming import parse_night
from fink_tracklets.orbits.predict import dark_times, predict
from fink_tracklets.service.reading.snapshot import Snapshot
from fink_tracklets.service.refusal import Refusal
from fink_tracklets.store.folder import Folder
from fink_tracklets.store.objects import read_objects

Row = dict[str, Any]

EVERY_MINUTES = 30.0
"""Between the predicted places."""
HIDDEN = ("possible",)
"""What a list of objects does not tell."""


def objects(folder: Folder) -> list[Row]:
    """All objects, the one seen last first."""
    rows = read_objects(folder).drop(columns=list(HIDDEN))
    return [_row(row) for _, row in rows.sort_values("last_seen", ascending=False).iterrows()]


def object_of(folder: Folder, name: str) -> tuple[Row, pd.DataFrame]:
    """An object, and its row of the table.

    Raises
    ------
    Refusal : 404 where there is none of that name
    """
    table = read_objects(folder)
    found = table[table["object"] == name]
    if not len(found):
        raise Refusal(404, f"The store has no object {name}.")
    return _row(found.iloc[0].drop(list(HIDDEN))), found


def object_with(folder: Folder, tracklet: str) -> str | None:
    """The object that a tracklet is of."""
    table = read_objects(folder)
    has = [tracklet in names for names in table["tracklets"]]
    return str(table.loc[has, "object"].iloc[0]) if any(has) else None


def places(snapshot: Snapshot, found: pd.DataFrame) -> tuple[str, list[Row]]:
    """Where an object will be in the night after the newest of the store, and that night."""
    newest = max(snapshot.nights)
    night = (parse_night(newest) + timedelta(days=1)).strftime("%Y%m%d")
    site = snapshot.nights[newest].survey.site
    predicted = predict(found, dark_times(night, site, EVERY_MINUTES), site)
    return night, [_row(row) for _, row in predicted.iterrows()]


def _row(row: pd.Series) -> Row:
    """A row as plain Python values."""
    plain: Row = {}
    for name, value in row.items():
        if hasattr(value, "tolist"):
            value = value.tolist()
        missing = not isinstance(value, list) and pd.isna(value)
        plain[str(name)] = None if missing else value
    for name in ("nearest_number", "same_as"):
        if plain.get(name) is not None:
            plain[name] = int(plain[name])
    for name in ("first_seen", "last_seen", "same_since"):
        if plain.get(name) is not None:
            plain[name] = plain[name].to_pydatetime()
    return plain
