"""Tracklet names: TRCK_YYYYMMDD_hhmmss_NN."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

UNIX_EPOCH_JD = 2440587.5


def exposure_second(jd: NDArray[np.float64]) -> NDArray[np.int64]:
    """Whole seconds since 1970-01-01 UTC of exposure starts (JD UTC), truncated.

    A JD double resolves 40 microseconds: the time is rounded to the microsecond before, as the
    broker's own conversion does.
    """
    microseconds = np.rint((np.asarray(jd, dtype=float) - UNIX_EPOCH_JD) * 86_400_000_000)
    return microseconds.astype(np.int64) // 1_000_000


def tracklet_name(second: int, number: int) -> str:
    """The name of the tracklet of that number among those of one exposure second."""
    start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(second))
    return f"TRCK_{start:%Y%m%d_%H%M%S}_{number:02d}"


def tracklet_names(tracklets: pd.DataFrame) -> pd.Series:
    """Names that the same alerts get in any order, partitioning or rerun.

    Tracklets of one exposure second, be it of several exposures, are numbered by decreasing number
    of alerts, then by their smallest alert id.

    Parameters
    ----------
    tracklets : one row per tracklet, with jd (exposure start, UTC), n_alerts and first_alert

    Returns
    -------
    The names, under the index of `tracklets`.
    """
    ranked = pd.DataFrame(
        {
            "second": exposure_second(tracklets["jd"].to_numpy(float)),
            "n_alerts": tracklets["n_alerts"],
            "first_alert": tracklets["first_alert"],
        }
    ).sort_values(["second", "n_alerts", "first_alert"], ascending=[True, False, True])
    number = ranked.groupby("second").cumcount()
    names = [tracklet_name(s, n) for s, n in zip(ranked["second"], number, strict=True)]
    return pd.Series(names, index=ranked.index, dtype=object).reindex(tracklets.index)
