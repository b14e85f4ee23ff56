"""The lock of a night on HDFS: a file that is open for writing.

HDFS lets one client write a file and knows it by its lease, which the client's Java renews. When
that process dies, the NameNode takes the lease from it a minute later (Hadoop's LEASE_SOFTLIMIT),
or at once where we see that the process is gone from this machine. The file stays empty, so that
holding it needs no DataNode; who holds it stands in a file beside it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from re import search
from typing import Any

from py4j.protocol import Py4JJavaError

from fink_tracklets.errors import ServiceError
from fink_tracklets.store.folder import Held, WritableFolder
from fink_tracklets.store.hadoop import HadoopFolder

HELD: set[str] = set()
"""What this process holds now. Where HDFS failed at the end, it has a lease that nobody means."""
TAKEN = "AlreadyBeingCreatedException"
BEING_FREED = "RecoveryInProgressException"


@contextmanager
def leased(folder: WritableFolder, name: str, holder: str) -> Iterator[None]:
    """Hold a name in a folder on HDFS; on another Hadoop file system nothing is held.

    Parameters
    ----------
    holder : what others are told of this process

    Raises
    ------
    Held
        Another process has it, or had it until a moment ago.
    """
    assert isinstance(folder, HadoopFolder)
    if folder.system.getScheme() != "hdfs":
        yield
        return
    stream, beside = _taken(folder, name), f"{name}.holder"
    HELD.add(folder.uri(name))
    try:
        folder.replace(beside, holder.encode())
        yield
    finally:
        HELD.discard(folder.uri(name))
        with suppress(ServiceError):
            folder.remove(beside)
        with suppress(Py4JJavaError):
            stream.close()


def _taken(folder: HadoopFolder, name: str) -> Any:
    """The stream that holds the file."""
    path = folder.java.Path(folder.uri(name))
    for again in (False, True):
        try:
            if not folder.system.exists(path):
                # One copy: more need no more of them, and appending to it works on one DataNode.
                with suppress(Py4JJavaError):  # another process was first
                    folder.system.createNewFile(path)
            return folder.system.append(path)
        except Py4JJavaError as error:
            text = str(error.java_exception)
            if TAKEN not in text and BEING_FREED not in text:
                raise ServiceError(
                    f"The store {folder.address} is not reachable or refuses: "
                    f"{text.splitlines()[0]}"
                ) from error
            first = _holder(folder, name, text)
            if again or not _is_gone(first, folder.uri(name)):
                raise Held(f"{first}, or was until it was killed less than a minute ago") from error
            folder.system.recoverLease(path)
    raise AssertionError


def _holder(folder: HadoopFolder, name: str, text: str) -> str:
    """Who has the lease, as it said itself, else as HDFS says."""
    with suppress(FileNotFoundError, ServiceError):
        return folder.read(f"{name}.holder").decode(errors="replace")
    client = search(r"on (\d[\d.]+)", text)
    return f"a process on {client[1]}" if client else "another process"


def _is_gone(holder: str, name: str) -> bool:
    """Whether the holder was a process of this machine that no longer runs, or holds it no more."""
    named = search(r"^process (\d+) on (\S+) ", holder)
    if named is None or named[2] != socket.gethostname():
        return False
    if int(named[1]) == os.getpid():
        return name not in HELD
    return not Path(f"/proc/{named[1]}").exists()
