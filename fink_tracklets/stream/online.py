"""Names into the store's folder `online`, which is also the record of what was told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pandas as pd

from fink_tracklets.errors import ServiceError
from fink_tracklets.store.folder import WritableFolder
from fink_tracklets.store.online import add_online, last_rows, online_files, online_history
from fink_tracklets.stream.changes import Change
from fink_tracklets.stream.held import Held
from fink_tracklets.survey import Survey
from fink_tracklets.tables import ONLINE


class OnlineFolder:
    """The running night in a store.

    Parameters
    ----------
    folder : the store
    night : YYYYMMDD
    survey : whose alerts they are
    """

    def __init__(self, folder: WritableFolder, night: str, survey: Survey) -> None:
        self.folder, self.night = folder, night
        self.about = {"survey": survey.name, "alert_id": survey.columns.alert_id}
        rows = last_rows(online_history(folder, online_files(folder, night)))
        numbers, names = (rows[name].to_pylist() for name in ("alert_id", "tracklet"))
        self.told: dict[int, str | None] = dict(zip(numbers, names, strict=True))
        """The name that was last told of each alert."""

    def tell(self, changes: list[Change], exposures: Sequence[str], held: Held) -> None:
        """Add the changes.

        Parameters
        ----------
        exposures : have the changed alerts
        held : has their candidates
        """
        candidates = held.frame(exposures)
        named = pd.DataFrame(
            {
                "alert_id": [change.alert_id for change in changes],
                "tracklet": [change.tracklet for change in changes],
            }
        )
        rows = named.merge(candidates.drop_duplicates("alert_id"), on="alert_id")
        rows = rows.assign(written=pd.Timestamp(datetime.now(UTC)))
        table = ONLINE.from_frame(rows).replace_schema_metadata(self.about)
        try:
            add_online(self.folder, self.night, table)
        except OSError as error:
            raise ServiceError(
                f"The store {self.folder.address} cannot be written ({error.strerror or error}). "
                "Nothing is lost: make room, and start the same line again."
            ) from error
        self.told.update((change.alert_id, change.tracklet) for change in changes)
