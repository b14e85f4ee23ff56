"""Names, made and parsed: of tracklets, TRCK_YYYYMMDD_hhmmss_NN, and of nights, YYYYMMDD."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fink_tracklets.errors import UserError

UNIX_EPOCH_JD = 2440587.5
PREFIX = "TRCK_"
"""How every tracklet's name begins."""
SHORT_PREFIX = "SHORT_"
"""How the name of every short track begins that is known by itself."""
ARC_PREFIX = "ARC_"
"""And of one that is known by the predicted arc of an object."""
LINE_PREFIX = "LINE_"
"""And of a straight line of three alerts or more, by itself or with its stamps."""
SECOND = len("TRCK_YYYYMMDD_hhmmss")
"""Length of the part that all tracklets of one exposure second share."""
WHOLE = re.compile(r"TRCK_(\d{8})_(\d{6})_(\d{2,9})", re.ASCII)
OBJECT = re.compile(r"OBJ_\d{8}_\d{6}_\d{2,9}", re.ASCII)
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


def object_name(tracklet: str) -> str:
    """The name of an object of ours, after its first tracklet."""
    return "OBJ_" + tracklet.removeprefix(PREFIX)


def is_object_name(text: str) -> bool:
    """Whether an object of ours may be called so."""
    return OBJECT.fullmatch(text) is not None


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


def night_jd(night: str) -> float:
    """The Julian date of 0 h UTC on the date that a night, YYYYMMDD, is named after."""
    return parse_night(night).toordinal() + 1721424.5


@dataclass(frozen=True)
class NightSpan:
    """Nights of one or more ranges, the earliest first, each night once."""

    ranges: tuple[tuple[date, date], ...]
    """First and last night of each; between two of them at least one night is missing."""

    def __contains__(self, night: str) -> bool:
        return any(_night(first) <= night <= _night(last) for first, last in self.ranges)

    def __iter__(self) -> Iterator[str]:
        for first, last in self.ranges:
            for k in range((last - first).days + 1):
                yield _night(first + timedelta(days=k))

    def __len__(self) -> int:
        return sum((last - first).days + 1 for first, last in self.ranges)

    def __str__(self) -> str:
        return ",".join(
            _night(first) + (f"..{_night(last)}" if last > first else "")
            for first, last in self.ranges
        )


def parse_nights(text: str) -> NightSpan:
    """A span of nights, as it is written on the command line.

    Parameters
    ----------
    text : nights and ranges with commas between them; a range has its first and its last night

    Raises
    ------
    UserError
        The text is none, a night is no date, or a range runs backwards.

    Examples
    --------
    >>> span = parse_nights("20211023..20211024,20210604,20211022")
    >>> str(span), len(span), "20211023" in span
    ('20210604,20211022..20211024', 4, True)
    """
    ranges: list[tuple[date, date]] = []
    for first, last in sorted(_range(part.strip(), text) for part in text.split(",")):
        if ranges and (first - ranges[-1][1]).days <= 1:
            ranges[-1] = ranges[-1][0], max(last, ranges[-1][1])
        else:
            ranges.append((first, last))
    return NightSpan(tuple(ranges))


def _range(part: str, text: str) -> tuple[date, date]:
    """First and last night of a part of a span; the whole text is for the error."""
    ends = part.split("..")
    try:
        first, last = parse_night(ends[0]).date(), parse_night(ends[-1]).date()
    except UserError as error:
        raise _no_span(text, str(error).partition(":")[0]) from error
    if len(ends) > 2:
        raise _no_span(text, f"'{part}' has more than two ends")
    if last < first:
        raise UserError(
            f"The nights {part} run backwards: write the earlier one first, {ends[-1]}..{ends[0]}."
        )
    return first, last


def _no_span(text: str, why: str) -> UserError:
    return UserError(
        f"'{text}' is not a span of nights, since {why}: write YYYYMMDD, YYYYMMDD..YYYYMMDD (both "
        "included), or several with commas, for example 20210604,20211022..20211024."
    )


def _night(day: date) -> str:
    return day.isoformat().replace("-", "")


def dated_paths(path: str, night: str) -> tuple[str, ...]:
    """The paths that {Y}, {m} and {d} in a path may stand for: zero-padded, then without padding.

    Examples
    --------
    >>> dated_paths("lake/{Y}/{m}", "20210604")
    ('lake/2021/06', 'lake/2021/6')
    """
    date = parse_night(night)
    spellings = ((f"{date:%m}", f"{date:%d}"), (str(date.month), str(date.day)))
    paths = (
        path.replace("{Y}", f"{date:%Y}").replace("{m}", month).replace("{d}", day)
        for month, day in spellings
    )
    return tuple(dict.fromkeys(paths))


def exposure_microseconds(jd: NDArray[np.float64]) -> NDArray[np.int64]:
    """Microseconds since 1970-01-01 UTC of exposure starts (JD UTC), rounded.

    A JD double resolves 40 of them; the broker's own conversion rounds so, too.
    """
    days = np.asarray(jd, dtype=float) - UNIX_EPOCH_JD
    return np.rint(days * 86_400_000_000).astype(np.int64)


def moment(jd: float) -> pd.Timestamp:
    """A Julian date (UTC) as a time stamp, to the microsecond."""
    return pd.Timestamp(int(exposure_microseconds(np.array([jd]))[0]), unit="us", tz="UTC")


def exposure_second(jd: NDArray[np.float64]) -> NDArray[np.int64]:
    """Whole seconds since 1970-01-01 UTC of exposure starts (JD UTC), truncated."""
    return exposure_microseconds(jd) // 1_000_000


def exposure_prefix(second: int, prefix: str = PREFIX) -> str:
    """How the names of all tracklets of one exposure second (since 1970, UTC) begin."""
    start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(second))
    return f"{prefix}{start:%Y%m%d_%H%M%S}"


def tracklet_name(second: int, number: int, prefix: str = PREFIX) -> str:
    """The name of the tracklet of that number among those of one exposure second."""
    return f"{exposure_prefix(second, prefix)}_{number:02d}"


def tracklet_names(
    tracklets: pd.DataFrame, prefix: str = PREFIX, known: Iterable[str] = ()
) -> pd.Series:
    """Names that the same alerts get in any order, partitioning or rerun.

    Tracklets of one exposure second, be it of several exposures, are numbered by decreasing number
    of alerts, then by their smallest alert id.

    Parameters
    ----------
    tracklets : one row per tracklet, with jd (exposure start, UTC), n_alerts and first_alert
    known : names with this prefix that others have: numbers go on behind these

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
    begin: dict[str, int] = {}
    for name in known:
        of_second, _, last = name.rpartition("_")
        begin[of_second] = max(begin.get(of_second, 0), int(last) + 1)
    number = ranked.groupby("second").cumcount()
    number += ranked["second"].map(lambda s: begin.get(exposure_prefix(s, prefix), 0))
    names = [tracklet_name(s, n, prefix) for s, n in zip(ranked["second"], number, strict=True)]
    return pd.Series(names, index=ranked.index, dtype=object).reindex(tracklets.index)


def with_names(
    alerts: pd.DataFrame, track: list[str], prefix: str, known: Iterable[str] = ()
) -> pd.DataFrame:
    """Alerts of short tracks with their names, `short_track`.

    Parameters
    ----------
    alerts : alert_id, jd (exposure start, UTC), n_alerts
    track : the columns that tell which track an alert is of
    known : see `tracklet_names`
    """
    tracks = alerts.groupby(track, as_index=False).agg(
        jd=("jd", "first"), n_alerts=("n_alerts", "first"), first_alert=("alert_id", "min")
    )
    tracks["short_track"] = tracklet_names(tracks, prefix, known)
    return alerts.merge(tracks[[*track, "short_track"]], on=track)
