"""What a batch searches and what waits; the candidates that are remembered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fink_tracklets.alerts.read import ALERT_COLUMNS
from fink_tracklets.pipeline.link import named_tracklets
from fink_tracklets.stream.changes import changes_of
from fink_tracklets.stream.held import Held
from fink_tracklets.stream.search import Names, Search
from fink_tracklets.stream.settings import load_stream
from fink_tracklets.stream.state import CANDIDATES, StreamState, open_state

JD = 2459509.6139252


@pytest.fixture
def state(ztf, tmp_path) -> StreamState:
    return open_state(tmp_path / "state", "20211022", ztf, "topic t")


def candidates(exposure: str, first: int, n: int, jd: float = JD) -> pa.Table:
    """Candidates at random places."""
    rng = np.random.default_rng(first)
    values = {name: [None] * n for name in CANDIDATES.names} | {
        "alert_id": range(first, first + n),
        "object_id": [f"ZTF{k}" for k in range(first, first + n)],
        "exposure": [exposure] * n,
        "jd": [jd] * n,
        "ra": rng.uniform(100, 107, n),
        "dec": rng.uniform(0, 7, n),
        "mag": rng.uniform(17, 20, n),
    }
    return pa.table(values, CANDIDATES)


def on_a_line(rows: pa.Table) -> pa.Table:
    """The same, every 300 arcsec along a parallel of the equator."""
    k = pa.array(np.arange(len(rows)) / 12 + 101)
    at = rows.schema.get_field_index
    rows = rows.set_column(at("ra"), "ra", k)
    return rows.set_column(at("dec"), "dec", pa.array(np.full(len(rows), 0.001)))


def told(state: StreamState, held: Held, batch: int, rows: pa.Table) -> set[str]:
    state.write_candidates(batch, rows)
    return held.add(batch, rows)


def test_a_crowd_is_searched_again_when_it_has_grown(state, ztf):
    settings = replace(load_stream(), batch_cost=500.0, growth=2.0, quiet_s=1e9)
    held = Held(state, settings.held_candidates)
    search = Search(held, ztf, settings)
    search.touched(told(state, held, 0, candidates("crowd", 0, 20)))
    search.touched(told(state, held, 1, candidates("few", 1_000, 10, JD + 1)))
    (names,) = search.of_batch()
    assert set(names.exposure_of.values()) == {"few"}
    (names,) = search._from_beside(wait=True)
    assert set(names.exposure_of) == set(range(20))
    search.touched(told(state, held, 2, candidates("crowd", 100, 19)))
    assert (search.of_batch(), search.waiting) == ([], 1)
    search.touched(told(state, held, 3, candidates("crowd", 200, 1)))
    assert search.of_batch() == []
    (names,) = search._from_beside(wait=True)
    assert len(names.exposure_of) == 40
    assert search.waiting == 0
    search.close()


def test_a_redelivered_candidate_is_no_reason_to_search(state, ztf):
    held = Held(state, 1_000)
    rows = candidates("one", 0, 6)
    assert told(state, held, 0, rows) == {"one"}
    assert told(state, held, 1, rows.slice(2, 2)) == set()
    assert told(state, held, 2, pa.concat_tables([rows, candidates("two", 50, 1)])) == {"two"}
    assert held.counts == {"one": 6, "two": 1}


def test_what_is_not_in_memory_comes_from_the_state(state, ztf):
    """Also after a restart; the packets, too."""
    small, large = Held(state, 1), Held(state, 1_000)
    for batch in range(6):
        rows = candidates(f"e{batch % 3}", 100 * batch, 7, JD + batch % 3)
        body = pa.array([b"%d" % k for k in range(7)], pa.binary())
        rows = rows.set_column(rows.schema.get_field_index("body"), "body", body)
        state.write_candidates(batch, rows)
        for held in (small, large):
            held.add(batch, rows)
    for held in (small, Held(state, 1)):
        for exposure in ("e0", "e1", "e2"):
            one, other = held.frame([exposure]), large.frame([exposure])
            pd.testing.assert_frame_equal(one[list(ALERT_COLUMNS)], other[list(ALERT_COLUMNS)])
    assert small.packets(["e1"], [103, 402])["body"].to_pylist() == [b"3", b"2"]


def test_exposures_of_a_second_are_named_together(state, ztf):
    """Two exposures share a second, and one of them spans two: all three have one numbering."""
    second = 1 / 86400
    parts = [
        on_a_line(candidates("a", 0, 5, JD)),
        on_a_line(candidates("b", 100, 7, JD + 0.1 * second)),
        candidates("b", 200, 1, JD + second),
        on_a_line(candidates("c", 300, 6, JD + second)),
        on_a_line(candidates("alone", 400, 6, JD + 60 * second)),
    ]
    held = Held(state, 1_000)
    search = Search(held, ztf, load_stream())
    for batch, rows in enumerate(parts):
        told(state, held, batch, rows)
    search.touched(["c"])
    (names,) = search.of_batch()
    assert set(names.exposure_of.values()) == {"a", "b", "c"}
    whole = named_tracklets(pa.concat_tables(parts).to_pandas(), ztf)
    expected = whole[whole["tracklet"].notna() & (whole["exposure"] != "alone")]
    assert names.tracklets == dict(zip(expected["alert_id"], expected["tracklet"], strict=True))
    assert len(set(names.tracklets.values())) == 3


def test_only_what_differs_is_told():
    first = Names({1: "e", 2: "e", 3: "e", 4: "e"}, {1: "A", 2: "A", 3: "B"})
    second = Names({3: "e", 4: "e"}, {3: "C"})
    changes = changes_of([first, second], {1: "A", 3: "Z", 4: "Y", 9: "W"})
    found = [(one.alert_id, one.tracklet, one.before, one.kind) for one in changes]
    assert found == [
        (2, "A", None, "new"),
        (3, "C", "Z", "renamed"),
        (4, None, "Y", "withdrawn"),
    ]
    assert changes_of([first, Names({3: "e"}, {3: "Z"})], {1: "A", 2: "A", 3: "Z"}) == []
