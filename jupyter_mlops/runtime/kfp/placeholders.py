"""KFP's placeholders in commands and values: `{{$.inputs.parameters['x']}}`, `{{$}}`, and the two structures."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from jupyter_mlops.runtime.errors import MlopsError

_PLACEHOLDER = re.compile(r"\{\{\$(.*?)\}\}", re.DOTALL)
_KEYED = re.compile(r"\.(inputs|outputs)\.(parameters|artifacts)\[(['\"])(.+?)\3\](?:\.(\w+))?(?:\[(['\"])(.+?)\6\])?")
_ESCAPED = re.compile(r"(.*?)\.json_escape\[([0-9])\]", re.DOTALL)
_MAX_DEPTH = 20


@dataclass(frozen=True)
class Surroundings:
    """What placeholders stand for: KFP's executor input, and what is known of the run (`pipeline_job_name`, ...)."""

    executor_input: Mapping[str, Any]
    run: Mapping[str, str] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()

    def word(self, text: str) -> str:
        """A word of a command with each placeholder replaced. Raises `MlopsError` for one that means nothing."""
        return _PLACEHOLDER.sub(lambda found: self._text(found.group(1)), text)

    def words(self, items: Iterable[Any]) -> list[str]:
        """The words of a command; structures (concatenations, conditions) may give several or none."""
        return [word for item in items for word in self._expanded(item, 0)]

    def _expanded(self, item: Any, depth: int) -> list[str]:
        if depth > _MAX_DEPTH:
            raise MlopsError("a placeholder is nested too deeply.")
        structure = item if isinstance(item, Mapping) else _structure(item)
        if structure is None:
            return [self.word(str(item))]
        if "Concat" in structure:
            return ["".join(word for part in structure["Concat"] for word in self._expanded(part, depth + 1))]
        chosen = structure["IfPresent"]
        has = chosen.get("InputName") not in self.absent and self._has(str(chosen.get("InputName")))
        found = chosen.get("Then" if has else "Else") or []
        return [
            word for part in (found if isinstance(found, list) else [found]) for word in self._expanded(part, depth + 1)
        ]

    def _has(self, name: str) -> bool:
        inputs = self.executor_input.get("inputs", {})
        return name in inputs.get("parameterValues", {}) or name in inputs.get("artifacts", {})

    def _text(self, inner: str) -> str:
        escaped = _ESCAPED.fullmatch(inner)
        if escaped:
            text = self._text(escaped.group(1))
            for _ in range(int(escaped.group(2))):
                text = json.dumps(text)[1:-1]
            return text
        if not inner:
            return json.dumps(self.executor_input)
        keyed = _KEYED.fullmatch(inner)
        if keyed:
            return _shown(self._keyed(keyed))
        if inner in (".outputs.output_file", ".outputFile"):
            return str(self.executor_input["outputs"]["outputFile"])
        known = self.run.get(inner.lstrip("."))
        if known is None:
            raise MlopsError(f"the placeholder {{{{${inner}}}}} is not known.", hint="Is it of a newer KFP?")
        return known

    def _keyed(self, found: re.Match[str]) -> Any:
        side, kind, name, attribute, key = found.group(1, 2, 4, 5, 7)
        there: Mapping[str, Any] = self.executor_input.get(side, {})
        if kind == "parameters":
            if side == "outputs":
                return there.get("parameters", {}).get(name, {}).get("outputFile", "")
            return there.get("parameterValues", {}).get(name, "")
        items = there.get("artifacts", {}).get(name, {}).get("artifacts", [])
        if not items:
            return ""
        if attribute in ("uri", "path"):
            return items[0]["uri"]
        if attribute == "metadata":
            metadata = items[0].get("metadata", {})
            return metadata if key is None else metadata.get(key, "")
        return items[0].get(attribute or "name", "")


def _structure(item: str) -> Optional[Mapping[str, Any]]:
    """KFP writes structures into words, as JSON."""
    text = item.strip()
    if not text.startswith(('{"Concat"', '{"IfPresent"')):
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
