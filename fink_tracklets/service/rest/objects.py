"""The calls for objects that no catalogue has."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse, Response

from fink_tracklets.service.reading.objects import object_of, objects, places
from fink_tracklets.service.requests import ObjectName, StoreReader, no_arguments
from fink_tracklets.service.rest.formats import plain
from fink_tracklets.service.rest.openapi import JSON, responses

router = APIRouter(
    prefix="/api/v1", dependencies=[Depends(no_arguments)], responses=responses(JSON)
)


@router.get("/objects", summary="Objects that no catalogue has, with their orbits")
def object_list(reader: StoreReader) -> Response:
    return JSONResponse(plain(objects(reader.index.folder)))


@router.get("/objects/{object_name}", summary="An object, its tracklets, and where it will be")
def one_object(object_name: ObjectName, reader: StoreReader) -> Response:
    row, found = object_of(reader.index.folder, object_name)
    night, there = places(reader.index.snapshot(), found)
    return JSONResponse(plain({**row, "predicted_night": night, "predicted": there}))
