"""The line of a `%%step` magic: one grammar for the notebook's reader and for the magic itself."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any, Literal

from jupyter_mlops.errors import Usage
from jupyter_mlops.notebook.schema import did_you_mean
from jupyter_mlops.notebook.step_options import clean_options

USAGE = (
    "%%step NAME [--after A,B] [--cpu 2] [--memory 4Gi] [--gpu 1] [--image I] [--retries 2] [--timeout 10m] "
    "[--no-cache] [--when 'acc > 0.9'] [--for-each 'depth in [2, 4]'] [--exit] [--env K=V] [--secret NAME:KEY:ENV] "
    "[--volume PVC:/PATH] [--files a,b] [--title TEXT]"
)

# Flag -> (option, how its value is taken). `list` adds comma-separated items, `append` one item, `pair` a K=V.
_FLAGS: Mapping[str, tuple[str, Literal["value", "list", "append", "pair", "on", "off"]]] = {
    "after": ("after", "list"),
    "cpu": ("cpu", "value"),
    "memory": ("memory", "value"),
    "gpu": ("gpu", "value"),
    "image": ("image", "value"),
    "retries": ("retries", "value"),
    "timeout": ("timeout", "value"),
    "no-cache": ("cache", "off"),
    "when": ("when", "value"),
    "for-each": ("for_each", "value"),
    "exit": ("exit", "on"),
    "env": ("env", "pair"),
    "label": ("labels", "pair"),
    "annotation": ("annotations", "pair"),
    "secret": ("secrets", "append"),
    "volume": ("volumes", "append"),
    "files": ("files", "list"),
    "title": ("title", "value"),
}


def parse_step_line(line: str) -> tuple[str, dict[str, Any]]:
    """Read what stands behind `%%step`: the step's name, and its options (with `after` and `title` where given).

    Raises:
        Usage: an unknown flag, a value that is missing or makes no sense, no name or several.
    """
    try:
        words = shlex.split(line.strip().removeprefix("%%step"))
    except ValueError as error:
        raise Usage(f"%%step cannot read its line: {str(error).lower()}.", hint="Close the quotes.") from error
    names, options = _read(words)
    if len(names) != 1:
        what = "needs the name of the step" if not names else f"takes one name, not {len(names)}: {' '.join(names)}"
        raise Usage(f"%%step {what}.", hint=f"Quote values that have spaces. {USAGE}")
    cleaned, problems = clean_options(options)
    for name, why in problems.items():
        raise Usage(f"%%step: {name}: {why}.", hint=USAGE)
    return names[0], {**{key: options[key] for key in ("after", "title") if key in options}, **cleaned}


def _read(words: list[str]) -> tuple[list[str], dict[str, Any]]:
    names: list[str] = []
    options: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        if not word.startswith("--"):
            names.append(word)
            continue
        flag, equals, value = word[2:].partition("=")
        if flag not in _FLAGS:
            known = [f"--{name}" for name in _FLAGS]
            raise Usage(f"%%step has no option --{flag}.", hint=did_you_mean(f"--{flag}", known) or USAGE)
        if _FLAGS[flag][1] in ("on", "off"):
            if equals:
                raise Usage(f"%%step: --{flag} takes no value.", hint=USAGE)
        elif not equals:
            value = next(rest, "")
        _take(options, flag, value)
    return names, options


def _take(options: dict[str, Any], flag: str, value: str) -> None:
    option, way = _FLAGS[flag]
    if way in ("on", "off"):
        options[option] = way == "on"
    elif not value or value.startswith("--"):
        raise Usage(f"%%step: --{flag} needs a value.", hint=USAGE)
    elif way == "value":
        options[option] = value
    elif way == "append":
        options.setdefault(option, []).append(value)
    elif way == "list":
        options.setdefault(option, []).extend(item.strip() for item in value.split(",") if item.strip())
    else:
        key, equals, text = value.partition("=")
        if not equals or not key:
            raise Usage(f"%%step: --{flag} needs NAME=VALUE, not {value!r}.", hint=USAGE)
        options.setdefault(option, {})[key] = text
