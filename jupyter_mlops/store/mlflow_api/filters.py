"""MLflow's filter and order, in the words of our search: `attributes.start_time > 1700000000000` -> `started > ...`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable

from jupyter_mlops.store.mlflow_api.experiments import TAG
from jupyter_mlops.store.mlflow_api.forms import NAME_TAG, STATUS
from jupyter_mlops.store.search_parser import parse

_TOKEN = re.compile(
    r"""(?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
      | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
      | (?P<word>[^\W\d][\w./-]*(?:"(?:[^"]|"")*"|`[^`]*`)?)
      | (?P<quoted>`[^`]*`)""",
    re.VERBOSE,
)
_TABLES = {
    **dict.fromkeys(("metrics", "metric"), "metrics"),
    **dict.fromkeys(("params", "param", "parameters", "parameter"), "params"),
    **dict.fromkeys(("tags", "tag"), "tags"),
    **dict.fromkeys(("attributes", "attribute", "attr", "run"), "attributes"),
}
_ATTRIBUTES = {
    "status": "state",
    "run_id": "run",
    "run_name": f'tags."{NAME_TAG}"',
    "user_id": "user",
    "start_time": "started",
    "created": "started",
    "end_time": "finished",
}
_OURS = {theirs: ours for ours, theirs in STATUS.items()}
_Convert = Callable[[str], str]


def our_filter(text: str, experiments: Iterable[str]) -> str:
    """The filter of our search for runs of some experiments.

    Raises:
        Usage: the filter cannot be read.
    """
    asked = _translated(text)
    parse(asked)  # on its own: what it says stays within the parentheses below
    places = " or ".join(
        f"(tags.{json.dumps(TAG)} = {_quoted(name)} or tags.{json.dumps(TAG)} = none and experiment = {_quoted(name)})"
        for name in experiments
    )
    return f"({places}) and ({asked})" if asked.strip() else places


def our_order(items: Iterable[str]) -> str:
    """The order of our search: the newest first where nothing is said."""
    return ", ".join(_translated(item) for item in items if item.strip()) or "started desc"


def _translated(text: str) -> str:
    convert: _Convert = str

    def replaced(match: re.Match[str]) -> str:
        nonlocal convert
        if match.lastgroup != "word":
            return convert(match.group())
        word = match.group()
        if word.lower() in ("and", "or", "not", "in", "like", "ilike", "asc", "desc", "null", "none", "is"):
            return "like" if word.lower() == "ilike" else word
        word, convert = _key(word)
        return word

    return _TOKEN.sub(replaced, text)


def _key(word: str) -> tuple[str, _Convert]:
    """A key in our words, and what to do with the values that it is compared with."""
    table, dot, name = word.partition(".")
    known = _TABLES.get(table.lower()) if dot else "attributes"
    if known != "attributes":
        return f"{known or table}.{name}", str
    name = (name if dot else word).strip('`"')
    converts: dict[str, _Convert] = {"state": _state, "started": _seconds, "finished": _seconds}
    ours = _ATTRIBUTES.get(name.lower(), name)
    return ours, converts.get(ours, str)


def _state(value: str) -> str:
    """`'FINISHED'` -> `'succeeded'`."""
    return f"'{_OURS.get(value[1:-1].upper(), value[1:-1])}'" if value[:1] in "'\"" else value


def _seconds(value: str) -> str:
    """Milliseconds as seconds."""
    return value if value[:1] in "'\"`" else repr(float(value) / 1000)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
