"""Whether the service is well, for those who watch it."""

from __future__ import annotations

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from fink_tracklets.service.requests import AnyReader
from fink_tracklets.service.rest.openapi import JSON, responses
from fink_tracklets.version import __version__

router = APIRouter(responses=responses(JSON))


@router.get("/healthz", summary="Whether the store can be read")
def healthz(reader: AnyReader) -> dict[str, str]:
    """Whether the store can be read."""
    reader.check()
    return {"status": "ok", "version": __version__}


@router.get("/metrics", summary="Metrics", response_class=Response)
def metrics(request: Request) -> Response:
    """Counts and durations in Prometheus's text form."""
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)
