"""The page of the REST calls, from the OpenAPI document."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from fink_tracklets.service.pages.html import Markup, facts, tag
from fink_tracklets.service.pages.page import link, page


def calls_page(request: Request, document: dict[str, Any]) -> Response:
    """All calls with their arguments."""
    calls = [
        _call(path, method, call)
        for path, methods in document["paths"].items()
        for method, call in methods.items()
    ]
    example = f"{link(request, 'api', 'v1', 'tracklet')}?date=2021-10-22&output-format=csv"
    return page(
        request,
        "REST calls",
        tag("p", "For programs: ",
            tag("a", "OpenAPI", href=link(request, "api", "v1", "openapi.json")),
            ". An example: ", tag("a", example, href=example), "."),
        calls,
    )  # fmt: skip


def _call(path: str, method: str, call: dict[str, Any]) -> Markup:
    text = call.get("description") or call.get("summary", "")
    arguments = [
        (given["name"], given.get("description") or given["in"])
        for given in call.get("parameters", [])
    ]
    return tag(
        "section", tag("h2", tag("code", f"{method.upper()} {path}")), tag("p", text),
        facts(*arguments) if arguments else None,
    )  # fmt: skip
