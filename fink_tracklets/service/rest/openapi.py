"""What the OpenAPI document says of arguments and answers.

FastAPI makes it from the handlers and from `Refused`. The arguments behind the question mark are
told here: handlers take them from the request as they are, for a sentence on what is unknown,
doubled or misspelt, where FastAPI's own validation would answer a list of errors with status 422.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel

from fink_tracklets.service.query import ARGUMENTS, FORMATS
from fink_tracklets.service.rest.formats import MEDIA

JSON = "application/json"
STATUSES = {
    400: "A wrong argument: one sentence",
    404: "Nothing of this name: one sentence",
    413: "The body is too long: one sentence",
    501: "Needs --store: one sentence",
    503: "The store cannot be read: one sentence",
}


class Refused(BaseModel):
    """What a request is answered that cannot be fulfilled."""

    status: Literal["error"]
    text: str
    """One sentence that says what is right."""


def responses(*media: str, but: tuple[int, ...] = (400, 404, 501, 503)) -> dict[int | str, Any]:
    """The answers of a call, for FastAPI: of these media types, or a refusal."""
    refusals: dict[int | str, Any] = {
        s: {"description": STATUSES[s], "model": Refused} for s in but
    }
    return {200: {"description": "Found", "content": {m: {} for m in media}}, **refusals}


def parameters(meanings: Mapping[str, str], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments behind the question mark, each with its meaning and its schema."""
    return {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": text,
                "schema": schemas[name],
            }
            for name, text in meanings.items()
        ]
    }


TEXT = {"type": "string"}
_SCHEMAS: dict[str, Any] = {
    "date": {**TEXT, "examples": ["2021-10-22", "2021-10-22 09:19:49"]},
    "id": {**TEXT, "examples": ["TRCK_20211022_091949_00", "2021-10-22 09:19:49 00"]},
    "columns": {**TEXT, "examples": ["*", "i:objectId,d:tracklet,v:lastdate"]},
    "output-format": {**TEXT, "enum": list(FORMATS), "default": "json"},
    "after": {**TEXT, "examples": ["TRCK_20211022_091949_00"]},
}
TRACKLET = parameters(ARGUMENTS, _SCHEMAS)
_BODY = {
    "type": "object",
    "properties": {
        name: {**_SCHEMAS[name], "description": text} for name, text in ARGUMENTS.items()
    },
    "additionalProperties": False,
}
TRACKLET_POST = {"requestBody": {"content": {JSON: {"schema": _BODY}}}}
TRACKLET_RESPONSES = responses(*MEDIA.values(), but=(400, 503))
TRACKLET_POST_RESPONSES = responses(*MEDIA.values(), but=(400, 413, 503))
