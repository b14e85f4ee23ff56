"""How a page is made of a template."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from fink_tracklets.service.pages import numbers
from fink_tracklets.version import __version__

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; style-src 'self'; "
    "script-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
TITLES = {400: "Not understood", 404: "Not found", 501: "Not from here", 503: "Out of order"}
"""What a page that refuses is called."""
TEMPLATES = Environment(
    loader=PackageLoader("fink_tracklets.service.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
TEMPLATES.globals["version"] = __version__
TEMPLATES.tests["finite"] = numbers.is_finite
for _filter in (numbers.decimal, numbers.quantity, numbers.with_error):
    TEMPLATES.filters[_filter.__name__] = _filter


def root(request: Request) -> str:
    """What all addresses of this service begin with."""
    path: str = request.scope.get("root_path", "")
    return path


def page(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """A page of a template, which gets the values, `root` and what was searched for."""
    searched = request.query_params.get("q", "")[:100]
    made = TEMPLATES.get_template(template).render(root=root(request), searched=searched, **values)
    return HTMLResponse(made, status, headers=HEADERS)


def error_page(request: Request, status: int, sentence: str) -> Response:
    """A page with one sentence."""
    title = TITLES.get(status, "Not possible")
    return page(request, "error.html", status, title=title, sentence=sentence)


def neighbours(names: Sequence[str], name: str) -> tuple[str | None, str | None]:
    """The names before and after one in a sorted list."""
    at = names.index(name)
    return names[at - 1] if at else None, names[at + 1] if at + 1 < len(names) else None
