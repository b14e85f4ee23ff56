"""What a person sees on stderr while long work goes on: lines, and on a terminal a bar."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Work = tuple[float, float]
"""How much is done, of how much."""
LINE_EVERY_S = 10.0
"""Where there is no terminal."""


class Progress:
    """Named steps with their duration; on a terminal also how far a step has come."""

    def __init__(self, quiet: bool = False, name: str = "") -> None:
        """With a name: for work beside others, with lines that begin with it and without bars."""
        self.quiet = quiet
        self.before = f"{name}: " if name else ""
        self.live = not quiet and not name and sys.stderr.isatty()

    @contextmanager
    def step(self, name: str, spark: SparkSession | None = None) -> Iterator[None]:
        """Report one step of the work; on a terminal with the tasks of Spark's running stages."""
        start = time.monotonic()
        with self._bar(name, lambda: (name, _tasks(spark))):
            yield
        self.say(f"{name}: {time.monotonic() - start:.1f} s")

    @contextmanager
    def reading(self, state: Callable[[], tuple[str, Work]]) -> Iterator[None]:
        """Report work that counts: its state now and then, and at the end.

        Parameters
        ----------
        state : gives a line, and how much is done of how much; called from another thread
        """
        with self._bar("", state), self._lines(lambda: state()[0]):
            yield
        self.say(state()[0])

    def say(self, text: str) -> None:
        """Report something that happens on the way."""
        if not self.quiet:
            print(self.before + text, file=sys.stderr, flush=True)

    @contextmanager
    def _bar(self, name: str, state: Callable[[], tuple[str, Work]]) -> Iterator[None]:
        if not self.live:
            yield
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        bar = Progress(*columns, console=Console(stderr=True), transient=True)
        task = bar.add_task(name, total=None)

        def show() -> None:
            text, (done, whole) = state()
            bar.update(task, description=text, completed=done, total=whole or None)

        with bar, _every(0.3, show):
            yield

    @contextmanager
    def _lines(self, line: Callable[[], str]) -> Iterator[None]:
        if self.quiet or self.live:
            yield
            return
        with _every(LINE_EVERY_S, lambda: self.say(line())):
            yield


@contextmanager
def _every(seconds: float, show: Callable[[], None]) -> Iterator[None]:
    """Show something from a thread of its own, as long as the work goes on."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(seconds):
            show()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _tasks(spark: SparkSession | None) -> Work:
    """The tasks of the stages that run now."""
    if spark is None:
        return 0, 0
    tracker = spark.sparkContext.statusTracker()
    stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
    running = [stage for stage in stages if stage is not None]
    return (
        sum(stage.numCompletedTasks for stage in running),
        sum(stage.numTasks for stage in running),
    )
