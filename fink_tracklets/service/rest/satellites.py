"""The calls for satellites."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse, Response

from fink_tracklets.service.reading.satellites import satellites, tracklets_of
from fink_tracklets.service.requests import SatelliteNumber, StoreReader, no_arguments
from fink_tracklets.service.rest.formats import plain
from fink_tracklets.service.rest.openapi import JSON, responses

router = APIRouter(
    prefix="/api/v1", dependencies=[Depends(no_arguments)], responses=responses(JSON)
)


@router.get("/satellites", summary="Satellites with how many tracklets")
def satellite_list(reader: StoreReader) -> Response:
    return JSONResponse(plain(satellites(reader.index.snapshot())))


@router.get("/satellites/{number}", summary="A satellite's tracklets")
def satellite(number: SatelliteNumber, reader: StoreReader) -> Response:
    return JSONResponse(plain(tracklets_of(reader.index.snapshot(), number)))
