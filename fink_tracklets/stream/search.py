"""Which exposures a batch searches, and which wait: a crowd must not stall the stream."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass

import pandas as pd

from fink_tracklets.ingest.workers import worker_pool
from fink_tracklets.pipeline.link import SEARCHED_COLUMNS, named_tracklets, searched
from fink_tracklets.stream.held import Held
from fink_tracklets.stream.settings import StreamSettings
from fink_tracklets.survey import Survey


@dataclass(frozen=True)
class Names:
    """What a search says of all candidates of its exposures."""

    exposure_of: Mapping[int, str]
    """The exposure of each alert that was searched."""
    tracklets: Mapping[int, str]
    """The tracklet's name of each alert that is in one."""


def search_names(frame: pd.DataFrame, survey: Survey) -> dict[int, str]:
    """The tracklet of each alert in one, by the very search of the night."""
    found = named_tracklets(frame[list(SEARCHED_COLUMNS)], survey)
    members = found[found["tracklet"].notna()]
    return dict(zip(members["alert_id"].astype(int), members["tracklet"], strict=True))


class Search:
    """The exposures that wait to be searched."""

    def __init__(self, held: Held, survey: Survey, settings: StreamSettings) -> None:
        self.held, self.survey, self.settings = held, survey, settings
        self._waiting: dict[str, float] = {}
        """Exposure, and when it last got a candidate, by the monotonic clock [s]."""
        self._searched: dict[str, int] = {}
        """The candidates that an exposure had when it was last searched."""
        self._pool: ProcessPoolExecutor | None = None
        self._beside: tuple[Future[dict[int, str]], dict[int, str]] | None = None

    @property
    def waiting(self) -> int:
        """The exposures that are to be searched still."""
        return len(self._waiting) + (len(set(self._beside[1].values())) if self._beside else 0)

    def touched(self, exposures: Iterable[str]) -> None:
        """These have new candidates."""
        self._waiting.update(dict.fromkeys(exposures, time.monotonic()))

    def of_batch(self) -> list[Names]:
        """Search what a batch may, the least work first; the heaviest goes beside."""
        done = self._from_beside()
        left, light, heavy = self.settings.batch_cost, list[str](), []
        for cost, group in self._groups():
            if cost <= left:
                left -= cost
                light += group
            else:
                heavy.append(group)
        if light:
            done.append(self._search(light))
        for group in heavy:
            if self._beside is None and self._is_due(group):
                self._search_beside(group)
        return done

    def all(self) -> list[Names]:
        """Search all that waits."""
        done = self._from_beside(wait=True)
        if self._waiting:
            done.append(self._search([one for _, group in self._groups() for one in group]))
        return done

    def close(self) -> None:
        """End the search beside the stream."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def _groups(self) -> list[tuple[float, tuple[str, ...]]]:
        """What waits, with the work of each group, the least first."""
        groups = self.held.together(self._waiting)
        names = [one for group in groups for one in group]
        counts = [self.held.counts[one] for one in names]
        some = searched(pd.DataFrame({"exposure": names, "candidates": counts}), self.survey)
        cost = dict(zip(some["exposure"], some["cost"], strict=True))
        return sorted((sum(cost.get(one, 0.0) for one in group), group) for group in groups)

    def _is_due(self, group: tuple[str, ...]) -> bool:
        """Whether a crowd has grown enough since it was last searched, or is quiet."""
        now = sum(self.held.counts[one] for one in group)
        before = sum(self._searched.get(one, 0) for one in group)
        last = max(self._waiting.get(one, 0.0) for one in group)
        quiet = time.monotonic() - last >= self.settings.quiet_s
        return quiet or now >= self.settings.growth * before

    def _taken(self, group: Sequence[str]) -> tuple[pd.DataFrame, dict[int, str]]:
        """The candidates of exposures that wait no longer, and the exposure of each."""
        for one in group:
            self._waiting.pop(one, None)
            self._searched[one] = self.held.counts[one]
        frame = self.held.frame(group)
        return frame, dict(zip(frame["alert_id"].tolist(), frame["exposure"], strict=True))

    def _search(self, group: Sequence[str]) -> Names:
        frame, exposure_of = self._taken(group)
        return Names(exposure_of, search_names(frame, self.survey))

    def _search_beside(self, group: Sequence[str]) -> None:
        self._pool = self._pool or worker_pool(1)
        frame, exposure_of = self._taken(group)
        self._beside = self._pool.submit(search_names, frame, self.survey), exposure_of

    def _from_beside(self, wait: bool = False) -> list[Names]:
        """What was found beside the stream, if that search is at its end."""
        if self._beside is None or not (wait or self._beside[0].done()):
            return []
        future, exposure_of = self._beside
        self._beside = None
        return [Names(exposure_of, future.result())]
