"""Epochs of orbit messages: ISO 8601 by month or by day of year, leap seconds included."""

from __future__ import annotations

import re
from datetime import date, timedelta

import erfa

ISO = re.compile(
    r"(\d{4})-(?:(\d\d)-(\d\d)|(\d{3}))[T ](\d\d):(\d\d):(\d\d(?:\.\d*)?)(?:Z|[+-]00:?00)?",
    re.ASCII,
)
DAY_0 = date(1949, 12, 31)


def days_since_1950(text: str) -> float:
    """Days since 1949 December 31, 0 h UTC, as `sgp4` counts them.

    A moment within a leap second is counted back from the midnight that follows it.

    Raises
    ------
    ValueError : says what is right

    Examples
    --------
    >>> days_since_1950("1950-01-01T12:00:00"), days_since_1950("1950-001T12:00:00Z")
    (1.5, 1.5)
    """
    match = ISO.fullmatch(text.strip())
    right = "write YYYY-MM-DDThh:mm:ss or YYYY-DDDThh:mm:ss (UTC)"
    if match is None:
        raise ValueError(f"the epoch {text.strip()[:40]!r} is not a moment: {right}")
    year, month, day, of_year, hour, minute = (int(part or 0) for part in match.groups()[:6])
    second = float(match[7])
    try:
        when = date(year, month, day) if month else date(year, 1, 1) + timedelta(of_year - 1)
    except (ValueError, OverflowError):
        when = date.min
    leap = second >= 60
    if when.year != year or hour > 23 or minute > 59 or second >= 61 or (leap and not _leaps(when)):
        raise ValueError(f"the epoch {text.strip()[:40]!r} is not in the calendar: {right}")
    if leap and (hour, minute) != (23, 59):
        raise ValueError(f"the epoch {text.strip()[:40]!r} has 60 seconds, but not at 23:59")
    seconds = 3600 * hour + 60 * minute + second - leap
    return (when - DAY_0).days + seconds / 86400


def _leaps(day: date) -> bool:
    """Whether a day (UTC) ends with a leap second."""
    after = day + timedelta(1)
    if after.day != 1:
        return False
    known = erfa.leap_seconds.get()
    since_1972 = known[known["year"] >= 1972][1:]
    return (after.year, after.month) in set(
        zip(since_1972["year"], since_1972["month"], strict=True)
    )
