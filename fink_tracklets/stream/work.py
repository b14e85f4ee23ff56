"""What is done with each batch: remember, search, tell."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from pyspark.sql import DataFrame

from fink_tracklets.stream.changes import Change, changes_of
from fink_tracklets.stream.held import Held
from fink_tracklets.stream.read import read_batch
from fink_tracklets.stream.search import Names, Search
from fink_tracklets.stream.settings import StreamSettings
from fink_tracklets.stream.source import Lake, Topic
from fink_tracklets.stream.state import StreamState
from fink_tracklets.survey import Survey


class Sink(Protocol):
    """Where names are told, and what was told there."""

    told: dict[int, str | None]

    def tell(self, changes: list[Change], exposures: Sequence[str], held: Held) -> None:
        """Tell changes, all or none; then they are in `told`."""
        ...


class Work:
    """A night's stream from one start to its end.

    Parameters
    ----------
    state : what former starts left: all of it is searched again, so that nothing is lost that a
        death came before
    sinks : where names are told
    counts : messages, candidates, dead and batches; new, renamed and withdrawn names; grow
    watch : is called with what a sink was told first
    say : is called with what a person should know
    """

    def __init__(
        self,
        state: StreamState,
        source: Topic | Lake,
        survey: Survey,
        sinks: Sequence[Sink],
        settings: StreamSettings,
        counts: Counter[str],
        watch: Callable[[list[Change]], None],
        say: Callable[[str], None],
    ) -> None:
        self.state, self.source, self.survey = state, source, survey
        self.sinks, self.counts, self.watch, self.say = sinks, counts, watch, say
        self.held = Held(state, settings.held_candidates)
        self.search = Search(self.held, survey, settings)
        self.search.touched(self.held.counts)
        self.batch_s = 0.0
        """How long the last batch took [s]."""
        self.error: BaseException | None = None
        """What ended a batch."""
        self._lock = threading.Lock()
        self._stopping = False

    def batch(self, rows: DataFrame, number: int) -> None:
        """For Spark's foreachBatch; a batch may come again after a death."""
        with self._lock:
            if self._stopping:
                # Not a return: Spark would take the batch for done.
                raise RuntimeError("the stream ends")
            begun = time.monotonic()
            try:
                self._batch(rows, number)
            except BaseException as error:
                self.error = error
                raise
            self.batch_s = time.monotonic() - begun

    def _batch(self, rows: DataFrame, number: int) -> None:
        read = read_batch(rows, self.source, self.survey, self.state)
        if len(read.dead):
            self.state.write_dead(number, read.dead)
            self.say(
                f"{len(read.dead):,} of {read.messages:,} messages cannot be read and are kept in "
                f"{self.state.path}/dead; the first: {read.dead['reason'][0]}"
            )
        if len(read.candidates):
            self.state.write_candidates(number, read.candidates)
            self.search.touched(self.held.add(number, read.candidates))
        self._tell(self.search.of_batch())
        self.counts.update(
            batches=1, messages=read.messages, candidates=len(read.candidates), dead=len(read.dead)
        )

    def idle(self) -> None:
        """Between batches: what waits may have its turn."""
        with self._lock:
            if self.search.waiting:
                self._tell(self.search.of_batch())

    def finish(self) -> None:
        """At the end: search all that waits."""
        with self._lock:
            self._tell(self.search.all())

    def named(self) -> int:
        """The alerts that have a provisional name now."""
        return sum(name is not None for name in self.sinks[0].told.values())

    def stop(self) -> None:
        """Let a batch come to its end; no other begins."""
        with self._lock:
            self._stopping = True

    def _tell(self, found: list[Names]) -> None:
        """Tell each sink what it does not know."""
        for sink in self.sinks:
            changes = changes_of(found, sink.told)
            if not changes:
                continue
            exposure_of = {k: one for names in found for k, one in names.exposure_of.items()}
            exposures = sorted({exposure_of[change.alert_id] for change in changes})
            sink.tell(changes, exposures, self.held)
            if sink is self.sinks[0]:
                self.counts.update(change.kind for change in changes)
                self.watch(changes)
