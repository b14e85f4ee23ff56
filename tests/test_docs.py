"""What the documentation says is so."""

from __future__ import annotations

import re

from fink_tracklets.tables import markdown
from tests.conftest import ROOT, SAMPLE


def test_the_page_of_tables_is_generated():
    assert (ROOT / "docs" / "tables.md").read_text() == markdown() + "\n", "run `make docs`"


def test_the_readme_s_python_runs(data, spark, tmp_path, monkeypatch):
    readme = (ROOT / "README.md").read_text()
    examples = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    assert len(examples) >= 2
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for example in examples:
        exec(example.replace('"alerts.parquet"', repr(str(SAMPLE))), names)


def test_links_lead_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
