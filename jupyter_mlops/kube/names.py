"""Names that Kubernetes accepts, made of any text: readable, short enough, and different for different texts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

OBJECT_MOST = 63
"""Most characters of a name that is also a label, as a Job's is on its pods."""
CRON_JOB_MOST = 52
"""A CronJob leaves room for the time of each Job's start."""
INDEXED_JOB_MOST = 57
"""An Indexed Job leaves room for "-99999" in its pods' host names."""

ALLOWED = "Lower-case letters, digits, '-' and '.' are allowed."
_DIGEST = 10
_VALUE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", re.ASCII)
_PREFIX = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*", re.ASCII)
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


def dns_name(*parts: str, most: int = OBJECT_MOST) -> str:
    """A DNS-1123 label of at most `most` characters: what of the parts can be kept, and a digest of them all.

    The same parts always give the same name; other parts give another (but for 1 in 2**40).
    """
    words = "-".join(filter(None, (re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-") for part in parts)))
    if not words[:1].isalpha():
        words = f"r-{words}"  # a Service's name begins with a letter
    return f"{words[: most - _DIGEST - 1].rstrip('-')}-{digest(parts)}"


def digest(parts: Iterable[str], length: int = _DIGEST) -> str:
    """Hexadecimal digits that tell lists of texts apart; ("a", "bc") is not ("ab", "c")."""
    whole = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:length]


def label_value(text: str) -> str:
    """The text as the value of a label: itself where it may be one, else what can be kept of it and a digest."""
    if not text or _VALUE.fullmatch(text):
        return text
    kept = re.sub(r"[^A-Za-z0-9._-]+", "-", text)[: 63 - _DIGEST - 1].strip("._-")
    return f"{kept}-{digest([text])}".lstrip("-")


def is_label_value(text: object) -> bool:
    """Whether the API server takes it as the value of a label."""
    return text == "" or (isinstance(text, str) and _VALUE.fullmatch(text) is not None)


def is_key(text: object) -> bool:
    """Whether the API server takes it as the key of a label or annotation: `name` or `dns.domain/name`."""
    if not isinstance(text, str):
        return False
    prefix, slash, name = text.rpartition("/")
    right = not slash or (len(prefix) <= 253 and _PREFIX.fullmatch(prefix) is not None)
    return right and _VALUE.fullmatch(name) is not None


def is_dns_label(text: object) -> bool:
    """Whether it is a name of at most 63 lower-case letters, digits and inner dashes."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def is_object_name(text: object) -> bool:
    """Whether it may name a ConfigMap, Secret, PVC or ServiceAccount: such labels with dots between them."""
    return isinstance(text, str) and len(text) <= 253 and _PREFIX.fullmatch(text) is not None
