"""The service over a reader: what it is made of, and how it refuses."""

from __future__ import annotations

import pyarrow as pa
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fink_tracklets.errors import UserError
from fink_tracklets.service import pages
from fink_tracklets.service.metrics import Measured
from fink_tracklets.service.pages.page import error_page
from fink_tracklets.service.reading.answers import Reader
from fink_tracklets.service.reading.parquet import ParquetReader
from fink_tracklets.service.refusal import Refusal, first_line
from fink_tracklets.service.rest import (
    cone,
    health,
    nights,
    objects,
    online,
    satellites,
    stamps,
    tracklet,
)
from fink_tracklets.service.settings import ServiceSettings
from fink_tracklets.version import __version__

READING = ("GET", "POST", "OPTIONS")
"""What web pages elsewhere may do: all that there is."""


def make_app(
    reader: Reader, settings: ServiceSettings, alerts: str | None = None, log: bool = True
) -> FastAPI:
    """The service over a reader.

    Parameters
    ----------
    reader : `ParquetReader`, or `HBaseReader`, which answers /api/v1/tracklet only
    settings : of conf/service.toml
    alerts : where the nights' alerts lie, for their stamps; {Y}, {m} and {d} as in `run`
    log : a line of JSON on stdout for each request
    """
    app = FastAPI(
        title="fink_tracklets",
        version=__version__,
        description="Tracklets of satellites and space debris in astronomical alert streams.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.reader, app.state.settings, app.state.alerts = reader, settings, alerts
    app.state.registry = CollectorRegistry()
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=4)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.allowed_origins,
        allow_methods=READING,
        allow_headers=["*"],
        expose_headers=["Content-Disposition", "Link", "X-Total-Count"],
    )
    app.add_middleware(Measured, registry=app.state.registry, log=log, root_path=settings.root_path)
    for error in (Refusal, UserError, OSError, pa.ArrowException, HTTPException):
        app.add_exception_handler(error, _refused)
    app.include_router(tracklet.router)
    app.include_router(health.router)
    if isinstance(reader, ParquetReader):
        for part in (nights, online, stamps, satellites, objects, cone, pages):
            app.include_router(part.router)
    else:
        app.add_api_route("/{rest:path}", _needs_store, include_in_schema=False)
    return app


def _needs_store(rest: str) -> Response:
    raise Refusal(
        501,
        f"This service reads HBase alone and answers {tracklet.BROKER}: "
        "other calls and pages need `serve --store`.",
    )


async def _refused(request: Request, error: Exception) -> Response:
    """One sentence, as JSON or, for a reader of pages, as a page."""
    if isinstance(error, Refusal):
        status, sentence = error.status, error.sentence
    elif isinstance(error, HTTPException):
        status = error.status_code
        sentence = {404: "There is nothing at this address: see /api for the calls."}.get(
            status, f"{error.detail}."
        )
    else:
        status, sentence = 503, f"The store cannot be read: {first_line(error)}"
    headers = getattr(error, "headers", None)
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    if request.method == "OPTIONS" and status == 405:
        allowed = READING if path == tracklet.BROKER else ("GET", "OPTIONS")
        return Response(status_code=204, headers={"Allow": ", ".join(allowed)})
    if path.startswith(("/api/", "/healthz", "/metrics")):
        body = {"status": "error", "text": sentence}
        return JSONResponse(body, status_code=status, headers=headers)
    return error_page(request, status, sentence)
