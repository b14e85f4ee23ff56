"""What a person sees on stderr while Spark works."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession


class Progress:
    """Named steps with their duration; on a terminal also Spark's tasks as they finish."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self.live = not quiet and sys.stderr.isatty()

    @contextmanager
    def step(self, name: str, spark: SparkSession | None = None) -> Iterator[None]:
        """Report one step of the work."""
        if self.quiet:
            yield
            return
        start, done = time.monotonic(), threading.Event()
        if self.live:
            watcher = threading.Thread(target=self._watch, args=(name, spark, start, done))
            watcher.start()
        try:
            yield
        finally:
            done.set()
            if self.live:
                watcher.join()
        self._line(f"{name}: {time.monotonic() - start:.1f} s", end="\n")

    def say(self, text: str) -> None:
        """Report something that happens on the way."""
        if not self.quiet:
            self._line(text, end="\n")

    def _watch(
        self, name: str, spark: SparkSession | None, start: float, done: threading.Event
    ) -> None:
        while not done.wait(0.3):
            self._line(f"{name} {_tasks(spark)}{time.monotonic() - start:.0f} s", end="")
        self._line("", end="")

    def _line(self, text: str, end: str) -> None:
        clear = "\r\033[K" if self.live else ""
        print(clear + text, end=end, file=sys.stderr, flush=True)


def _tasks(spark: SparkSession | None) -> str:
    if spark is None:
        return ""
    tracker = spark.sparkContext.statusTracker()
    stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
    running = [stage for stage in stages if stage is not None]
    if not running:
        return ""
    finished = sum(stage.numCompletedTasks for stage in running)
    return f"[{finished}/{sum(stage.numTasks for stage in running)} tasks] "
