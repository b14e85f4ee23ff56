"""Numbers as the pages show them."""

from __future__ import annotations

import math
from typing import TypeGuard


def is_finite(value: float | None) -> TypeGuard[float]:
    """Whether there is a number."""
    return value is not None and math.isfinite(value)


def decimal(value: float, digits: int, sign: str = "") -> str:
    """A number with so many decimals, never a minus zero.

    Examples
    --------
    >>> decimal(-0.001, 2), decimal(-2.5, 1), decimal(14.02, 1, "+")
    ('0.00', '-2.5', '+14.0')
    """
    return f"{value:{sign}z,.{digits}f}"


def quantity(value: float | None, digits: int, unit: str = "", sign: str = "") -> str | None:
    """A number with its unit, or None."""
    if not is_finite(value):
        return None
    return decimal(value, digits, sign) + unit


def with_error(value: float | None, error: float | None, unit: str) -> str | None:
    """A number with as many decimals as its error deserves, or None."""
    if not is_finite(value):
        return None
    if error is None or not 0 < error < 1e3:
        return f"{value:.4g}{unit}"
    digits = next(n for n in range(7) if error * 10**n >= 2 or n == 6)
    return f"{decimal(value, digits)} ± {decimal(error, digits)}{unit}"
