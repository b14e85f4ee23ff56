"""Orbit Mean-elements Messages (CCSDS 502.0-B) in JSON, CSV, XML and KVN.

`sgp4` has a reader of these, too. Ours goes on after a damaged set and says which one it was, reads
KVN, and keeps catalogue numbers of more than five digits, which `sgp4` itself cannot hold.
"""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from sgp4.api import WGS72, Satrec

from fink_tracklets.satellites.element_set import (
    ElementSet,
    NotUsable,
    Unusable,
    catalogue_number,
    possible,
)
from fink_tracklets.satellites.epoch import days_since_1950

Record = Mapping[str, Any]
KVN_LINE = re.compile(r"\s*([A-Z][A-Z0-9_]*)\s*=\s*(.*?)\s*(?:\[[^\]]*\])?\s*")
"""KEY = value [unit]"""
EXPECTED = {
    "MEAN_ELEMENT_THEORY": ("SGP4", "SGP/SGP4"),
    "EPHEMERIS_TYPE": ("0", "0.0"),
    "CENTER_NAME": ("EARTH",),
    "REF_FRAME": ("TEME", "TEMEOFDATE", "TEME OF DATE"),
    "TIME_SYSTEM": ("UTC",),
}
"""What a message must say of its elements, if it says anything."""


def json_records(text: str) -> Iterator[tuple[str, Any]]:
    """Each set of a JSON array, or the only one; ValueError where it is not whole JSON."""
    try:
        content = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    for k, row in enumerate(content if isinstance(content, list) else [content], 1):
        yield f"set {k}", row


def csv_records(text: str) -> Iterator[tuple[str, Any]]:
    """Each row below the header; ValueError where a row cannot be told from the next."""
    try:
        for k, row in enumerate(csv.DictReader(io.StringIO(text)), 1):
            yield f"row {k}", row
    except csv.Error as error:
        raise ValueError(str(error)) from None


def xml_records(text: str) -> Iterator[tuple[str, Any]]:
    """Each segment, whatever its namespace; ValueError where it is not whole XML."""
    if "<!entity" in text[:10_000].lower():
        raise ValueError("it declares entities, which orbit messages do not")
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        raise ValueError(str(error)) from None
    segments = (part for part in root.iter() if _local(part.tag) == "segment")
    for k, segment in enumerate(segments, 1):
        filled = (e for e in segment.iter() if e.text and e.text.strip())
        yield f"set {k}", {_local(e.tag): e.text for e in filled}


def _local(tag: object) -> str:
    """A tag without its namespace."""
    return str(tag).rpartition("}")[2]


def looks_like_kvn(text: str) -> bool:
    """Whether a text begins with lines KEY = value."""
    return KVN_LINE.fullmatch(text.lstrip().split("\n", 1)[0].rstrip("\r")) is not None


def kvn_records(text: str) -> Iterator[tuple[str, Any]]:
    """Each message: one begins with the version, or where a key comes again."""
    record: dict[str, str] = {}
    first = 1
    for k, line in enumerate(text.splitlines(), 1):
        match = KVN_LINE.fullmatch(line)
        if match is None:
            continue
        key, value = match.groups()
        if record and (key == "CCSDS_OMM_VERS" or key in record):
            yield f"line {first}", record
            record, first = {}, k
        record[key] = value
    if record:
        yield f"line {first}", record


def read_records(
    records: Iterator[tuple[str, Any]], path: str, unusable: list[Unusable]
) -> Iterator[ElementSet]:
    """The sets of some messages; what is refused goes to `unusable`."""
    for where, record in records:
        try:
            if not isinstance(record, dict):
                raise NotUsable("damaged", f"{str(record)[:40]!r} is not a set of named elements")
            yield element_set(record)
        except NotUsable as error:
            unusable.append(Unusable(error.kind, f"{path}, {where}: {error}"))


def element_set(record: Record) -> ElementSet:
    """One message. `sgp4` never sees the number: it cannot hold new ones.

    Raises
    ------
    NotUsable : the theory is another, an element is missing or impossible
    """
    _check_theory(record)
    try:
        day = days_since_1950(_text(record, "EPOCH"))
    except ValueError as error:
        raise NotUsable("damaged", str(error)) from None
    motion, eccentricity = _number(record, "MEAN_MOTION"), _number(record, "ECCENTRICITY")
    if not (motion > 0 and 0 <= eccentricity < 1):
        raise NotUsable(
            "impossible orbit",
            f"mean motion {motion:g} or eccentricity {eccentricity:g} is impossible",
        )
    satrec = Satrec()
    satrec.sgp4init(  # which takes no keywords
        WGS72,
        "i",
        0,
        day,
        _number(record, "BSTAR"),
        _number(record, "MEAN_MOTION_DOT", 0.0) * 2 * np.pi / 1440**2,
        _number(record, "MEAN_MOTION_DDOT", 0.0) * 2 * np.pi / 1440**3,
        eccentricity,
        np.radians(_number(record, "ARG_OF_PERICENTER")),
        np.radians(_number(record, "INCLINATION")),
        np.radians(_number(record, "MEAN_ANOMALY")),
        motion * 2 * np.pi / 1440,
        np.radians(_number(record, "RA_OF_ASC_NODE")),
    )
    number = _number(record, "NORAD_CAT_ID")
    if number % 1:
        raise NotUsable("damaged", f"{number} is no catalogue number")
    name, launch = (str(record.get(key) or "").strip() for key in ("OBJECT_NAME", "OBJECT_ID"))
    jd = satrec.jdsatepoch + satrec.jdsatepochF
    return ElementSet(catalogue_number(int(number)), name, launch, jd, possible(satrec))


def _check_theory(record: Record) -> None:
    for key, right in EXPECTED.items():
        given = record.get(key)
        said = "" if given is None else str(given).strip().upper()
        if said and said not in right:
            raise NotUsable(
                "another theory", f"{key} is {said[:40]}, not {right[0]}: SGP4 cannot take it"
            )
    if "BTERM" in record and "BSTAR" not in record:
        raise NotUsable("another theory", "it has BTERM in place of BSTAR: elements of SGP4-XP")


def _text(record: Record, key: str) -> str:
    value = record.get(key)
    if value is None or not str(value).strip():
        raise NotUsable("incomplete", f"it lacks {key}")
    return str(value)


def _number(record: Record, key: str, default: float | None = None) -> float:
    if default is not None and not str(record.get(key) or "").strip():
        return default
    text = _text(record, key)
    try:
        value = float(text)
    except ValueError:
        raise NotUsable("damaged", f"{key} is {text[:40]!r}, not a number") from None
    if not np.isfinite(value):
        raise NotUsable("damaged", f"{key} is {text[:40]}, not a number")
    return value
