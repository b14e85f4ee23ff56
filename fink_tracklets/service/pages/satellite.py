"""Satellites: their list, and one with its tracklets."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fink_tracklets.service.pages.page import page
from fink_tracklets.service.reading.satellites import satellites, tracklets_of
from fink_tracklets.service.refusal import Refusal
from fink_tracklets.service.requests import SatelliteNumber, StoreReader

MOST = 1000
"""Rows of a list."""
router = APIRouter()


@router.get("/satellites")
def satellites_page(request: Request, reader: StoreReader) -> Response:
    """The list of satellites that are the best match of some tracklet."""
    found = satellites(reader.index.snapshot())
    return page(request, "satellites.html", title="Satellites", found=found, most=MOST)


@router.get("/satellite/{number}")
def satellite_page(request: Request, number: SatelliteNumber, reader: StoreReader) -> Response:
    """The page of a satellite, from its matches, newest first."""
    rows = tracklets_of(reader.index.snapshot(), number)
    if not rows:
        raise Refusal(404, f"No tracklet of the store matches the satellite {number}.")
    newest = rows[0]
    return page(
        request,
        "satellite.html",
        title=f"{newest['object_name'] or 'Satellite'} ({number})",
        rows=rows,
        best=sum(row["rank"] == 1 for row in rows),
        most=MOST,
    )
