"""The end of a night: what its run changed goes out to the clients, too."""

from __future__ import annotations

from collections import Counter

from fink_tracklets.errors import UserError
from fink_tracklets.naming import dated_paths
from fink_tracklets.store.night import StoredNight
from fink_tracklets.store.open import local_path
from fink_tracklets.stream.changes import changes_of
from fink_tracklets.stream.held import Held
from fink_tracklets.stream.search import Names
from fink_tracklets.stream.settings import StreamSettings
from fink_tracklets.stream.state import read_state
from fink_tracklets.stream.topic import OutTopic


def publish_final(
    stored: StoredNight, bootstrap: str, topic: str, state: str, settings: StreamSettings
) -> Counter[str]:
    """Send what a stored night says otherwise than the stream did.

    Parameters
    ----------
    bootstrap : HOST:PORT of a broker
    topic : the one that the stream wrote
    state : the stream's folder, which has the packets; may hold {Y}, {m} and {d}

    Returns
    -------
    Names that are new, renamed and withdrawn; `unseen` are new ones of alerts that the stream never
    got, whose packets nobody has: they are not sent.

    Raises
    ------
    UserError : no such topic, or the folder is not the state of this night, or has no packets
    Away : Kafka does not answer
    """
    path = local_path(dated_paths(state, stored.night)[0])
    if path is None:
        raise UserError(f"--state {state} must be a folder of the driver's own machine.")
    left = read_state(path, stored.night)
    if not left.packets:
        raise UserError(
            f"The state in {path} has no packets that could be sent: its stream read a lake "
            "without --out-topic."
        )
    held = Held(left, settings.held_candidates)
    sink = OutTopic(bootstrap, topic, stored.night, settings.writer, settings.answer_s)
    table = stored.table("tracklet_alerts", ["alert_id", "tracklet"])
    final = dict(zip(table["alert_id"].to_pylist(), table["tracklet"].to_pylist(), strict=True))
    whole = Names(dict.fromkeys([*final, *sink.told], ""), final)
    changes = changes_of([whole], sink.told)
    exposures = list(held.counts)
    packets = held.packets(exposures, [change.alert_id for change in changes])
    known = set(packets["alert_id"].to_pylist())
    sent = [change for change in changes if change.alert_id in known]
    if sent:
        sink.tell(sent, exposures, held)
    kinds = Counter(change.kind for change in sent)
    kinds["unseen"] = len(changes) - len(sent)
    return kinds
