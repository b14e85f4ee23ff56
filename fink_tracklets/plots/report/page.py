"""The page of a report: one file of HTML that needs nothing else."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from fink_tracklets.version import __version__
from fink_tracklets.years.span import Span
from fink_tracklets.years.tables import ReportTable, shown


@dataclass(frozen=True)
class Drawn:
    """A figure of the report as files."""

    key: str
    title: str
    files: Mapping[str, bytes]
    """By ending: png and pdf; none where it could not be drawn."""
    lacking: str | None
    """Why it could not be drawn."""


STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 0 auto; padding: 1rem;
  color: #1c2530; background: #fff; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid #d6dbe0; text-align: right;
  vertical-align: top; }
th.text, td.text { text-align: left; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
.wide { overflow-x: auto; } img { max-width: 100%; height: auto; }
figure { margin: 1.5rem 0; } figcaption { font-weight: 600; } .note { color: #55616d; }
"""


def html(span: Span, tables: Sequence[ReportTable], figures: Sequence[Drawn]) -> str:
    """The page.

    Parameters
    ----------
    tables, figures : in their order
    """
    nights, survey = len(span.nights), escape(span.survey.name)
    title = f"Glints in {nights:,} night{'' if nights == 1 else 's'} of {survey}"
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>",
        f'<p class="note">Nights {escape(span.text)}. P1 is Karpov &amp; Peloton 2022 '
        "(arXiv 2202.05719), P2 the same 2023 (arXiv 2310.17322). Errors are one standard "
        f"deviation. fink_tracklets {escape(__version__)}.</p>",
        "<h2>Tables</h2>",
        *map(_table, tables),
        "<h2>Figures</h2>",
        *map(_figure, figures),
        "</body>\n</html>\n",
    ]
    return "\n".join(parts)


def _table(table: ReportTable) -> str:
    texts = [any(isinstance(row[k], str) for row in table.rows) for k in range(len(table.heads))]

    def cells(kind: str, values: Sequence[object]) -> str:
        made = (
            f"<{kind}{' class=text' if text else ''}>{escape(shown(value))}</{kind}>"
            for value, text in zip(values, texts, strict=True)
        )
        return f"<tr>{''.join(made)}</tr>"

    rows = "\n".join(cells("td", row) for row in table.rows)
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    return (
        f'<div class="wide"><table id="{table.key}"><caption>{escape(table.title)}</caption>\n'
        f"<thead>{cells('th', table.heads)}</thead>\n<tbody>\n{rows}\n</tbody></table></div>\n"
        f"{note}"
    )


def _figure(one: Drawn) -> str:
    caption = f"<figcaption>{escape(one.title)}</figcaption>"
    if one.lacking is not None:
        why = escape(one.lacking)
        return f'<figure id="{one.key}">{caption}<p class="note">Not drawn: {why}.</p></figure>'
    image = base64.b64encode(one.files["png"]).decode()
    alt = escape(one.title)
    return (
        f'<figure id="{one.key}">{caption}\n'
        f'<img src="data:image/png;base64,{image}" alt="{alt}"></figure>'
    )
