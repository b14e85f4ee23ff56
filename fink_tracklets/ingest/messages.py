"""Messages of a Kafka stream in Confluent's frame: a zero byte, four bytes that say which schema,
and one record without its schema. Rubin's number of a schema is 100 times its major version and the
minor one; the schemas lie in folders MAJOR/MINOR."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from fastavro.repository.base import SchemaRepositoryError
from fastavro.schema import SchemaParseException, UnknownType, load_schema

from fink_tracklets.errors import UserError
from fink_tracklets.ingest.containers import DamagedPacket
from fink_tracklets.ingest.registry import is_registry, registered_schema

FRAME_BYTES = 5
ROOT = "*alert.avsc"
"""The file of an alert's schema; those that it names lie beside it."""


def is_framed(data: bytes) -> bool:
    """Whether bytes begin like a message; a tar without members begins with zeros alone."""
    return data[:1] == b"\0" and bool(data[:FRAME_BYTES].strip(b"\0") or len(data) < FRAME_BYTES)


def message_schema(data: bytes, schemas: str) -> Any:
    """The schema, parsed, of a framed message.

    Parameters
    ----------
    data : the message
    schemas : the folder of schemas, or a registry's address; empty: none was given

    Raises
    ------
    UserError : there is no such schema
    RegistryAway : the registry does not answer
    DamagedPacket : the message ends in its frame
    """
    if len(data) < FRAME_BYTES:
        raise DamagedPacket("a message cut short in its frame")
    number = int.from_bytes(data[1:FRAME_BYTES], "big")
    if is_registry(schemas):
        return _registered(schemas, number)
    version = divmod(number, 100)
    if not schemas:
        raise UserError(
            f"A message of the schema version {version_text(version)}, which it does not bring "
            "along: give the folder of the schemas as --schemas DIR, with DIR/MAJOR/MINOR in it, "
            "or a registry's http://HOST:PORT."
        )
    return _load(schemas, version)


def message_version(data: bytes) -> str:
    """The version that a message names, for a person."""
    return version_text(divmod(int.from_bytes(data[1:FRAME_BYTES], "big"), 100))


def version_text(version: tuple[int, int]) -> str:
    """As in 11.1 (schema id 1101)."""
    major, minor = version
    return f"{major}.{minor} (schema id {100 * major + minor})"


@lru_cache(maxsize=64)
def _registered(address: str, number: int) -> Any:
    return registered_schema(address, number)


@lru_cache(maxsize=64)
def _load(schemas: str, version: tuple[int, int]) -> Any:
    folder = Path(schemas, *map(str, version))
    files = sorted(folder.glob(ROOT))
    if len(files) != 1:
        found = f"has no folder {version[0]}/{version[1]} with"
        found = found if not files else f"has in {version[0]}/{version[1]} more than"
        raise UserError(
            f"A message of the schema version {version_text(version)}: the schemas' folder "
            f"{schemas} {found} one {ROOT}; add the schemas of that version."
        )
    try:
        return load_schema(str(files[0]))
    except (OSError, ValueError, SchemaRepositoryError, SchemaParseException, UnknownType) as error:
        raise UserError(f"{files[0]}: cannot be read as an Avro schema ({error}).") from error
