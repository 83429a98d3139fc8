"""Colours of the graph, light and dark, and the CSS that lets a page's own colours win."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """Plain colours. Borders and dots (`states`) have a contrast of 3 to 1 to the card, text has 4.5 to 1."""

    page: str
    card: str
    frame: str
    text: str
    muted: str
    line: str
    states: Mapping[str, str]


LIGHT = Palette(
    page="#ffffff",
    card="#ffffff",
    frame="#f5f7fa",
    text="#1b1f24",
    muted="#5a6472",
    line="#8b96a5",
    states={
        "": "#6b7a90",
        "pending": "#7d8896",
        "running": "#0a7ea4",
        "cached": "#5566cc",
        "skipped": "#7d8896",
        "succeeded": "#1a7f37",
        "failed": "#cf222e",
        "canceled": "#9a6700",
    },
)

DARK = Palette(
    page="#14171c",
    card="#1e232b",
    frame="#191d24",
    text="#e8ecf2",
    muted="#a3adbb",
    line="#6a7584",
    states={
        "": "#8b9bb3",
        "pending": "#8792a2",
        "running": "#39b6e0",
        "cached": "#93a3ff",
        "skipped": "#8792a2",
        "succeeded": "#4cc265",
        "failed": "#ff7b72",
        "canceled": "#e0a93b",
    },
)

# Which of JupyterLab's variables takes the place of a colour, where the page has it.
_PAGE_VARIABLES = {
    "page": "--jp-layout-color0",
    "card": "--jp-layout-color1",
    "frame": "--jp-layout-color2",
    "text": "--jp-ui-font-color0",
    "muted": "--jp-ui-font-color2",
    "line": "--jp-border-color0",
}

_RULES = (
    ".mg-page{fill:var(--mg-page)}.mg-card{fill:var(--mg-card)}"
    ".mg-group rect{fill:var(--mg-frame);stroke:var(--mg-line)}"
    ".mg-edge path{stroke:var(--mg-line)}.mg-edge .mg-head{fill:var(--mg-line);stroke:none}"
    ".mg-halo{stroke:var(--mg-page)}.mg-label,.mg-more,.mg-group text{fill:var(--mg-muted)}"
    ".mg-name{fill:var(--mg-text)}.mg-icon{fill:var(--mg-card)}"
)


def _variables(palette: Palette, *, follow_page: bool) -> str:
    plain = {name: getattr(palette, name) for name in _PAGE_VARIABLES}
    values = {name: f"var({_PAGE_VARIABLES[name]},{color})" if follow_page else color for name, color in plain.items()}
    states = {f"state-{name or 'plain'}": color for name, color in palette.states.items()}
    return "".join(f"--mg-{name}:{value};" for name, value in {**values, **states}.items())


def _css(theme: str) -> str:
    states = "".join(
        f".mg-{name or 'plain'} .mg-card{{stroke:var(--mg-state-{name or 'plain'})}}"
        f".mg-{name or 'plain'} .mg-dot{{fill:var(--mg-state-{name or 'plain'})}}"
        for name in LIGHT.states
    )
    first = DARK if theme == "dark" else LIGHT
    follow = theme == "auto"
    base = f".mlops-graph{{{_variables(first, follow_page=follow)}}}"
    dark = (
        f"@media (prefers-color-scheme:dark){{.mlops-graph{{{_variables(DARK, follow_page=True)}}}}}" if follow else ""
    )
    return base + dark + _RULES + states


CSS: Mapping[str, str] = {theme: _css(theme) for theme in ("auto", "light", "dark")}
