"""The page of statistics: numbers of the summaries, spans, and what it refuses."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from tests.serving import get, serving


@pytest.fixture(scope="module")
def address(simulated_store):
    with serving(simulated_store) as address:
        yield address


def test_the_page_has_the_truth_s_numbers(address, simulated):
    answer = get(f"{address}/statistics")
    assert answer.status_code == 200
    rows = dict(re.findall(r'<tr><td>([^<]*)</td><td class="n">([^<]*)</td>', answer.text))
    assert rows["candidates"] == f"{len(pd.read_parquet(simulated.truth)):,}"
    assert rows["exposures with alerts"] == str(simulated.n_exposures)
    assert rows["alerts read"] == f"{simulated.n_rows:,}"
    assert answer.text.count("<svg") >= 8
    assert answer.text == get(f"{address}/statistics", nights="20211001..20211231").text.replace(
        'value="20211001..20211231"', 'value=""'
    )


@pytest.mark.parametrize(
    ("nights", "status", "said"),
    [
        ("2021", 400, "is not a span of nights"),
        ("20211231..20211001", 400, "run backwards"),
        ("20300101", 404, "no night of 20300101"),
    ],
)
def test_spans_that_cannot_be_shown_are_one_sentence(address, nights, status, said):
    answer = get(f"{address}/statistics", nights=nights)
    assert answer.status_code == status
    assert said in answer.text


def test_nights_without_a_summary_are_said(made):
    answer = get(f"{made}/statistics")
    assert answer.status_code == 200
    assert "20211021, 20211022, 20211023" in answer.text
    assert "summarise" in answer.text


def test_a_store_without_nights_is_said(tmp_path):
    with serving(tmp_path) as address:
        assert "The store has no night." in get(f"{address}/statistics").text
