"""How tests look at stored nights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fink_tracklets.store.manifest import stored_nights
from fink_tracklets.store.night import open_night
from fink_tracklets.store.open import open_folder


def read_manifest(store: str | Path, night: str) -> dict[str, Any]:
    """The manifest of a night, as JSON has it."""
    return open_night(store, night).manifest.as_dict()


def nights(store: str | Path) -> list[str]:
    """The nights of a store, oldest first."""
    return stored_nights(open_folder(store))
