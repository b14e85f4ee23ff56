"""Runs the cells of a notebook in order, and can put what they show into the file.

python -m tests.notebooks docs/tutorial.ipynb
"""

from __future__ import annotations

import ast
import base64
import contextlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any


def run_notebook(file: Path, given: dict[str, Any] | None = None) -> tuple[dict[str, Any], Any]:
    """The names that the cells define, and the notebook with their outputs.

    Parameters
    ----------
    given : names that a cell with the tag `setup` would define: it is left out then
    """
    notebook = json.loads(file.read_text())
    names: dict[str, Any] = dict(given or {})
    number = 0
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        number += 1
        if given and "setup" in cell["metadata"].get("tags", []):
            continue
        cell["outputs"] = _outputs("".join(cell["source"]), names, number)
        cell["execution_count"] = number
    return names, notebook


def _outputs(source: str, names: dict[str, Any], number: int) -> list[dict[str, Any]]:
    """What a cell prints, the value of its last line, and the figure if that is one."""
    from matplotlib.figure import Figure

    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "cell", "exec"), names)
        value = None
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        outputs.append({"output_type": "stream", "name": "stdout", "text": printed.getvalue()})
    if value is not None:
        data = {"text/plain": repr(value)}
        if isinstance(value, Figure):
            image = io.BytesIO()
            value.savefig(image, format="png", dpi=80)
            data = {
                "image/png": base64.b64encode(image.getvalue()).decode(),
                "text/plain": "figure",
            }
        elif hasattr(value, "_repr_html_"):
            data["text/html"] = value._repr_html_()
        told = {"output_type": "execute_result", "data": data, "metadata": {}}
        outputs.append(told | {"execution_count": number})
    return outputs


if __name__ == "__main__":
    path = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        _, made = run_notebook(path)
    path.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n")
