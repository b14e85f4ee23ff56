"""The web pages."""

from __future__ import annotations

from importlib.resources import files

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from fink_tracklets.service.arguments import parse_name, parse_night
from fink_tracklets.service.beyond import parse_number
from fink_tracklets.service.details import details
from fink_tracklets.service.index import Snapshot
from fink_tracklets.service.pages.calls import calls_page
from fink_tracklets.service.pages.home import home
from fink_tracklets.service.pages.night import night_page
from fink_tracklets.service.pages.satellite import satellite_page, satellites_page
from fink_tracklets.service.pages.search import found_at
from fink_tracklets.service.pages.tracklet import tracklet_page
from fink_tracklets.service.reading import ParquetReader
from fink_tracklets.service.refusal import Refusal
from fink_tracklets.service.requests import only
from fink_tracklets.service.satellites import tracklets_of

STATIC = {"style-2.css": "text/css", "tables-1.js": "text/javascript"}


def add(app: FastAPI, reader: ParquetReader, alerts: str | None) -> None:
    """The pages, over a reader; `alerts` as in `make_app`."""

    @app.get("/", include_in_schema=False)
    def nights(request: Request) -> Response:
        return home(request, reader.index.snapshot())

    @app.get("/night/{night}", include_in_schema=False)
    def night(request: Request, night: str) -> Response:
        parse_night(night)

        def work(snapshot: Snapshot) -> Response:
            found = reader.night(night, snapshot)
            exposures = reader.whole(found, "exposures")
            assert exposures is not None
            return night_page(request, snapshot, found, exposures)

        return reader.consistent(work)

    @app.get("/tracklet/{name}", include_in_schema=False)
    def tracklet(request: Request, name: str) -> Response:
        parse_name(name)
        found = reader.consistent(lambda snapshot: details(reader, snapshot, name))
        return tracklet_page(request, found, alerts is not None)

    @app.get("/satellites", include_in_schema=False)
    def satellites(request: Request) -> Response:
        return satellites_page(request, reader.index.snapshot())

    @app.get("/satellite/{number}", include_in_schema=False)
    def satellite(request: Request, number: str) -> Response:
        rows = tracklets_of(reader.index.snapshot(), parse_number(number, "a catalogue number"))
        if not rows:
            raise Refusal(404, f"No tracklet of the store matches the satellite {int(number)}.")
        return satellite_page(request, rows)

    @app.get("/search", include_in_schema=False)
    def search(request: Request) -> Response:
        text = str(only(request, "q").get("q", "")).strip()
        return found_at(request, reader.index.snapshot(), text)

    @app.get("/api", include_in_schema=False)
    def api(request: Request) -> Response:
        return calls_page(request, app.openapi(), reader.index.snapshot())

    @app.get("/static/{name}", include_in_schema=False)
    def static(name: str) -> Response:
        if name not in STATIC:
            raise Refusal(404, "There is no such file.")
        content = (files("fink_tracklets.service.pages") / "static" / name).read_bytes()
        kept = {"Cache-Control": "max-age=86400"}
        return Response(content, media_type=STATIC[name], headers=kept)
