"""What is asked: tracklets by date or name, from text to typed values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fink_tracklets import naming
from fink_tracklets.errors import UserError
from fink_tracklets.naming import parse_tracklet_name
from fink_tracklets.service.refusal import shown, wrong
from fink_tracklets.service.wanted import Wanted, parse_date, parse_id, possible

FORMATS = ("json", "csv", "parquet", "votable")
ARGUMENTS = {
    "date": "UTC of the exposure: YYYY-MM-DD, YYYY-MM-DD hh, YYYY-MM-DD hh:mm, "
    "YYYY-MM-DD hh:mm:ss, YYYY-MM-DD hh:mm:ss NN for one of its tracklets, or how one of these "
    "begins (2021-10).",
    "id": "Name of a tracklet, TRCK_YYYYMMDD_hhmmss_NN, how names begin (TRCK_20211022_09), "
    "TRCK_..._NN_ALERTOBJECT for one row, or a date. It wins over date.",
    "columns": "Columns to return, with commas between: i:objectId,d:tracklet,v:lastdate. "
    "Default *, all.",
    "output-format": "json (default), csv, parquet or votable.",
    "after": "Name of a tracklet: only what follows it in the order of the answer, newest first. "
    "The header Link of an answer that is not complete uses it.",
}
"""What /api/v1/tracklet takes, and what it says of it."""


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
    if not ("date" in given or "id" in given):
        raise wrong("Give either date or id: date=2021-10-22 or id=TRCK_20211022_091949_00.")
    after = given.get("after", "")
    if after:
        parse_name(after)
    return Query(
        wanted=parse_id(given["id"]) if "id" in given else parse_date(given["date"]),
        columns=parse_columns(given.get("columns", "*")),
        format=parse_format(given.get("output-format", "json")),
        after=after,
    )


def parse_name(text: str) -> str:
    """A tracklet's whole name."""
    name = parse_tracklet_name(text)
    if name is None or not possible(name.date, name.time):
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
    """One of `FORMATS`, in any case of letters."""
    name = text.strip().lower()
    if name not in FORMATS:
        raise wrong(f"Unknown output-format {shown(text)}: it is json, csv, parquet or votable.")
    return name
