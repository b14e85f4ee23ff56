"""What all pages share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from fink_tracklets.service.pages.html import Markup, tag
from fink_tracklets.version import __version__

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; style-src 'self'; "
    "script-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def link(request: Request, *parts: str) -> str:
    """An address of this service."""
    path = "/".join(quote(part, safe="") for part in parts)
    return f"{request.scope.get('root_path', '')}/{path}"


def neighbours(
    request: Request, kind: str, names: Sequence[str], name: str, above: Markup
) -> Markup:
    """Links to what is above, and to the one before and the one after in a sorted list."""
    at = names.index(name)
    links = [above]
    if at:
        links.append(_step(request, kind, names[at - 1], "← ", "", "prev"))
    if at + 1 < len(names):
        links.append(_step(request, kind, names[at + 1], "", " →", "next"))
    return tag("nav", [(one, " ") for one in links], aria_label="Neighbours")


def _step(request: Request, kind: str, name: str, left: str, right: str, rel: str) -> Markup:
    return tag("a", left, name, right, href=link(request, kind, name), rel=rel)


def page(request: Request, title: str, *content: Any, status: int = 200) -> Response:
    """A page with the head, the search box and the foot that all have."""
    search = tag(
        "form",
        tag("label", "Night, tracklet or satellite", for_="q"),
        tag(
            "input",
            id="q",
            name="q",
            type="search",
            placeholder="20211022 or TRCK_…",
            value=request.query_params.get("q", "")[:100] or None,
            required="required",
        ),
        tag("button", "Search"),
        action=link(request, "search"),
        role="search",
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{title} · fink_tracklets"),
        tag("link", rel="icon", href="data:,"),
        tag("link", rel="stylesheet", href=link(request, "static", "style-2.css")),
        tag("script", src=link(request, "static", "tables-1.js"), defer="defer"),
    )
    body = tag(
        "body",
        tag("a", "To the content", href="#content", class_="skip"),
        tag(
            "header",
            tag("a", "fink_tracklets", href=link(request, ""), class_="home"),
            tag(
                "nav",
                [
                    (tag("a", text, href=link(request, *parts)), " ")
                    for text, parts in (
                        ("Nights", [""]),
                        ("Satellites", ["satellites"]),
                        ("REST calls", ["api"]),
                    )
                ],
                aria_label="Pages",
            ),
            search,
        ),
        tag("main", tag("h1", title), *content, id="content"),
        tag("footer", f"Times are UTC, positions ICRS · fink_tracklets {__version__}"),
    )
    document = Markup("<!doctype html>\n") + tag("html", head, body, lang="en")
    return HTMLResponse(document, status, headers=HEADERS)


def error_page(request: Request, status: int, sentence: str) -> Response:
    """A page with one sentence."""
    titles = {400: "Not understood", 404: "Not found", 501: "Not from here", 503: "Out of order"}
    return page(request, titles.get(status, "Not possible"), tag("p", sentence), status=status)
