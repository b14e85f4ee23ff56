"""Another process that holds a night of a store until it is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from fink_tracklets.errors import UserError
from fink_tracklets.store.folder import WritableFolder
from fink_tracklets.store.lock import night_locked

HOLD = """
import sys
from fink_tracklets.store.lock import night_locked
from fink_tracklets.store.open import open_writable
spark = None
if "://" in sys.argv[1]:
    from fink_tracklets.spark.session import spark_session
    spark = spark_session()
with night_locked(open_writable(sys.argv[1], spark), "20210604"):
    print("held", flush=True)
    sys.stdin.read()
"""


def assert_held_until_killed(folder: WritableFolder, address: str) -> None:
    """Another process holds a night: this one is refused it, and no other; a kill leaves no lock.

    Parameters
    ----------
    address : of the folder, for the other process
    """
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD, address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert first.stdout.readline() == b"held\n"
    with (
        pytest.raises(UserError, match=rf"20210604 .* is being run by process {first.pid} on "),
        night_locked(folder, "20210604"),
    ):
        pass
    with night_locked(folder, "20210605"):
        pass
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    for _ in range(2):
        with night_locked(folder, "20210604"):
            pass
