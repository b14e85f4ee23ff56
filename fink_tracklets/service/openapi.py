"""What the OpenAPI page says of arguments and answers."""

from __future__ import annotations

from typing import Any

from fink_tracklets.service.arguments import ARGUMENTS, FORMATS
from fink_tracklets.service.formats import MEDIA

ERROR = {
    "type": "object",
    "properties": {"status": {"const": "error"}, "text": {"type": "string"}},
    "required": ["status", "text"],
}
STATUSES = {
    "400": "A wrong argument: one sentence",
    "404": "Nothing of this name: one sentence",
    "413": "The body is too long: one sentence",
    "501": "Needs --store: one sentence",
    "503": "The store cannot be read: one sentence",
}


def responses(success: dict[str, Any], *statuses: str) -> dict[str, Any]:
    """The answers of a call."""
    refusals: dict[str, Any] = {
        status: {
            "description": STATUSES[status],
            "content": {"application/json": {"schema": ERROR}},
        }
        for status in statuses
    }
    return {"200": {"description": "Found", "content": success}, **refusals}


def plain(meaning: str, media: str = "application/json", **arguments: str) -> dict[str, Any]:
    """A call with these arguments behind the question mark, and what they mean."""
    parameters = [
        {"name": name, "in": "query", "required": False, "description": text,
         "schema": {"type": "string"}}
        for name, text in arguments.items()
    ]  # fmt: skip
    success: dict[str, Any] = {media: {}}
    extra: dict[str, Any] = {
        "summary": meaning,
        "responses": responses(success, "400", "404", "501", "503"),
    }
    return {**extra, "parameters": parameters} if parameters else extra


def _schema(name: str) -> dict[str, Any]:
    examples = {
        "date": ["2021-10-22", "2021-10-22 09:19:49"],
        "id": ["TRCK_20211022_091949_00", "2021-10-22 09:19:49 00"],
        "columns": ["*", "i:objectId,d:tracklet,v:lastdate"],
        "after": ["TRCK_20211022_091949_00"],
    }
    if name == "output-format":
        return {"type": "string", "enum": list(FORMATS), "default": "json"}
    return {"type": "string", "examples": examples[name]}


_FOUND: dict[str, Any] = {media: {} for media in MEDIA.values()}
TRACKLET: dict[str, Any] = {
    "parameters": [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": text,
            "schema": _schema(name),
        }
        for name, text in ARGUMENTS.items()
    ],
    "responses": responses(_FOUND, "400", "503"),
}
TRACKLET_POST: dict[str, Any] = {
    "requestBody": {
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        name: {**_schema(name), "description": text}
                        for name, text in ARGUMENTS.items()
                    },
                    "additionalProperties": False,
                }
            }
        }
    },
    "responses": responses(_FOUND, "400", "413", "503"),
}
