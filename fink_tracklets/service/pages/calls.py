"""The page of the REST calls, from the OpenAPI document."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from fink_tracklets.service.index import Snapshot
from fink_tracklets.service.pages.html import Markup, facts, tag
from fink_tracklets.service.pages.page import link, page


def calls_page(request: Request, document: dict[str, Any], snapshot: Snapshot) -> Response:
    """All calls with their arguments, and examples of what the store has."""
    newest = snapshot.by_date[max(snapshot.by_date)] if snapshot.by_date else [EXAMPLE]
    night, name, _ = max(newest, key=lambda entry: entry[1])
    address = str(request.base_url).rstrip("/")
    calls = [
        _call(request, path, method, call, night, name)
        for path, methods in document["paths"].items()
        for method, call in methods.items()
    ]
    day = f"{name[5:9]}-{name[9:11]}-{name[11:13]}"
    moment = f"{day} {name[14:16]}:{name[16:18]}:{name[18:20]}"
    return page(
        request,
        "REST calls",
        tag("p", "From a shell, all alerts of a UTC date's tracklets:"),
        tag("pre", SHELL.format(address=address, day=day)),
        tag("p", "From Python, those of one tracklet:"),
        tag("pre", PYTHON.format(address=address, moment=f"{moment} {name[21:]}")),
        tag("p", "For programs that write clients there is ",
            tag("a", "the OpenAPI document", href=link(request, "api", "v1", "openapi.json")), "."),
        calls,
    )  # fmt: skip


EXAMPLE = ("20211022", "TRCK_20211022_091949_00", 0)
SHELL = """curl -H "Content-Type: application/json" -X POST \\
    -d '{{"date": "{day}", "output-format": "csv"}}' \\
    {address}/api/v1/tracklet -o tracklets.csv"""
PYTHON = """import io
import pandas as pd
import requests

answer = requests.post("{address}/api/v1/tracklet", json={{"id": "{moment}"}})
alerts = pd.read_json(io.BytesIO(answer.content))"""


def _call(
    request: Request, path: str, method: str, call: dict[str, Any], night: str, name: str
) -> Markup:
    text = call.get("description") or call.get("summary", "")
    arguments = [
        (given["name"], given["description"])
        for given in call.get("parameters", [])
        if given.get("description")
    ]
    example = None
    filled = _example(path, night, name)
    if method == "get" and filled:
        address = link(request, "") + filled.lstrip("/")
        example = tag("p", "Try ", tag("a", address, href=address))
    return tag(
        "section", tag("h2", tag("code", f"{method.upper()} {path}")), tag("p", text),
        facts(*arguments) if arguments else None, example,
    )  # fmt: skip


def _example(path: str, night: str, name: str) -> str:
    """A call that finds something; nothing where only the store's content tells."""
    path = path.replace("{name}", quote(name))
    path = path.replace("{night}", night)
    if "{" in path:
        return ""
    return path + {
        "/api/v1/tracklet": f"?id={quote(name)}",
        "/api/v1/conesearch": "?RA=0&DEC=0&SR=180",
    }.get(path, "")
