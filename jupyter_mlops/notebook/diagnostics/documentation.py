"""The page on diagnostics, made from the rules: `python -m jupyter_mlops.notebook.diagnostics.documentation > FILE`."""

from __future__ import annotations

import importlib
import sys

from jupyter_mlops.notebook.diagnostics.registry import FAMILIES, RULES, Rule, load_families

_TOP = """\
# Diagnostics

`jupyter mlops check NOTEBOOK` looks for these before anything runs. An **error** means that the notebook itself fails
there when it runs from the top, or that it surely cannot run as a pipeline; a **warning** that something is likely to
go wrong; **info** is good to know. A code is never used again for another thing.

This page is made from the rules: `python -m jupyter_mlops.notebook.diagnostics.documentation > docs/diagnostics.md`.
"""


def markdown() -> str:
    """The page: one section a family, in the order of the codes."""
    load_families()
    families = sorted(FAMILIES, key=lambda family: min(code for code, rule in RULES.items() if rule.family == family))
    return "\n".join([_TOP, *(_family(family) for family in families)])


def _family(family: str) -> str:
    module = importlib.import_module(f"jupyter_mlops.notebook.diagnostics.{family}")
    rules = sorted((rule for rule in RULES.values() if rule.family == family), key=lambda rule: rule.code)
    title, _, text = (module.__doc__ or "").strip().partition(": ")
    lead = f"{text[:1].upper()}{text[1:]}\n\n" if text else ""
    return f"## {title.rstrip('.')}\n\n{lead}" + "\n".join(_rule(rule) for rule in rules)


def _rule(rule: Rule) -> str:
    name = rule.find.__name__.replace("_", " ")
    return f"### {rule.code} {name} ({rule.severity})\n\n{rule.text}\n"


if __name__ == "__main__":
    sys.stdout.write(markdown())
