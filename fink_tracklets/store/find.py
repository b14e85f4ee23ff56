"""Where in a store a tracklet is."""

from __future__ import annotations

from pathlib import Path

from fink_tracklets.errors import UserError
from fink_tracklets.naming import parse_tracklet_name
from fink_tracklets.store.manifest import stored_nights
from fink_tracklets.store.night import StoredNight, read_state
from fink_tracklets.store.open import open_folder


def night_of_tracklet(store: str | Path, name: str) -> str:
    """The night in which a tracklet is stored.

    A name has the UTC date of its exposure, which may differ from the night by a day.

    Raises
    ------
    UserError
        The text is no tracklet's name, or no night of the store has it.
    """
    parsed = parse_tracklet_name(name)
    if parsed is None:
        raise UserError(
            f"'{name}' is neither a night (YYYYMMDD) nor a tracklet (TRCK_YYYYMMDD_hhmmss_NN)."
        )

    def has(stored: StoredNight) -> bool:
        return name in stored.table("tracklets", ["tracklet"])["tracklet"].to_pylist()

    nights = stored_nights(open_folder(store))
    for night in sorted(nights, key=lambda night: abs(int(night) - int(parsed.date))):
        if read_state(store, night, has):
            return night
    raise UserError(f"The store {store} has no tracklet {name} in any of its nights.")
