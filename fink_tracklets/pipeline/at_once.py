"""Several nights at once in one Spark session, and their results in the nights' order.

Spark's executors are shared: tasks of a later night run where an earlier one leaves cores idle, as
while its driver searches, waits for the store, or has its last long task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def at_once(
    nights: Sequence[str], work: Callable[[str], T], jobs: int
) -> Iterator[Callable[[str], T]]:
    """Do something for nights, so many at once.

    Parameters
    ----------
    nights : in the order in which they are begun
    work : is called with a night, in a thread of its own; must not look at other nights
    jobs : at least 1

    Returns
    -------
    What waits for a night and returns what was made of it, or raises what it raised. When the block
    ends, nights that were not begun are not; those that run are waited for.
    """
    if jobs == 1:
        yield work
        return
    pool = ThreadPoolExecutor(jobs)
    try:
        begun = {night: pool.submit(work, night) for night in nights}
        yield lambda night: begun[night].result()
    finally:
        pool.shutdown(cancel_futures=True)
