"""The old place of `read_table`, for those who import it from here."""

from __future__ import annotations

import warnings
from pathlib import Path

import pyarrow as pa

from fink_tracklets.store.night import read_state


def read_table(store: str | Path, name: str, night: str) -> pa.Table:
    """One table of a night: use `fink_tracklets.read_table`."""
    warnings.warn(
        "fink_tracklets.store.parquet.read_table is now fink_tracklets.read_table",
        DeprecationWarning,
        stacklevel=2,
    )
    return read_state(store, night, lambda stored: stored.table(name))
