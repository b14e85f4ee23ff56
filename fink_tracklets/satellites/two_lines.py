"""TLE and three-line sets. Any line that is not of a set is the name of the set that follows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sgp4.alpha5 import from_alpha5
from sgp4.api import Satrec

from fink_tracklets.satellites.element_set import (
    ElementSet,
    NotUsable,
    Unusable,
    catalogue_number,
    possible,
)

DIGITS = bytes(c - 48 if 48 <= c <= 57 else int(c == 45) for c in range(256))
"""What each character adds to a checksum."""
NUMBER = r"[ 0-9A-HJ-NP-Z][ 0-9]{4}"
FIRST = re.compile(
    rf"1 {NUMBER}[ UCS] .{{8}} [ 0-9]{{2}}[ 0-9]{{3}}\.[0-9 ]{{8}} [ +-][ 0]?\.[0-9 ]{{8}}"
    r"[ 0-9]? [ +-][0-9 ]{5}[ +-][0-9 ] [ +-][0-9 ]{5}[ +-][0-9 ] . [ 0-9]{4}.*",
    re.ASCII,
)
SECOND = re.compile(
    rf"2 {NUMBER} [ 0-9]{{3}}\.[0-9 ]{{4}} [ 0-9]{{3}}\.[0-9 ]{{4}} [0-9 ]{{7}} "
    r"[ 0-9]{3}\.[0-9 ]{4} [ 0-9]{3}\.[0-9 ]{4} [ 0-9]{2}\.[0-9 ]{8}[ 0-9]{5}.*",
    re.ASCII,
)
"""The columns of the two lines."""
THEORIES = {"2": "not in use", "3": "SDP4", "4": "SGP4-XP", "H": "of high precision"}


def read_lines(text: str, path: str, unusable: list[Unusable]) -> Iterator[ElementSet]:
    """The sets of a text; what is refused goes to `unusable`."""
    lines = [line.rstrip() for line in text.splitlines()]
    k, name = 0, ""
    while k < len(lines):
        line = lines[k]
        following = lines[k + 1] if k + 1 < len(lines) else ""
        if _starts_set(line, following):
            try:
                yield _element_set(name, line, following)
            except NotUsable as error:
                unusable.append(Unusable(error.kind, f"{path}, line {k + 1}: {error}"))
            k, name = k + 2, ""
        else:
            if (line[:2] == "2 " and len(line) >= 60) or (line[:2] == "1 " and len(line) >= 40):
                why = f"{path}, line {k + 1}: a line {line[0]} without its other line"
                unusable.append(Unusable("damaged", why))
                line = ""
            name = line.removeprefix("0 ").strip()
            k += 1


def _starts_set(line: str, following: str) -> bool:
    """A name may begin with "1 ", an element line may be cut short."""
    return line[:2] == "1 " and following[:2] == "2 " and max(len(line), len(following)) >= 60


def _element_set(name: str, first: str, second: str) -> ElementSet:
    for number, line, form in ((1, first, FIRST), (2, second, SECOND)):
        if len(line) < 68:
            why = f"line {number} of the set is cut short ({len(line)} of 69 characters)"
            raise NotUsable("damaged", why)
        given = line[68:69]
        said = sum(line[:68].encode("latin-1", "replace").translate(DIGITS)) % 10
        if given.isdigit() and said != int(given):
            why = f"the checksum of line {number} is wrong: {said}, not {given}"
            raise NotUsable("damaged", why)
        if not form.fullmatch(line):
            why = f"line {number} of the set has other characters than its columns can have"
            raise NotUsable("damaged", why)
    if first[2:7] != second[2:7]:
        why = f"the two lines are of objects {first[2:7]} and {second[2:7]}"
        raise NotUsable("damaged", why)
    if (theory := first[62]) not in " 0":
        known = f" ({THEORIES[theory]})" if theory in THEORIES else ""
        why = f"the ephemeris type is {theory}{known}, not 0: SGP4 cannot take it"
        raise NotUsable("another theory", why)
    try:
        number = catalogue_number(from_alpha5(first[2:7].strip()))
        satrec = Satrec.twoline2rv(first, second)
    except (ValueError, IndexError) as error:
        raise NotUsable("damaged", f"not an element set ({error})") from None
    jd = satrec.jdsatepoch + satrec.jdsatepochF
    launch = first[9:17].strip()
    if launch[:2].isdigit():
        launch = f"{1900 + int(launch[:2]) + 100 * (launch[:2] < '57')}-{launch[2:]}"
    return ElementSet(number, name, launch, jd, possible(satrec))
