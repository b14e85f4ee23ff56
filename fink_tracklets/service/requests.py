"""What handlers are given: the arguments of a request, checked, and what the service has.

The parts of an address are dependencies, too: so they are looked at in the order of the handler's
arguments. All are coroutines though they wait for nothing: others would run in a thread each.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import Request

from fink_tracklets.naming import is_object_name
from fink_tracklets.service.query import parse_name, parse_night, parse_number
from fink_tracklets.service.reading.answers import Reader
from fink_tracklets.service.reading.parquet import ParquetReader
from fink_tracklets.service.refusal import Refusal, shown, wrong
from fink_tracklets.service.settings import ServiceSettings


async def _reader(request: Request) -> Any:
    return request.app.state.reader


async def _settings(request: Request) -> Any:
    return request.app.state.settings


async def _alerts(request: Request) -> Any:
    return request.app.state.alerts


async def _night(night: str) -> str:
    return parse_night(night)


async def _whole_name(name: str) -> str:
    return parse_name(name)


async def _satellite_number(number: str) -> int:
    return parse_number(number, "a catalogue number")


async def _object_name(object_name: str) -> str:
    if not is_object_name(object_name):
        raise wrong(f"{shown(object_name)} is no object's name: give OBJ_YYYYMMDD_hhmmss_NN.")
    return object_name


async def _alert_number(alert_id: str) -> int:
    return parse_number(alert_id, "an alert's number")


AnyReader = Annotated[Reader, Depends(_reader)]
StoreReader = Annotated[ParquetReader, Depends(_reader)]
Settings = Annotated[ServiceSettings, Depends(_settings)]
Alerts = Annotated[str | None, Depends(_alerts)]
"""Where the nights' alerts lie, as `make_app` was told."""
NightName = Annotated[str, Depends(_night)]
WholeName = Annotated[str, Depends(_whole_name)]
"""A tracklet's."""
SatelliteNumber = Annotated[int, Depends(_satellite_number)]
ObjectName = Annotated[str, Depends(_object_name)]
AlertNumber = Annotated[int, Depends(_alert_number)]


def from_address(request: Request) -> dict[str, str]:
    """The arguments behind the question mark."""
    return _unique(request.query_params.multi_items(), "address")


async def from_body(request: Request, limit: int) -> dict[str, Any]:
    """The arguments of a JSON body, beside those of the address."""
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > limit:
            raise Refusal(413, f"The body is longer than {limit:,} bytes: ask for less at once.")
    try:
        body = (
            json.loads(content, object_pairs_hook=lambda pairs: _unique(pairs, "body"))
            if content.strip()
            else {}
        )
    except (ValueError, RecursionError):
        raise wrong('The body is not JSON: send {"date": "2021-10-22"}.') from None
    if not isinstance(body, dict):
        raise wrong('The body must be a JSON object: {"date": "2021-10-22"}.')
    given = from_address(request)
    for name in body:
        if name in given:
            raise wrong(f"The argument {shown(name)} stands in the address and in the body.")
    return given | body


def _unique(pairs: list[tuple[str, Any]], place: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise wrong(f"The argument {shown(name)} stands twice in the {place}.")
        found[name] = value
    return found


def only(request: Request, *names: str) -> dict[str, str]:
    """The address's arguments, which must be among these."""
    given = from_address(request)
    for name in given:
        if name not in names:
            known = ", ".join(names) or "none"
            raise wrong(f"Unknown argument {shown(name)}: the arguments here are {known}.")
    return given


async def no_arguments(request: Request) -> None:
    """Nothing may stand behind the question mark."""
    only(request)
