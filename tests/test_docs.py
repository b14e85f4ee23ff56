"""What the documentation says is so."""

from __future__ import annotations

import re
import subprocess
import sys

import fink_tracklets
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


def test_the_site_is_built_strictly(tmp_path):
    """No link leads nowhere, no page is missing, every function has its page."""
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    for page in (ROOT / "docs").glob("*.md"):
        assert (tmp_path / f"{page.stem}.html").exists()
    functions = (tmp_path / "api.html").read_text()
    for name in fink_tracklets.__all__:
        assert name in functions or name == "__version__"
