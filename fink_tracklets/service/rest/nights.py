"""The calls for nights and for all that is known of a tracklet."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse, Response

from fink_tracklets.service.reading.details import Details, details
from fink_tracklets.service.reading.snapshot import Snapshot
from fink_tracklets.service.requests import NightName, StoreReader, WholeName, no_arguments
from fink_tracklets.service.rest.formats import plain
from fink_tracklets.service.rest.openapi import JSON, responses
from fink_tracklets.service.sky import positions

router = APIRouter(
    prefix="/api/v1", dependencies=[Depends(no_arguments)], responses=responses(JSON)
)


@router.get("/nights", summary="All nights with their funnels")
def nights(reader: StoreReader) -> Response:
    snapshot = reader.index.snapshot()
    found = [snapshot.nights[name].summary() for name in sorted(snapshot.nights, reverse=True)]
    return JSONResponse(found)


@router.get("/nights/{night}", summary="A night, its tracklets and the alerts on short tracks")
def night(night: NightName, reader: StoreReader) -> Response:
    def known(snapshot: Snapshot) -> Response:
        found = snapshot.night(night)
        has = found.stored.has("short_tracks")
        short = found.stored.table("short_tracks").to_pylist() if has else None
        rows = {"tracklets": found.tracklets.to_pylist(), "short_tracks": short}
        return JSONResponse({**found.summary(), **plain(rows)})

    return reader.consistent(known)


@router.get("/tracklets/{name}", summary="All that is known of a tracklet")
def tracklet(name: WholeName, reader: StoreReader) -> Response:
    found = reader.consistent(lambda snapshot: details(snapshot, name))
    return JSONResponse(known(found))


def known(found: Details) -> dict[str, Any]:
    """All that is known of a tracklet, as JSON has it; null for what was not looked for."""
    return plain(
        {
            "tracklet": found.tracklet,
            "night": found.night.name,
            "points": found.alerts,
            "curve": positions(found.at, found.curve).round(7).tolist(),
            "satellites": found.satellites,
            "orbit": found.orbit,
            "links": found.links,
            "flashes": found.flashes,
            "light_curve": found.light_curve,
            "glints": found.glints,
            "stamps": None if found.stamps is None else sorted(found.stamps),
            "stamps_text": None if found.stamps is None else [str(n) for n in sorted(found.stamps)],
        }
    )
