"""The page of the REST calls, from the OpenAPI document."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fink_tracklets.naming import name_parts
from fink_tracklets.service.pages.page import page
from fink_tracklets.service.reading.snapshot import Listed
from fink_tracklets.service.requests import StoreReader

EXAMPLE = Listed("20211022", "TRCK_20211022_091949_00", 0)
"""What the examples ask for where the store has no tracklet."""
QUERIES = {"/api/v1/tracklet": "?id={}", "/api/v1/conesearch": "?RA=0&DEC=0&SR=180"}
"""What a call needs behind the question mark to find a tracklet."""
router = APIRouter()


@router.get("/api")
def calls(request: Request, reader: StoreReader) -> Response:
    """All calls with their arguments, and examples of what the store has."""
    by_date = reader.index.snapshot().by_date
    newest = by_date[max(by_date)] if by_date else [EXAMPLE]
    example = max(newest, key=lambda entry: entry.name)
    document: dict[str, Any] = request.app.openapi()
    listed = [
        {
            "method": method.upper(),
            "path": path,
            "text": call.get("description") or call.get("summary", ""),
            "arguments": [given for given in call.get("parameters", []) if "description" in given],
            "example": _example(path, example) if method == "get" else "",
        }
        for path, methods in document["paths"].items()
        for method, call in methods.items()
    ]
    return page(
        request,
        "calls.html",
        title="REST calls",
        address=str(request.base_url).rstrip("/"),
        parts=name_parts(example.name),
        calls=listed,
    )


def _example(path: str, entry: Listed) -> str:
    """A call that finds something; nothing where only the store's content tells, or a stream."""
    if path.startswith("/api/v1/online/"):
        return ""
    path = path.replace("{name}", entry.name).replace("{night}", entry.night)
    return "" if "{" in path else path + QUERIES.get(path, "").format(entry.name)
