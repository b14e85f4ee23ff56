"""One run of a night at a time: a lock that ends with the process that holds it."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from fink_tracklets.errors import UserError
from fink_tracklets.store.folder import Held, LocalFolder, WritableFolder


@contextmanager
def night_locked(folder: WritableFolder, night: str) -> Iterator[None]:
    """Hold a night of a store.

    On a local file system the kernel ends the lock with the process, on HDFS the NameNode does (see
    `fink_tracklets.store.lease`). Other file systems have no such thing: there nothing is locked.

    Parameters
    ----------
    folder : the store
    night : YYYYMMDD

    Raises
    ------
    UserError
        Another process holds the night; the sentence names it.
    """
    name = f"locks/{night}"
    folder.make("locks")
    try:
        if isinstance(folder, LocalFolder):
            held = flocked(folder.path / name)
        else:
            from fink_tracklets.store.lease import leased

            held = leased(folder, name, holder())
        with held:
            yield
    except Held as error:
        raise UserError(
            f"The night {night} in {folder.address.removeprefix('file://')} is being run by "
            f"{error}: wait until it has ended."
        ) from error


def holder() -> str:
    """What tells this process to a person."""
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"process {os.getpid()} on {socket.gethostname()} since {since} UTC"


@contextmanager
def flocked(file: Path) -> Iterator[None]:
    """Hold a file of a local file system; it is there as long as it is held.

    Raises
    ------
    Held
    """
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            first = os.read(descriptor, 200).decode(errors="replace").strip()
            os.close(descriptor)
            raise Held(first or "another process") from error
        # The one who held it before removed its file, maybe between our two steps.
        if file.exists() and os.fstat(descriptor).st_ino == file.stat().st_ino:
            break
        os.close(descriptor)
    try:
        with suppress(OSError):  # a full disk: others are not told who it is
            os.ftruncate(descriptor, 0)
            os.write(descriptor, holder().encode())
        yield
    finally:
        file.unlink(missing_ok=True)
        os.close(descriptor)
