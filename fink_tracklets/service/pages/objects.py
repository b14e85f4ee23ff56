"""Objects that no catalogue has: their list, and one with its orbit, history and prediction."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fink_tracklets.service.pages.orbit import orbit_plot
from fink_tracklets.service.pages.page import page
from fink_tracklets.service.reading.objects import object_of, objects, places
from fink_tracklets.service.requests import ObjectName, StoreReader

MOST = 1000
"""Rows of a list."""
router = APIRouter()


@router.get("/objects")
def objects_page(request: Request, reader: StoreReader) -> Response:
    """The list of objects."""
    found = objects(reader.index.folder)
    return page(request, "objects.html", title="Objects", found=found, most=MOST)


@router.get("/object/{object_name}")
def object_page(request: Request, object_name: ObjectName, reader: StoreReader) -> Response:
    """The page of an object."""
    row, found = object_of(reader.index.folder, object_name)
    night, there = places(reader.index.snapshot(), found)
    return page(
        request,
        "object.html",
        title=object_name,
        row=row,
        history=list(zip(row["tracklets"], row["nights"], strict=True)),
        predicted_night=night,
        predicted=there,
        plot=orbit_plot([row["a_km"]], [row["i_deg"]], 5.0),
    )
