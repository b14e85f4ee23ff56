"""Simple Cone Search 1.03 of the IVOA: tracklets by position.

https://www.ivoa.net/documents/latest/ConeSearch.html
"""

from __future__ import annotations

import math
import re

import numpy as np
import pyarrow as pa
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fink_tracklets.service.reading.columns import described, name_key
from fink_tracklets.service.reading.snapshot import Snapshot
from fink_tracklets.service.refusal import Refusal, shown, wrong
from fink_tracklets.service.requests import StoreReader, from_address
from fink_tracklets.service.rest.formats import MEDIA, to_votable, votable_error
from fink_tracklets.service.rest.openapi import TEXT, parameters, responses
from fink_tracklets.sky.sphere import distance_from_arc, ra_dec, unit_vectors

UCDS = {
    "tracklet": "ID_MAIN",
    "ra": "POS_EQ_RA_MAIN",
    "dec": "POS_EQ_DEC_MAIN",
}
"""As version 1.03 of the protocol names them."""
ARGUMENTS = {
    "RA": "Right ascension [deg, ICRS], modulo 360.",
    "DEC": "Declination [deg, ICRS], -90 to 90.",
    "SR": "Radius [deg], 0 to 180.",
    "VERB": "1, 2 or 3: all columns in any case.",
}
MOST = 10_000
"""Rows of an answer."""


OURS = {
    "ra": ("deg", "middle of the tracklet, ICRS"),
    "dec": ("deg", "middle of the tracklet, ICRS"),
    "separation_deg": ("deg", "of the nearest point of the tracklet"),
}
"""Unit and meaning of the columns that the search adds."""

router = APIRouter()


@router.get(
    "/api/v1/conesearch",
    summary="Cone search",
    openapi_extra=parameters(ARGUMENTS, dict.fromkeys(ARGUMENTS, TEXT)),
    responses=responses(MEDIA["votable"]),
    response_class=Response,
)
def conesearch(request: Request, reader: StoreReader) -> Response:
    """Tracklets that pass within SR [deg] of a position, as a VOTable."""
    try:
        given = {name.upper(): value for name, value in from_address(request).items()}
        ra = number(given, "RA", -1e6, 1e6) % 360
        dec = number(given, "DEC", -90, 90)
        radius = number(given, "SR", 0, 180)
        if given.get("VERB", "1") not in ("1", "2", "3"):
            raise wrong("VERB must be 1, 2 or 3.")
    except Refusal as refusal:
        return Response(votable_error(refusal.sentence), 400, media_type=MEDIA["votable"])
    table = cone(reader.index.snapshot(), ra, dec, radius)
    return Response(to_votable(table, described() | OURS, UCDS), media_type=MEDIA["votable"])


def number(given: dict[str, str], name: str, low: float, high: float) -> float:
    """A number of the request within its range."""
    text = given.get(name, "").strip()
    right = f"{name} must be a number of degrees from {low:g} to {high:g}"
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", text[:60], re.ASCII):
        raise wrong(f"{right}, not {shown(text)}." if text else f"{right}; it is missing.")
    value = float(text[:60])
    if not (math.isfinite(value) and low <= value <= high):
        raise wrong(f"{right}, not {shown(text)}.")
    return value


def cone(snapshot: Snapshot, ra: float, dec: float, radius_deg: float) -> pa.Table:
    """The tracklets within a radius [deg] of a position [deg, ICRS], newest first.

    The distance is that of the nearest point of the great circle between a tracklet's ends.
    """
    table = snapshot.tracklets
    ends = [
        unit_vectors(table[f"ra_{end}"].to_numpy(), table[f"dec_{end}"].to_numpy())
        for end in ("start", "end")
    ]
    middle = ends[0] + ends[1]
    separation = np.degrees(distance_from_arc(unit_vectors(ra, dec), *ends))
    names = table["tracklet"].to_pylist()
    near = sorted(np.flatnonzero(separation <= radius_deg), key=lambda k: name_key(names[k]))[:MOST]
    table, middle = table.take(pa.array(near, pa.int64())), middle[near]
    lon, lat = ra_dec(middle)
    table = table.add_column(1, "ra", pa.array(lon)).add_column(2, "dec", pa.array(lat))
    table = table.append_column("separation_deg", pa.array(separation[near]))
    starts = table["exposure_start"].to_pylist()
    times = [None if t is None else f"{t:%Y-%m-%dT%H:%M:%S.%f}" for t in starts]
    place = table.column_names.index("exposure_start")
    return table.set_column(place, "exposure_start", pa.array(times, pa.string()))
