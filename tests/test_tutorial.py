"""The notebook's cells run: on the real sample, and as they are."""

from __future__ import annotations

import json

import pytest

from fink_tracklets.store.night import open_night
from tests.conftest import ROOT, SAMPLE
from tests.notebooks import run_notebook

NOTEBOOK = ROOT / "docs" / "tutorial.ipynb"


def test_the_notebook_s_cells_run_on_a_real_night(stored):
    night = "20210604"
    given = {"night": night, "store": str(stored), "alerts": str(SAMPLE)}
    names, _ = run_notebook(NOTEBOOK, given | {"stored": open_night(stored, night)})
    assert len(names["tracklets"]) == 1
    assert len(names["ids"]) - len(names["kept"]) == 15
    assert len(names["clean"]) == 1
    assert names["one"]["period_s"] == pytest.approx(2.92, abs=0.1)


def test_it_has_twenty_cells_and_shows_what_they_gave():
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    assert len(cells) == 20
    shown = [cell for cell in cells if cell["cell_type"] == "code" and cell["outputs"]]
    assert len(shown) >= 8


@pytest.mark.campaign
def test_the_notebook_runs_as_it_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names, _ = run_notebook(NOTEBOOK)
    assert len(names["clean"]) < len(names["glints"])
    assert names["rate"].per_hour > 0
