"""Packets are decoded by processes of their own, one for each core."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor

import pyarrow as pa

from fink_tracklets.ingest.columns import Wanted
from fink_tracklets.ingest.containers import Packet
from fink_tracklets.ingest.decode import Parted, decode

WORKERS = os.cpu_count() or 1
BATCH_PACKETS, BATCH_BYTES = 100, 8 << 20
"""What a worker gets at once, at most."""


def worker_pool(workers: int = WORKERS) -> ProcessPoolExecutor:
    """The processes; they end with this one, however it ends."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, context, initializer=_end_with_parent)


def _end_with_parent() -> None:
    """A worker whose parent is killed must not wait for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def decoded(
    pool: ProcessPoolExecutor, packets: Iterator[Packet], wanted: Wanted, schema: pa.Schema
) -> Iterator[tuple[int, Parted]]:
    """Number of packets and what they hold, batch by batch in order; few wait at a time."""
    waiting: deque[tuple[int, Future[Parted]]] = deque()
    for batch in _batches(packets):
        waiting.append((len(batch), pool.submit(decode, batch, wanted, schema)))
        if len(waiting) > 2 * WORKERS:
            count, future = waiting.popleft()
            yield count, future.result()
    for count, future in waiting:
        yield count, future.result()


def _batches(packets: Iterator[Packet]) -> Iterator[list[Packet]]:
    batch: list[Packet] = []
    size = 0
    for packet in packets:
        batch.append(packet)
        size += len(packet.data or b"")
        if len(batch) == BATCH_PACKETS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
