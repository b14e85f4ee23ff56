"""Which tracklets a text asks for: a date, a name, a row key, or how one of these begins.

The broker's own route makes a prefix of row keys of whatever it is given, and scripts rely on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from fink_tracklets.naming import PREFIX, parse_name_beginning, parse_tracklet_name
from fink_tracklets.service.refusal import shown, wrong

ZONE = re.compile(r"(?:Z|[+-]00:?00)$", re.ASCII)
DATE = re.compile(r"(\d{1,8})|(\d{4})-(?:(\d{1,2})(-(?:(\d{1,2}))?)?)?", re.ASCII)
"""Digits of YYYYMMDD, or YYYY-MM-DD or how that begins."""
TIME = re.compile(
    r"(?:(\d{1,6})|(\d{1,2}):(?:(\d{1,2})(?::(?:(\d{1,2})(?:[.,]\d*)?)?)?)?)"
    r"(?:[ _]+(\d{1,9}))?",
    re.ASCII,
)
"""Digits of hhmmss, or hh:mm:ss or how that begins; then a tracklet's number."""
ROW_KEY = re.compile(r"(TRCK_\d{8}_\d{6}_\d{2,9})_([!-~]{1,100})", re.ASCII)
FIRST_DIGITS = {"month": 1, "day": 3, "hour": 2, "minute": 5, "second": 5}
"""The greatest first digit of two."""
FORMS = (
    "YYYY-MM-DD, YYYY-MM-DD hh, YYYY-MM-DD hh:mm, YYYY-MM-DD hh:mm:ss, YYYY-MM-DD hh:mm:ss NN, "
    "or how one of these begins (UTC)"
)
NAMES = "TRCK_YYYYMMDD_hhmmss_NN, how such a name begins, or YYYY-MM-DD hh:mm:ss NN (UTC)"


@dataclass(frozen=True)
class Wanted:
    """Which tracklets: all whose name begins so, or the one of that name."""

    prefix: str
    exact: bool = False
    row: str = ""
    """How the row keys of the wanted rows begin; empty: all rows."""


def parse_date(text: str) -> Wanted:
    """A UTC date, from a year to one tracklet, as the names that it stands for.

    Examples
    --------
    >>> parse_date("2021-10-22 09")
    Wanted(prefix='TRCK_20211022_09', exact=False, row='')
    >>> parse_date("2021-10-22T09:19:49.997Z")
    Wanted(prefix='TRCK_20211022_091949_', exact=False, row='')
    """
    return _wanted(text, f"is not a date: write {FORMS}.")


def parse_id(text: str) -> Wanted:
    """A tracklet's name, a row key, how one of them begins, or a date.

    Examples
    --------
    >>> parse_id("TRCK_20211022_0919")
    Wanted(prefix='TRCK_20211022_0919', exact=False, row='')
    >>> parse_id("2021-10-22 09:19:49 00")
    Wanted(prefix='TRCK_20211022_091949_00', exact=True, row='')
    """
    return _wanted(text, f"is not an id: write {NAMES}.")


def possible(date: str, time: str) -> bool:
    """Whether a moment begins with these digits of YYYYMMDD and hhmmss."""
    for rest in ("20000101", "20001010"):
        try:
            datetime.strptime(date + rest[len(date) :] + time.ljust(6, "0"), "%Y%m%d%H%M%S")
        except ValueError:
            continue
        return True
    return False


def _wanted(text: str, else_: str) -> Wanted:
    plain = text.strip()
    found = _named(plain) or _dated(ZONE.sub("", plain)) if plain else None
    if found is None:
        raise wrong(f"{shown(text)} {else_}")
    return found


def _named(text: str) -> Wanted | None:
    """A name, a row key, or how a name begins."""
    if match := ROW_KEY.fullmatch(text):
        name = parse_tracklet_name(match[1])
        if name and possible(name.date, name.time):
            return Wanted(match[1], exact=True, row=text)
    if name := parse_tracklet_name(text):
        if possible(name.date, name.time):
            return Wanted(text, exact=True)
    elif beginning := parse_name_beginning(text):
        if possible(*beginning):
            return Wanted(text)
    elif PREFIX.startswith(text):
        return Wanted(PREFIX)
    return None


def _dated(text: str) -> Wanted | None:
    """A date or how one begins."""
    day, _, rest = re.sub(r"[T _]+", " ", text, count=1).partition(" ")
    date = _date(day, followed=bool(rest))
    if date is None or (rest and len(date) < 8):
        return None
    time, number = "", ""
    if rest:
        match = TIME.fullmatch(rest.strip())
        if match is None:
            return None
        compact, hour, minute, second, number = match.groups(default="")
        time = (
            _two("hour", compact, False)
            if compact
            else _two("hour", hour, True)
            + _two("minute", minute, bool(second))
            + _two("second", second, bool(number))
        )
        if number and len(time) < 6:
            return None
    if not possible(date, time):
        return None
    prefix = f"{PREFIX}{date}" + (f"_{time}" if time else "")
    if len(time) == 6:
        prefix += f"_{number}"
    return Wanted(prefix, exact=len(number) > 1)


def _date(text: str, followed: bool) -> str | None:
    """The digits of YYYYMMDD that a text has."""
    match = DATE.fullmatch(text)
    if match is None:
        return None
    compact, year, month, more, day = match.groups(default="")
    if compact:
        return compact
    return year + _two("month", month, bool(more)) + _two("day", day, followed)


def _two(what: str, digits: str, followed: bool) -> str:
    """Two digits, where one was written for both: the other is a zero before it.

    One digit that begins a number of two, and is followed by nothing, stays a beginning: 2021-1 is
    October to December, 2021-6 is June, 2021-1-5 is January 5.
    """
    if len(digits) == 1 and (followed or int(digits) > FIRST_DIGITS[what]):
        return f"0{digits}"
    return digits
