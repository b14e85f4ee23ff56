"""Work in parts: here, or on Spark's executors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

S = TypeVar("S")
T = TypeVar("T")

IN_A_PART = 20
"""Tracklets that one task sees to."""


def parts_of(n: int) -> list[range]:
    """0 to n in parts; the same whoever does them."""
    return [range(k, min(n, k + IN_A_PART)) for k in range(0, n, IN_A_PART)]


def in_parts(spark: Any, n: int, work: Callable[[range, S], Sequence[T]], shared: S) -> list[T]:
    """What a function makes of parts of 0 to n, in order.

    Parameters
    ----------
    spark : the session whose executors do it; None: this process does
    work : of a part and what all parts share; must be a function of a module
    shared : is sent to each executor once
    """
    parts = parts_of(n)
    if spark is None or len(parts) < 2:
        return [one for part in parts for one in work(part, shared)]
    held = spark.sparkContext.broadcast(shared)
    try:
        made = spark.sparkContext.parallelize(parts, len(parts)).map(
            lambda part: list(work(part, held.value))
        )
        return [one for part in made.collect() for one in part]
    finally:
        held.unpersist()
