"""One page of HTML from sections: self-contained, and allowed by its own policy to run its own scripts only.

The policy names the scripts by digest and forbids every request, so that a text of a trace could neither run nor
send anything even if it were not escaped.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Final

from experiments.output.json import to_json
from experiments.report.markup import Markup, element, join, text
from experiments.report.section import Section

__all__ = ["build_page"]

_POLICY: Final = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)


def build_page(title: str, lead: str, sections: Sequence[Section], numbers: Mapping[str, object]) -> str:
    """Return the page; its script finds ``numbers`` as JSON."""
    from bokeh.embed import components
    from bokeh.model import Model
    from bokeh.resources import Resources

    models = [part for section in sections for part in section.parts if isinstance(part, Model)]
    start, places = components(models, wrap_script=False) if models else ("", ())
    waiting = iter(places)
    bodies = [
        _section(one, [Markup(next(waiting)) if isinstance(part, Model) else part for part in one.parts])
        for one in sections
    ]
    scripts = (
        (*Resources(mode="inline", components=["bokeh"], log_level="warn").js_raw, start) if models else ()
    )
    scripts = tuple(_one_line_ends(script) for script in (*scripts, _file("report.js")))
    main = join((_header(title, lead, sections), *bodies, _footer()))
    body = join(
        (element("main", main), _numbers(numbers), *(element("script", script) for script in scripts))
    )
    return f'<!DOCTYPE html>\n<html lang="en">\n{_head(title, scripts)}\n<body>\n{body}\n</body>\n</html>\n'


def _head(title: str, scripts: Sequence[str]) -> Markup:
    policy = _POLICY.format(scripts=" ".join(f"'sha256-{_digest(script)}'" for script in scripts))
    return element(
        "head",
        join(
            (
                Markup('<meta charset="utf-8">'),
                Markup(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
                Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
                Markup('<link rel="icon" href="data:,">'),
                element("title", text(title)),
                element("style", _file("report.css")),
            ),
            "\n",
        ),
    )


def _header(title: str, lead: str, sections: Sequence[Section]) -> Markup:
    links = join((element("a", text(one.title), href=f"#{one.ident}") for one in sections), " ")
    parts = (element("h1", text(title)), element("p", text(lead), class_="lead"), element("nav", links))
    return element("header", join(parts))


def _section(section: Section, parts: Sequence[Markup]) -> Markup:
    return element("section", join((element("h2", text(section.title)), *parts)), id=section.ident)


def _footer() -> Markup:
    words = "Written by lightloop report. This page is one file and asks nothing of any network."
    return element("footer", text(words))


def _numbers(numbers: Mapping[str, object]) -> Markup:
    """Return the JSON that the script reads; nothing in it can end its element."""
    data = to_json(numbers, indent=None).replace("<", "\\u003c").replace(">", "\\u003e")
    return element("script", data, id="report-data", type="application/json")


def _one_line_ends(script: str) -> str:
    """Return ``script`` as a browser reads it, with one kind of line end: the digests have to agree."""
    return script.replace("\r\n", "\n").replace("\r", "\n")


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _file(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")
