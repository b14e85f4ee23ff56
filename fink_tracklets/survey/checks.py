"""What settings are refused for, each with one sentence: for their `__post_init__`."""

from __future__ import annotations

import math


def positive(settings: object, *names: str) -> None:
    """The fields are finite and above zero."""
    for name in names:
        value = getattr(settings, name)
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be a positive number, not {value}")


def finite(settings: object, *names: str) -> None:
    """The fields are neither infinite nor NaN."""
    for name in names:
        value = getattr(settings, name)
        if not math.isfinite(value):
            raise ValueError(f"{name} must be a number, not {value}")


def one_of(settings: object, name: str, known: tuple[str, ...]) -> None:
    """The field is one of a few words."""
    value = getattr(settings, name)
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}, not '{value}'")


def port(value: int, least: int = 1) -> None:
    """A port of TCP; `least` 0 lets the system choose one."""
    if not least <= value < 65536:
        raise ValueError(f"port must be a port, not {value}")
