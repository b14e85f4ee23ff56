"""No damaged file ends in a traceback, hangs, or takes the memory; docs/fuzzing.md."""

from __future__ import annotations

import pytest

from tests.fuzz.campaign import LONGEST_S, fuzz, peak_bytes
from tests.fuzz.corpus import seeds
from tests.fuzz.readers import readers


def check(folder, cases: int, seed: int) -> None:
    before = peak_bytes()
    found = fuzz(folder, cases, seed)
    assert len(found) == 12
    assert [failure for tally in found.values() for failure in tally.failures] == []
    assert all(tally.cases == cases for tally in found.values())
    assert all(tally.slowest_s < LONGEST_S for tally in found.values())
    assert peak_bytes() - before < 1e9
    assert all(tally.used < cases for tally in found.values())
    assert sum(tally.used for tally in found.values()) > 0


def test_a_few_hundred_damaged_files(tmp_path):
    check(tmp_path, 40, seed=1)


@pytest.mark.campaign
def test_a_hundred_thousand_damaged_files(tmp_path):
    check(tmp_path, 8_400, seed=2)


def test_whole_files_are_used(tmp_path):
    store = tmp_path / "store"
    store.mkdir()
    files = seeds(store)
    for name, read in readers(tmp_path, store).items():
        assert all(read(content) for content in files[name]), name
