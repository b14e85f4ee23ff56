"""Names, made and parsed: of tracklets, TRCK_YYYYMMDD_hhmmss_NN, and of nights, YYYYMMDD."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fink_tracklets.errors import UserError

UNIX_EPOCH_JD = 2440587.5
PREFIX = "TRCK_"
"""How every tracklet's name begins."""
SECOND = len("TRCK_YYYYMMDD_hhmmss")
"""Length of the part that all tracklets of one exposure second share."""
WHOLE = re.compile(r"TRCK_(\d{8})_(\d{6})_(\d{2,9})", re.ASCII)
BEGINNING = re.compile(r"TRCK_(\d{0,8})(?:(?<=\d{8})_(\d{0,6}))?(?:(?<=_\d{6})_\d{0,9})?", re.ASCII)


class TrackletName(NamedTuple):
    """A tracklet's name in its parts."""

    date: str
    """YYYYMMDD, UTC, of the exposure's start; the night may be another."""
    time: str
    """hhmmss, UTC, of the exposure's start."""
    number: int
    """Among the tracklets of that second."""

    @property
    def day(self) -> str:
        """YYYY-MM-DD, UTC."""
        return f"{self.date[:4]}-{self.date[4:6]}-{self.date[6:]}"

    @property
    def moment(self) -> str:
        """YYYY-MM-DD hh:mm:ss, UTC."""
        return f"{self.day} {self.time[:2]}:{self.time[2:4]}:{self.time[4:]}"


def parse_tracklet_name(text: str) -> TrackletName | None:
    """The parts of a tracklet's name; None where the text is none.

    Examples
    --------
    >>> parse_tracklet_name("TRCK_20211022_091949_01")
    TrackletName(date='20211022', time='091949', number=1)
    """
    match = WHOLE.fullmatch(text)
    return TrackletName(match[1], match[2], int(match[3])) if match else None


def name_parts(name: str) -> TrackletName:
    """The parts of what must be a tracklet's name; anything else is a `ValueError`."""
    parts = parse_tracklet_name(name)
    if parts is None:
        raise ValueError(f"'{name}' is not a tracklet's name")
    return parts


def parse_name_beginning(text: str) -> tuple[str, str] | None:
    """The digits of date and time in how a tracklet's name begins; None where none begins so.

    Examples
    --------
    >>> parse_name_beginning("TRCK_20211022_09"), parse_name_beginning("TRCK_2021")
    (('20211022', '09'), ('2021', ''))
    """
    match = BEGINNING.fullmatch(text)
    return (match[1], match[2] or "") if match else None


def parse_night(night: str) -> datetime:
    """The date of a night written YYYYMMDD; anything else is a `UserError`."""
    try:
        if re.fullmatch(r"\d{8}", night, re.ASCII):
            return datetime.strptime(night, "%Y%m%d")
    except ValueError:
        pass
    raise UserError(f"'{night}' is not a night: write it as YYYYMMDD, for example 20210604.")


def exposure_microseconds(jd: NDArray[np.float64]) -> NDArray[np.int64]:
    """Microseconds since 1970-01-01 UTC of exposure starts (JD UTC), rounded.

    A JD double resolves 40 of them; the broker's own conversion rounds so, too.
    """
    days = np.asarray(jd, dtype=float) - UNIX_EPOCH_JD
    return np.rint(days * 86_400_000_000).astype(np.int64)


def exposure_second(jd: NDArray[np.float64]) -> NDArray[np.int64]:
    """Whole seconds since 1970-01-01 UTC of exposure starts (JD UTC), truncated."""
    return exposure_microseconds(jd) // 1_000_000


def exposure_prefix(second: int) -> str:
    """How the names of all tracklets of one exposure second (since 1970, UTC) begin."""
    start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(second))
    return f"{PREFIX}{start:%Y%m%d_%H%M%S}"


def tracklet_name(second: int, number: int) -> str:
    """The name of the tracklet of that number among those of one exposure second."""
    return f"{exposure_prefix(second)}_{number:02d}"


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
