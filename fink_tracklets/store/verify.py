"""Whether a stored night is whole."""

from __future__ import annotations

from collections.abc import Iterator

from fink_tracklets.errors import UserError
from fink_tracklets.store.night import Replaced, StoredNight
from fink_tracklets.tables import TABLES


def store_differences(stored: StoredNight) -> Iterator[str]:
    """What is wrong with a stored night, sentence by sentence."""
    try:
        tables = {name: stored.frame(name) for name in TABLES}
    except Replaced:
        raise
    except (UserError, OSError, ValueError) as error:
        yield str(error)
        return
    for name, table in tables.items():
        said = stored.manifest.rows.get(name, 0)
        if len(table) != said:
            yield f"{name} has {len(table)} rows, the manifest says {said}."
    tracklets, alerts = tables["tracklets"], tables["tracklet_alerts"]
    for name in tracklets.loc[tracklets["tracklet"].duplicated(), "tracklet"]:
        yield f"tracklets has {name} twice."
    for alert in alerts.loc[alerts["alert_id"].duplicated(), "alert_id"]:
        yield f"tracklet_alerts has the alert {alert} twice."
    counted = alerts.groupby("tracklet").size().to_dict()
    sizes = dict(zip(tracklets["tracklet"], tracklets["n_alerts"], strict=True))
    for name in sorted({*counted, *sizes}):
        if counted.get(name) != sizes.get(name):
            yield (
                f"{name}: {counted.get(name, 0)} alerts in tracklet_alerts, "
                f"{sizes.get(name, 0)} in tracklets."
            )
    candidates = tables["candidates"].dropna(subset="tracklet")
    marked = set(zip(candidates["alert_id"], candidates["tracklet"], strict=True))
    for alert, name in sorted(
        marked ^ set(zip(alerts["alert_id"], alerts["tracklet"], strict=True))
    ):
        yield f"candidates and tracklet_alerts differ about the alert {alert} in {name}."
