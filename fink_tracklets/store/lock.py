"""One run of a night at a time: a lock that ends with the process that holds it.

For stores on a local file system. HDFS has no such lock: there a scheduler must see to it.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from fink_tracklets.errors import UserError


@contextmanager
def night_locked(store: Path | None, night: str) -> Iterator[None]:
    """Hold a night of a store.

    Parameters
    ----------
    store : its folder; None where it is not on a local file system: nothing is locked
    night : YYYYMMDD

    Raises
    ------
    UserError
        Another process holds the night; the sentence names it.
    """
    if store is None:
        yield
        return
    file = store / "locks" / night
    file.parent.mkdir(parents=True, exist_ok=True)
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(descriptor, 200).decode(errors="replace").strip()
            os.close(descriptor)
            raise UserError(
                f"The night {night} in {store} is being run by {holder or 'another process'}: "
                "wait until it has ended."
            ) from error
        # The one who held it before removed its file, maybe between our two steps.
        if file.exists() and os.fstat(descriptor).st_ino == file.stat().st_ino:
            break
        os.close(descriptor)
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    try:
        os.ftruncate(descriptor, 0)
        os.write(
            descriptor,
            f"process {os.getpid()} on {socket.gethostname()} since {since} UTC".encode(),
        )
        yield
    finally:
        file.unlink(missing_ok=True)
        os.close(descriptor)
