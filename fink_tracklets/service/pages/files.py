"""The style sheet and the script of the pages."""

from __future__ import annotations

from importlib import resources

from fastapi import APIRouter
from starlette.responses import Response

from fink_tracklets.service.refusal import Refusal

STATIC = {"style-3.css": "text/css", "tables-2.js": "text/javascript"}
router = APIRouter()


@router.get("/static/{name}")
def static(name: str) -> Response:
    """One of the files."""
    if name not in STATIC:
        raise Refusal(404, "There is no such file.")
    content = (resources.files("fink_tracklets.service.pages") / "static" / name).read_bytes()
    kept = {"Cache-Control": "max-age=86400"}
    return Response(content, media_type=STATIC[name], headers=kept)
