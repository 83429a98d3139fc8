"""The line of a `%%step` magic: one grammar for the notebook's reader and for the magic itself."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any, Literal

from jupyter_mlops.errors import Usage
from jupyter_mlops.notebook.schema import did_you_mean
from jupyter_mlops.notebook.step_options import clean_options

# Flag -> (option, how its value is taken, an example of one). `list` adds comma-separated items, `append` one item,
# `pair` a K=V.
FLAGS: Mapping[str, tuple[str, Literal["value", "list", "append", "pair", "on", "off"], str]] = {
    "after": ("after", "list", "load,clean"),
    "cpu": ("cpu", "value", "2"),
    "memory": ("memory", "value", "4Gi"),
    "gpu": ("gpu", "value", "1"),
    "image": ("image", "value", "python:3.12"),
    "retries": ("retries", "value", "2"),
    "timeout": ("timeout", "value", "10m"),
    "no-cache": ("cache", "off", ""),
    "when": ("when", "value", "'acc > 0.9'"),
    "for-each": ("for_each", "value", "'depth in [2, 4]'"),
    "exit": ("exit", "on", ""),
    "env": ("env", "pair", "LEVEL=debug"),
    "label": ("labels", "pair", "team=risk"),
    "annotation": ("annotations", "pair", "note=weekly"),
    "secret": ("secrets", "append", "database:password:DB_PASSWORD"),
    "volume": ("volumes", "append", "data:/data"),
    "files": ("files", "list", "model.bin,plots"),
    "title": ("title", "value", "'Train the model'"),
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
        if not names:
            raise Usage("%%step needs the name of the step.", hint="For example: %%step train.")
        what = f"takes one name, not {len(names)}: {' '.join(names)}"
        raise Usage(f"%%step {what}.", hint="Quote values that have spaces: --when 'acc > 0.9'.")
    cleaned, problems = clean_options(options)
    for name, why in problems.items():
        raise Usage(f"%%step: {name}: {why}.", hint=_example(name))
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
        if flag not in FLAGS:
            known = [f"--{name}" for name in FLAGS]
            hint = did_you_mean(f"--{flag}", known) or f"It has {', '.join(known)}."
            raise Usage(f"%%step has no option --{flag}.", hint=hint)
        if FLAGS[flag][1] in ("on", "off"):
            if equals:
                raise Usage(f"%%step: --{flag} takes no value.", hint=f"Write --{flag} alone.")
        elif not equals:
            value = next(rest, "")
        _take(options, flag, value)
    return names, options


def _take(options: dict[str, Any], flag: str, value: str) -> None:
    option, way, _ = FLAGS[flag]
    if way in ("on", "off"):
        options[option] = way == "on"
    elif not value or value.startswith("--"):
        raise Usage(f"%%step: --{flag} needs a value.", hint=_example(option))
    elif way == "value":
        options[option] = value
    elif way == "append":
        options.setdefault(option, []).append(value)
    elif way == "list":
        options.setdefault(option, []).extend(item.strip() for item in value.split(",") if item.strip())
    else:
        key, equals, text = value.partition("=")
        if not equals or not key:
            raise Usage(f"%%step: --{flag} needs NAME=VALUE, not {value!r}.", hint=_example(option))
        options.setdefault(option, {})[key] = text


def _example(option: str) -> str:
    """How the option is written, in a sentence."""
    flag, example = next((flag, example) for flag, (name, _, example) in FLAGS.items() if name == option)
    return f"For example: --{flag} {example}".rstrip() + "."
