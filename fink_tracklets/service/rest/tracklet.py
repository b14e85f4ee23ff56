"""The broker's call /api/v1/tracklet."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fink_tracklets.service.query import ARGUMENTS, parse_query
from fink_tracklets.service.reading.answers import Reader
from fink_tracklets.service.reading.columns import described
from fink_tracklets.service.requests import AnyReader, Settings, from_address, from_body
from fink_tracklets.service.rest import openapi
from fink_tracklets.service.rest.formats import MEDIA, encoded

BROKER = "/api/v1/tracklet"
router = APIRouter()


@router.get(
    BROKER,
    openapi_extra=openapi.TRACKLET,
    responses=openapi.TRACKLET_RESPONSES,
    response_class=Response,
)
def tracklet_get(request: Request, reader: AnyReader, settings: Settings) -> Response:
    """Alerts of tracklets, as the broker answers; without arguments, what they are."""
    return _answer(request, from_address(request), reader, settings.row_limit)


@router.post(
    BROKER,
    openapi_extra=openapi.TRACKLET_POST,
    responses=openapi.TRACKLET_POST_RESPONSES,
    response_class=Response,
)
async def tracklet_post(request: Request, reader: AnyReader, settings: Settings) -> Response:
    """The same with the arguments in a JSON body."""
    given = await from_body(request, settings.body_limit_bytes)
    return await run_in_threadpool(_answer, request, given, reader, settings.row_limit)


def _answer(request: Request, given: dict[str, Any], reader: Reader, row_limit: int) -> Response:
    if not given:
        listed = [
            {"name": name, "required": name in ("date", "id"), "description": text}
            for name, text in ARGUMENTS.items()
        ]
        return JSONResponse({"args": listed})
    query = parse_query(given)
    answer = reader.answer(query, row_limit)
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
