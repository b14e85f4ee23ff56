"""TOML files read into frozen dataclasses: unknown keys, wrong types and gaps are errors."""

from __future__ import annotations

import dataclasses
import functools
import os
import tomllib
import types
import typing
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

from fink_tracklets.errors import UserError

T = TypeVar("T")


def conf_folder() -> Traversable:
    """The folder ``conf``: inside the installed package, or beside it in a checkout."""
    inside = files("fink_tracklets") / "conf"
    return inside if inside.is_dir() else Path(__file__).resolve().parents[2] / "conf"


def conf_file(name: str) -> Traversable:
    """A file of ``conf``: the operator's own in the folder $FINK_TRACKLETS_CONF if it is there."""
    own = _own_folder()
    return own / name if own and (own / name).is_file() else conf_folder() / name


def conf_files(ending: str) -> set[str]:
    """The names of the files of ``conf`` and of the operator's own folder that end so."""
    own = _own_folder()
    folders = [conf_folder(), *([own] if own and own.is_dir() else [])]
    return {
        file.name for folder in folders for file in folder.iterdir() if file.name.endswith(ending)
    }


def _own_folder() -> Path | None:
    own = os.environ.get("FINK_TRACKLETS_CONF")
    return Path(own) if own else None


def load(cls: type[T], name: str) -> T:
    """The dataclass ``cls`` from a file of ``conf``."""
    file = conf_file(name)
    return build(cls, read_toml(file), str(file))


def read_toml(file: Traversable) -> dict[str, Any]:
    """The content of a TOML file; a file that is absent or not TOML is a `UserError`."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: not valid TOML: {error}.") from error


def build(cls: type[T], table: Any, file: str, key: str = "") -> T:
    """An instance of the dataclass ``cls`` from a TOML table.

    Parameters
    ----------
    cls : a dataclass whose fields are str, int, float, bool, other dataclasses, ``T | None``,
        ``tuple[T, ...]``, ``Mapping[str, T]`` or Any; its ``__post_init__`` may raise ValueError
    table : what TOML gave
    file, key : where the table stands, for error messages

    Raises
    ------
    UserError : naming the file and the key, for an unknown key, a wrong type, a missing field or
        a value that the dataclass refuses
    """
    if not isinstance(table, dict):
        raise _wrong(file, key, "a table", table)
    hints = _hints(typing.cast(Any, cls))
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    dot = f"{key}." if key else ""
    for name in table:
        if name not in fields:
            known = ", ".join(fields)
            raise UserError(f"{file}: unknown key '{dot}{name}'; known here: {known}.")
    for name, field in fields.items():
        required = (
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        )
        if required and name not in table:
            raise UserError(f"{file}: the key '{dot}{name}' is missing.")
    values = {name: _value(hints[name], value, file, dot + name) for name, value in table.items()}
    try:
        return cls(**values)
    except ValueError as error:
        raise UserError(f"{file}: {f'[{key}] ' if key else ''}{error}.") from error


@functools.cache
def _hints(cls: Any) -> dict[str, Any]:
    """The types of a dataclass's fields, kept: the service builds a survey for each night."""
    return typing.get_type_hints(cls)


def _value(hint: Any, value: Any, file: str, key: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return value
    if origin is types.UnionType:
        if value is None:  # in a manifest; TOML has no null
            return None
        (hint,) = (argument for argument in arguments if argument is not types.NoneType)
        return _value(hint, value, file, key)
    if dataclasses.is_dataclass(hint):
        return build(typing.cast(type, hint), value, file, key)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise _wrong(file, key, "a list", value)
        return tuple(
            _value(arguments[0], item, file, f"{key}[{i}]") for i, item in enumerate(value)
        )
    if origin is Mapping:
        if not isinstance(value, dict):
            raise _wrong(file, key, "a table", value)
        return {
            name: _value(arguments[1], item, file, f"{key}.{name}") for name, item in value.items()
        }
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise _wrong(
            file,
            key,
            {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}[hint],
            value,
        )
    return value


def _wrong(file: str, key: str, wanted: str, value: Any) -> UserError:
    where = f"the key '{key}'" if key else "the file"
    return UserError(f"{file}: {where} must be {wanted}, not {value!r}.")
