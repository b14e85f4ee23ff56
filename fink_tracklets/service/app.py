"""The service: which address is answered by what."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pyarrow as pa
from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fink_tracklets.errors import UserError
from fink_tracklets.service import openapi
from fink_tracklets.service.answers import Reader
from fink_tracklets.service.arguments import ARGUMENTS, parse_query
from fink_tracklets.service.columns import described
from fink_tracklets.service.formats import MEDIA, encoded
from fink_tracklets.service.index import first_line
from fink_tracklets.service.metrics import Measured
from fink_tracklets.service.pages.page import error_page
from fink_tracklets.service.reading import ParquetReader
from fink_tracklets.service.refusal import Refusal
from fink_tracklets.service.requests import from_address, from_body
from fink_tracklets.service.settings import ServiceSettings
from fink_tracklets.version import __version__

BROKER = "/api/v1/tracklet"


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
    registry = CollectorRegistry()
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=4)
    app.add_middleware(Measured, registry=registry, log=log, root_path=settings.root_path)
    for error in (Refusal, UserError, OSError, pa.ArrowException, HTTPException):
        app.add_exception_handler(error, _refused)

    @app.get(BROKER, openapi_extra=openapi.TRACKLET, response_class=Response)
    def tracklet_get(request: Request) -> Response:
        """Alerts of tracklets, as the broker answers; without arguments, what they are."""
        return _tracklet(request, from_address(request), reader, settings)

    @app.post(BROKER, openapi_extra=openapi.TRACKLET_POST, response_class=Response)
    async def tracklet_post(request: Request) -> Response:
        """The same with the arguments in a JSON body."""
        given = await from_body(request, settings.body_limit_bytes)
        return await run_in_threadpool(_tracklet, request, given, reader, settings)

    @app.get("/healthz", openapi_extra=openapi.plain("Whether the store can be read"))
    def healthz() -> dict[str, str]:
        """Whether the store can be read."""
        reader.check()
        return {"status": "ok", "version": __version__}

    @app.get("/metrics", openapi_extra=openapi.plain("Metrics"), response_class=Response)
    def metrics() -> Response:
        """Counts and durations in Prometheus's text form."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    if isinstance(reader, ParquetReader):
        from fink_tracklets.service import beyond, cone, pages

        beyond.add(app, reader, alerts)
        cone.add(app, reader)
        pages.add(app, reader, alerts)
    else:

        @app.get("/{rest:path}", include_in_schema=False)
        def needs_store(rest: str) -> Response:
            raise Refusal(
                501,
                f"This service reads HBase alone and answers {BROKER}: "
                "other calls and pages need `serve --store`.",
            )

    return app


def _tracklet(
    request: Request, given: dict[str, Any], reader: Reader, settings: ServiceSettings
) -> Response:
    if not given:
        listed = [
            {"name": name, "required": name in ("date", "id"), "description": text}
            for name, text in ARGUMENTS.items()
        ]
        return JSONResponse({"args": listed})
    query = parse_query(given)
    answer = reader.answer(query, settings.row_limit)
    headers = {"X-Total-Count": str(answer.total)}
    if answer.last is not None:
        rest = urlencode({**given, "after": answer.last})
        root = request.scope.get("root_path", "")
        headers["Link"] = f'<{root}{BROKER}?{rest}>; rel="next"'
    if query.format != "json":
        suffix = {"votable": "vot"}.get(query.format, query.format)
        headers["Content-Disposition"] = f'attachment; filename="tracklets.{suffix}"'
    content = encoded(answer.table, query.format, described())
    return Response(content, headers=headers, media_type=MEDIA[query.format])


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
    if path.startswith(("/api/", "/healthz", "/metrics")):
        body = {"status": "error", "text": sentence}
        return JSONResponse(body, status_code=status, headers=headers)
    return error_page(request, status, sentence)
