"""Lines of four alerts: found, hardly ever by chance, flagged for those who want all glints."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import scenes
from fink_tracklets import find_tracklets, read_table, with_tracklets
from fink_tracklets.cli.show import night_text
from fink_tracklets.evaluate import compare_short
from fink_tracklets.finder.short import MAX_LEFT, find_short_tracks
from fink_tracklets.pipeline.link import SEARCHED_COLUMNS, named_tracklets
from fink_tracklets.sky.sphere import ra_dec
from fink_tracklets.store.night import open_night, read_state
from tests.serving import get, serving

NIGHT = "20211022"


def frame_of(*skies: np.ndarray) -> pd.DataFrame:
    """Exposures of points ``(n, 2)`` of the plane [arcsec]."""
    ra, dec = ra_dec(scenes.on_sky(np.concatenate(skies)))
    exposure = np.repeat(np.arange(len(skies)), [len(sky) for sky in skies])
    return pd.DataFrame(
        {"exposure": exposure, "alert_id": np.arange(len(ra)), "ra": ra, "dec": dec}
    )


def line(n: int, rng: np.random.Generator) -> np.ndarray:
    """n points along 400", with ZTF's errors."""
    along = np.linspace(0, 400, n)
    return np.stack([along, 0.3 * along], axis=1) + rng.normal(0, 0.15, (n, 2))


def short_of(frame: pd.DataFrame, ztf) -> pd.DataFrame:
    return find_short_tracks(frame, find_tracklets(frame, ztf)["alert_id"], ztf)


def test_four_in_a_line_are_found_and_three_are_not(ztf):
    rng, size = np.random.default_rng(4), scenes.side(ztf)
    skies = [np.concatenate([line(n, rng), scenes.uniform(rng, 30, size)]) for n in (3, 4, 5)]
    found = short_of(frame_of(*skies), ztf)
    assert found["exposure"].tolist() == [1] * 4
    assert found["alert_id"].tolist() == sorted(range(33, 37))
    assert (found["log10_nfa"] < -3).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("points", [[7], [4], [7, 4, 3], [30]])
def test_any_kind_may_be_missing(ztf, points):
    """Without a word on the operator's console."""
    rng = np.random.default_rng(6)
    frame = frame_of(*(line(n, rng) for n in points), scenes.uniform(rng, 3, 20_000))
    frame = frame.assign(exposure=frame["exposure"].map("e{}".format), jd=2459000.5)
    found = named_tracklets(frame.reindex(columns=list(SEARCHED_COLUMNS)), ztf)
    assert found["tracklet"].nunique() == sum(n > 4 for n in points)
    kinds = found["short_track"].dropna().str.split("_").str[0]
    assert set(kinds) == {{4: "SHORT", 3: "LINE"}[n] for n in points if n < 5}
    assert len(kinds) == sum(n for n in points if n < 5)


def test_the_promise_is_kept_without_any(ztf):
    """At most 0.001 an exposure: of 600 less than one is expected, and hardly ever three."""
    size = scenes.side(ztf)
    for scene in ("uniform", "rings"):
        skies = [scenes.SCENES[scene](np.random.default_rng([4, k]), 100, size) for k in range(300)]
        found = short_of(frame_of(*skies), ztf)
        assert found.groupby(["exposure", "number"]).ngroups <= 2


def test_they_are_not_looked_for_where_chance_makes_as_many(ztf):
    rng = np.random.default_rng(5)
    crowd = scenes.uniform(rng, MAX_LEFT, scenes.side(ztf))
    assert not len(short_of(frame_of(np.concatenate([line(4, rng), crowd])), ztf))


def test_a_simulated_night_s_short_tracks_are_glints(simulated, simulated_store):
    truth = pd.read_parquet(simulated.truth)
    tables = read_state(
        simulated_store,
        NIGHT,
        lambda night: (night.frame("tracklet_alerts"), night.frame("short_tracks")),
    )
    score = compare_short(truth, *tables)
    assert score.tracks >= 1
    assert score.of_one == score.tracks
    assert f"{score.tracks}, of one object each" in score.text()

    alerts = truth.rename(columns={"alert_id": "candid"})
    named = with_tracklets(alerts, simulated_store, NIGHT, short=True)
    assert named.columns[-2:].tolist() == ["tracklet", "short_track"]
    assert len(named) == len(alerts)
    assert named["short_track"].notna().sum() == len(tables[1])
    assert not (named["tracklet"].notna() & named["short_track"].notna()).any()
    kinds = named["short_track"].dropna().drop_duplicates().str.partition("_")[0].value_counts()
    text = night_text(open_night(simulated_store, NIGHT))
    assert f"Short tracks: {kinds['LINE']} straight, {kinds['SHORT']} of four" in text
    assert named["short_track"].dropna().str.fullmatch(r"(SHORT|LINE)_\d{8}_\d{6}_\d\d").all()


def test_the_service_tells_them(simulated_store):
    with serving(simulated_store) as address:
        told = get(f"{address}/api/v1/nights/{NIGHT}").json()["short_tracks"]
        page = get(f"{address}/night/{NIGHT}").text
    short = read_table(simulated_store, "short_tracks", NIGHT)
    assert [row["alert_id"] for row in told] == short["alert_id"].to_pylist()
    assert f"{len(short)} further alerts lie on short tracks" in page
