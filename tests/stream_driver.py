"""`fink-tracklets stream` in a process that kills itself (SIGKILL) at a named place.

python -m tests.stream_driver PLACE OPTIONS ...
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from fink_tracklets.cli.main import main
from fink_tracklets.stream.state import StreamState
from fink_tracklets.stream.topic import OutTopic


def die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def after(function: Callable[..., Any]) -> Callable[..., Any]:
    def done(*arguments: Any, **named: Any) -> None:
        function(*arguments, **named)
        die()

    return done


def set_trap(place: str) -> None:
    """Die when the state is written, with an open transaction, or before Spark knows the batch."""
    if place == "state":
        StreamState.write_candidates = after(StreamState.write_candidates)
    elif place == "open":
        OutTopic.commit = lambda sink: (sink.producer.flush(), die())
    elif place == "committed":
        OutTopic.tell = after(OutTopic.tell)


if __name__ == "__main__":
    set_trap(sys.argv[1])
    sys.exit(main(["stream", *sys.argv[2:]]))
