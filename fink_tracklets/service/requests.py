"""The arguments of a request, from its address or its body."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from fink_tracklets.service.refusal import Refusal, shown, wrong


def from_address(request: Request) -> dict[str, Any]:
    """The arguments behind the question mark."""
    given: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name in given:
            raise wrong(f"The argument {shown(name)} stands twice in the address.")
        given[name] = value
    return given


async def from_body(request: Request, limit: int) -> dict[str, Any]:
    """The arguments of a JSON body, beside those of the address."""
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > limit:
            raise Refusal(413, f"The body is longer than {limit:,} bytes: ask for less at once.")
    try:
        body = json.loads(content, object_pairs_hook=_unique) if content.strip() else {}
    except (ValueError, RecursionError):
        raise wrong('The body is not JSON: send {"date": "2021-10-22"}.') from None
    if not isinstance(body, dict):
        raise wrong('The body must be a JSON object: {"date": "2021-10-22"}.')
    given = from_address(request)
    for name in body:
        if name in given:
            raise wrong(f"The argument {shown(name)} stands in the address and in the body.")
    return given | body


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise wrong(f"The argument {shown(name)} stands twice in the body.")
        found[name] = value
    return found


def only(request: Request, *names: str) -> dict[str, Any]:
    """The address's arguments, which must be among these."""
    given = from_address(request)
    for name in given:
        if name not in names:
            known = ", ".join(names) or "none"
            raise wrong(f"Unknown argument {shown(name)}: the arguments here are {known}.")
    return given
