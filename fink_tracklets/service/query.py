"""What is asked: tracklets by date or name, from text to typed values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fink_tracklets import naming
from fink_tracklets.errors import UserError
from fink_tracklets.naming import PREFIX, parse_name_beginning, parse_tracklet_name
from fink_tracklets.service.refusal import shown, wrong

FORMATS = ("json", "csv", "parquet", "votable")
ARGUMENTS = {
    "date": "UTC of the exposure: YYYY-MM-DD, YYYY-MM-DD hh, YYYY-MM-DD hh:mm, "
    "YYYY-MM-DD hh:mm:ss, or YYYY-MM-DD hh:mm:ss NN for one of its tracklets.",
    "id": "Name of a tracklet, TRCK_YYYYMMDD_hhmmss_NN, or how names begin (TRCK_20211022_09); "
    "YYYY-MM-DD hh:mm:ss and YYYY-MM-DD hh:mm:ss NN are understood, too.",
    "columns": "Columns to return, with commas between: i:objectId,d:tracklet,v:lastdate. "
    "Default *, all.",
    "output-format": "json (default), csv, parquet or votable.",
    "after": "Name of a tracklet: only what follows it in the order of the answer, newest first. "
    "The header Link of an answer that is not complete uses it.",
}
"""What /api/v1/tracklet takes, and what it says of it."""

DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d)(?::(\d\d)(?::(\d\d)(?: (\d{2,9}))?)?)?)?", re.ASCII
)
DATES = "YYYY-MM-DD, YYYY-MM-DD hh, YYYY-MM-DD hh:mm, YYYY-MM-DD hh:mm:ss or YYYY-MM-DD hh:mm:ss NN"


@dataclass(frozen=True)
class Wanted:
    """Which tracklets: all whose name begins so, or the one of that name."""

    prefix: str
    exact: bool = False


@dataclass(frozen=True)
class Query:
    """A call of /api/v1/tracklet."""

    wanted: Wanted
    columns: tuple[str, ...] = ()
    """Empty: all."""
    format: str = "json"
    after: str = ""
    """Only what follows this tracklet; empty: from the start."""


def parse_query(given: Mapping[str, Any]) -> Query:
    """The typed call.

    Parameters
    ----------
    given : argument to value, as the client sent them

    Raises
    ------
    Refusal : 400 with a sentence that says what is right
    """
    for name, value in given.items():
        if name not in ARGUMENTS:
            known = ", ".join(ARGUMENTS)
            raise wrong(f"Unknown argument {shown(name)}: the arguments are {known}.")
        if not isinstance(value, str):
            raise wrong(f"The argument {name} must be a text.")
    if ("date" in given) == ("id" in given):
        raise wrong("Give either date or id: date=2021-10-22 or id=TRCK_20211022_091949_00.")
    after = given.get("after", "")
    if after:
        parse_name(after)
    return Query(
        wanted=parse_date(given["date"]) if "date" in given else parse_id(given["id"]),
        columns=parse_columns(given.get("columns", "*")),
        format=parse_format(given.get("output-format", "json")),
        after=after,
    )


def parse_date(text: str) -> Wanted:
    """A UTC date, from a day to one tracklet, as the names that it stands for.

    Examples
    --------
    >>> parse_date("2021-10-22 09")
    Wanted(prefix='TRCK_20211022_09', exact=False)
    >>> parse_date("2021-10-22 09:19:49 00")
    Wanted(prefix='TRCK_20211022_091949_00', exact=True)
    """
    match = DATE.fullmatch(text)
    if match is None:
        raise wrong(f"{shown(text)} is not a date: write {DATES} (UTC).")
    year, month, day, hour, minute, second, number = match.groups(default="")
    if not _possible(year + month + day, hour + minute + second):
        raise wrong(f"{shown(text)} is not a moment of the calendar: write {DATES} (UTC).")
    prefix = f"{PREFIX}{year}{month}{day}"
    if hour:
        prefix += f"_{hour}{minute}{second}"
    if second:
        prefix += f"_{number}"
    return Wanted(prefix, exact=bool(number))


def parse_id(text: str) -> Wanted:
    """A tracklet's name, how names begin, or a moment in the documentation's spelling.

    Examples
    --------
    >>> parse_id("TRCK_20211022_0919")
    Wanted(prefix='TRCK_20211022_0919', exact=False)
    >>> parse_id("2021-10-22 09:19:49")
    Wanted(prefix='TRCK_20211022_091949_', exact=False)
    """
    right = (
        "write TRCK_YYYYMMDD_hhmmss_NN, how such a name begins, or YYYY-MM-DD hh:mm:ss "
        "with or without NN (UTC)"
    )
    if match := DATE.fullmatch(text):
        if not match[6]:
            raise wrong(f"{shown(text)} is not an id: {right}.")
        return parse_date(text)
    if name := parse_tracklet_name(text):
        if _possible(name.date, name.time):
            return Wanted(text, exact=True)
    elif beginning := parse_name_beginning(text):
        if _possible(*beginning):
            return Wanted(text)
    elif text and PREFIX.startswith(text):
        return Wanted(PREFIX)
    raise wrong(f"{shown(text)} is not an id: {right}.")


def parse_name(text: str) -> str:
    """A tracklet's whole name."""
    name = parse_tracklet_name(text)
    if name is None or not _possible(name.date, name.time):
        raise wrong(f"{shown(text)} is not a tracklet's name: write TRCK_YYYYMMDD_hhmmss_NN.")
    return text


def parse_night(text: str) -> str:
    """A night's name."""
    try:
        naming.parse_night(text)
    except UserError:
        raise wrong(f"{shown(text)} is not a night: write YYYYMMDD.") from None
    return text


def parse_number(text: str, what: str) -> int:
    """A whole number that 64 bits hold."""
    if not re.fullmatch(r"\d{1,19}", text, re.ASCII) or int(text) >= 2**63:
        raise wrong(f"{shown(text)} is not {what}: write digits, a number below 2^63.")
    return int(text)


def parse_columns(text: str) -> tuple[str, ...]:
    """Names of columns; empty for all. Whether they exist the answer knows."""
    if text.strip() == "*":
        return ()
    names = tuple(name.strip() for name in text.split(","))
    if len(text) > 10_000 or len(set(names)) < len(names):
        raise wrong("The argument columns must name each column once: i:objectId,d:tracklet.")
    return names


def parse_format(text: str) -> str:
    """One of `FORMATS`."""
    if text not in FORMATS:
        raise wrong(f"Unknown output-format {shown(text)}: it is json, csv, parquet or votable.")
    return text


def _possible(date: str, time: str) -> bool:
    """Whether a moment begins with these digits of YYYYMMDD and hhmmss."""
    for rest in ("20000101", "20001010"):
        try:
            datetime.strptime(date + rest[len(date) :] + time.ljust(6, "0"), "%Y%m%d%H%M%S")
        except ValueError:
            continue
        return True
    return False
