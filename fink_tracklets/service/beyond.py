"""The calls beyond the broker's: nights, one tracklet, stamps, satellites."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fink_tracklets.service.arguments import parse_name, parse_night
from fink_tracklets.service.details import details, plain
from fink_tracklets.service.index import Snapshot, summary
from fink_tracklets.service.openapi import plain as call
from fink_tracklets.service.reading import ParquetReader
from fink_tracklets.service.refusal import Refusal, shown, wrong
from fink_tracklets.service.requests import only
from fink_tracklets.service.satellites import satellites, tracklets_of
from fink_tracklets.service.stamps import KINDS, stamp_fits, stamp_png

PNG_AGE_S = 86_400


def add(app: FastAPI, reader: ParquetReader, alerts: str | None) -> None:
    """These calls, over a reader; `alerts` as in `make_app`."""

    @app.get("/api/v1/nights", openapi_extra=call("All nights with their funnels"))
    def nights(request: Request) -> Response:
        only(request)
        snapshot = reader.index.snapshot()
        found = [summary(snapshot.nights[name]) for name in sorted(snapshot.nights, reverse=True)]
        return JSONResponse(found)

    @app.get("/api/v1/nights/{night}", openapi_extra=call("A night and its tracklets"))
    def night(request: Request, night: str) -> Response:
        only(request)
        parse_night(night)
        found = reader.night(night, reader.index.snapshot())
        rows = [plain(row) for row in found.tracklets.to_pylist()]
        return JSONResponse({**summary(found), "tracklets": rows})

    @app.get("/api/v1/tracklets/{name}", openapi_extra=call("All that is known of a tracklet"))
    def tracklet(request: Request, name: str) -> Response:
        only(request)
        parse_name(name)
        return JSONResponse(reader.consistent(lambda s: details(reader, s, name)).plain())

    @app.get(
        "/api/v1/tracklets/{name}/stamps/{alert_id}/{file}",
        openapi_extra=call(
            "A cutout of a candidate of the tracklet's exposure: science.png, science.fits, "
            "template..., difference..."
        ),
        response_class=Response,
    )
    def stamp(request: Request, name: str, alert_id: str, file: str) -> Response:
        only(request)
        parse_name(name)
        number = parse_number(alert_id, "an alert's number")
        match = re.fullmatch(rf"({'|'.join(KINDS)})\.(png|fits)", file)
        if match is None:
            raise wrong(
                f"{shown(file)} is not a stamp: write science, template or difference, "
                "then .png or .fits."
            )

        def work(snapshot: Snapshot) -> tuple[bytes, Mapping[str, Any]]:
            night = reader.night_of(name, snapshot)
            exposure = night.exposure_of(name)
            found = reader.part(night, "candidates", "exposure", exposure, ["alert_id"])
            if found is None or number not in found["alert_id"].to_pylist():
                raise Refusal(404, f"The exposure of {name} has no candidate {number}.")
            return stamp_fits(reader, night, number, match[1], alerts), night.configuration

        content, configuration = reader.consistent(work)
        if match[2] == "fits":
            given = {"Content-Disposition": f'attachment; filename="{number}_{match[1]}.fits"'}
            return Response(content, media_type="application/fits", headers=given)
        kept = {"Cache-Control": f"max-age={PNG_AGE_S}"}
        return Response(stamp_png(content, configuration), media_type="image/png", headers=kept)

    @app.get("/api/v1/satellites", openapi_extra=call("Satellites with how many tracklets"))
    def satellite_list(request: Request) -> Response:
        only(request)
        return JSONResponse([plain(row) for row in satellites(reader.index.snapshot())])

    @app.get("/api/v1/satellites/{number}", openapi_extra=call("A satellite's tracklets"))
    def satellite(request: Request, number: str) -> Response:
        only(request)
        found = parse_number(number, "a catalogue number")
        rows: list[Any] = [plain(row) for row in tracklets_of(reader.index.snapshot(), found)]
        return JSONResponse(rows)


def parse_number(text: str, what: str) -> int:
    """A whole number that 64 bits hold."""
    if not re.fullmatch(r"\d{1,19}", text, re.ASCII) or int(text) >= 2**63:
        raise wrong(f"{shown(text)} is not {what}: write digits, a number below 2^63.")
    return int(text)
