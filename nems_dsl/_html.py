"""What notebooks show: small pieces of HTML, in which all text is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

_MOST_ROWS = 50


def text(value: object) -> str:
    """Return a text as HTML shows it."""
    return html.escape(str(value))


def heading(title: object, *lines: object) -> str:
    """Return a title in bold, and lines below it."""
    return "<br>".join([f"<b>{text(title)}</b>", *map(text, lines)])


def block(lines: object) -> str:
    """Return text in the letters of a terminal, whose lines stay as they are."""
    return f'<pre style="line-height: 1.2">{text(lines)}</pre>'


def folded(title: object, body: str) -> str:
    """Return HTML that opens when its title is clicked.

    Examples
    --------
    >>> folded("a < b", block("1 & 2"))
    '<details><summary>a &lt; b</summary><pre style="line-height: 1.2">1 &amp; 2</pre></details>'
    """
    return f"<details><summary>{text(title)}</summary>{body}</details>"


def table(heads: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; of more than 50 rows the first, and how many there are.

    Examples
    --------
    >>> table(["a"], [["<1>"]])
    '<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>&lt;1&gt;</td></tr></tbody></table>'
    """
    given = list(rows)
    titles = "".join(f"<th>{text(head)}</th>" for head in heads)
    cells = "".join(
        "<tr>" + "".join(f"<td>{text(cell)}</td>" for cell in row) + "</tr>"
        for row in given[:_MOST_ROWS]
    )
    more = f"<p>{len(given) - _MOST_ROWS:,} more rows</p>" if len(given) > _MOST_ROWS else ""
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{cells}</tbody></table>{more}"


def notes(lines: Iterable[object]) -> str:
    """Return a list of remarks, or nothing where there are none."""
    items = "".join(f"<li>{text(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""
