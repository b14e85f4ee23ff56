"""Schemas from a Confluent schema registry, by their numbers."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from fastavro.schema import SchemaParseException, UnknownType, parse_schema

from fink_tracklets.errors import ServiceError, UserError

TIMEOUT_S = 10.0
NOT_THERE = 404


class RegistryAway(ServiceError):
    """The registry does not answer, perhaps for a moment."""


def is_registry(schemas: str) -> bool:
    """Whether it is a registry's address, not a folder."""
    return schemas.startswith(("http://", "https://"))


def registered_schema(address: str, number: int) -> Any:
    """The schema, parsed, that a registry has under a number.

    Parameters
    ----------
    address : http://HOST:PORT of the registry

    Raises
    ------
    UserError : it has none of that number, or what it has is no Avro schema
    RegistryAway : it does not answer
    """
    url = f"{address.rstrip('/')}/schemas/ids/{number}"
    try:
        with urlopen(url, timeout=TIMEOUT_S) as answer:
            content = answer.read()
    except HTTPError as error:
        if error.code == NOT_THERE:
            raise UserError(f"The schema registry {address} has no schema {number}.") from error
        raise _away(address, error) from error
    except OSError as error:
        raise _away(address, error) from error
    try:
        return parse_schema(json.loads(json.loads(content)["schema"]))
    except (ValueError, KeyError, TypeError, SchemaParseException, UnknownType) as error:
        raise UserError(f"{url}: cannot be read as an Avro schema ({error}).") from error


def _away(address: str, error: OSError) -> RegistryAway:
    return RegistryAway(
        f"The schema registry {address} does not answer ({error}): start it, or give a folder of "
        "schemas as --schemas."
    )
