"""Secrets: in what is shared with the notebook. No message ever shows any part of one."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_mlops.notebook.cell_syntax import cell_syntax
from jupyter_mlops.notebook.dataflow import Dataflow
from jupyter_mlops.notebook.diagnostics.registry import Finding, rule
from jupyter_mlops.notebook.per_source import per_source

_KINDS: Mapping[str, tuple[str, str]] = {
    "aws": ("an AWS access key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "github": ("a GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})"),
    "gitlab": ("a GitLab token", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    "slack": ("a Slack token", r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    "google": ("a Google API key", r"\bAIza[0-9A-Za-z_-]{35}"),
    "openai": ("an API key", r"\bsk-(?:proj-|ant-)?[A-Za-z0-9_-]{20,}"),
    "hugging": ("a Hugging Face token", r"\bhf_[A-Za-z0-9]{30,}"),
    "pem": ("a private key", r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "jwt": ("a web token (JWT)", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    "url": (
        "a password in a URL",
        r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@'\"{}$<>]{1,64}:[^\s/:@'\"{}$<>*]{3,64}@[\w.-]+",
    ),
}
_PATTERN = re.compile("|".join(f"(?P<{key}>{pattern})" for key, (_, pattern) in _KINDS.items()))
_NAMED = re.compile(
    r"(?:^|_)(?:password|passwd|passphrase|pwd|secret|secret_key|access_key|api_?key|auth_token|access_token|token)$",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"your|my[_-]?|xxx|\*\*|\.\.\.|change|example|dummy|test|fake|sample|placeholder|insert|todo|none|null|"
    r"password|passwd|secret|token|<|>|\{|\$",
    re.IGNORECASE,
)
_MAX_OUTPUT = 200_000


@rule("MLO801", severity="warning")
def secret_in_source(flow: Dataflow) -> Iterator[Finding]:
    """A cell's source holds what looks like a secret: a key, a token, a password.

    It goes wherever the notebook goes: into git, into the run's store, to whoever opens it. Read it from the
    environment (`os.environ["NAME"]`) and give the step the option `--secret NAME:KEY:ENV`.
    """
    for cell in flow.document.cells:
        named = _named(cell.source) if cell.kind == "code" else {}
        for line, what in {**named, **_known(cell.source)}.items():
            yield Finding(
                message=f"This looks like {what}.",
                hint="Read it from the environment: `os.environ[...]`, with the step option `--secret NAME:KEY:ENV`.",
                cell=cell.index,
                line=line,
            )


@rule("MLO802", severity="warning")
def secret_in_output(flow: Dataflow) -> Iterator[Finding]:
    """An output saved in the notebook shows what looks like a secret.

    Clear the output, and save; then replace the secret, since whoever has an older copy of the file has it.
    """
    saved = flow.document.raw.get("cells")
    for cell in flow.document.code_cells:
        if cell.notebook or not isinstance(saved, list) or cell.position >= len(saved):
            continue
        found = [what for text in _texts(saved[cell.position].get("outputs")) for what in _known(text).values()]
        if found:
            yield Finding(
                message=f"The saved output of this cell shows what looks like {found[0]}.",
                hint="Clear the output and save the notebook; then replace the secret.",
                cell=cell.index,
            )


@per_source
def _known(text: str) -> Mapping[int, str]:
    """Kind of secret by line."""
    found: dict[int, str] = {}
    for match in _PATTERN.finditer(text):
        if match.lastgroup == "url" and _PLACEHOLDER.search(match.group().partition("://")[2]):
            continue
        found.setdefault(text.count("\n", 0, match.start()) + 1, _KINDS[match.lastgroup or ""][0])
    return found


@per_source
def _named(source: str) -> Mapping[int, str]:
    """Literals that are assigned to, or passed as, something called like a password, by line."""
    return {
        line: f"a secret in {name!r}"
        for name, text, line in cell_syntax(source).texts
        if _NAMED.search(name) and _is_secret(text)
    }


def _is_secret(text: str) -> bool:
    """Whether the text could be one: no placeholder, no prose, no path, and not as regular as a word."""
    if len(text) < 6 or re.search(r"\s", text) or _PLACEHOLDER.search(text):
        return False
    return bool(re.search(r"\d", text)) and _bits(text) >= 2.3


def _bits(text: str) -> float:
    """Shannon entropy, bits a character."""
    counts = Counter(text)
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values())


def _texts(outputs: Any) -> Iterator[str]:
    for output in outputs if isinstance(outputs, list) else ():
        data = output.get("data") if isinstance(output, dict) else None
        parts = [output.get("text"), output.get("evalue")] if isinstance(output, dict) else []
        parts += [value for mime, value in data.items() if mime.startswith("text/")] if isinstance(data, dict) else []
        for part in parts:
            text = "".join(part) if isinstance(part, list) and all(isinstance(item, str) for item in part) else part
            if isinstance(text, str):
                yield text[:_MAX_OUTPUT]
