"""The calls for nights that run: what a stream told so far, provisional."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse, Response

from fink_tracklets.service.reading.online import running, running_night
from fink_tracklets.service.requests import NightName, StoreReader, no_arguments
from fink_tracklets.service.rest.formats import plain
from fink_tracklets.service.rest.openapi import JSON, responses

router = APIRouter(
    prefix="/api/v1", dependencies=[Depends(no_arguments)], responses=responses(JSON)
)


@router.get("/online", summary="The nights that run and are not stored yet")
def nights(reader: StoreReader) -> Response:
    return JSONResponse([one.night for one in running(reader.index)])


@router.get("/online/{night}", summary="A running night's provisional tracklets and their alerts")
def night(night: NightName, reader: StoreReader) -> Response:
    found = running_night(reader.index, night)
    return JSONResponse(
        plain(
            {
                "night": night,
                "survey": found.survey,
                "provisional": True,
                "tracklets": found.tracklets,
                "alerts": found.alerts.to_pylist(),
            }
        )
    )
