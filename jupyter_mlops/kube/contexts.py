"""The contexts of a kubeconfig, read with care: their names, and which server, namespace and user each stands for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_mlops.errors import MissingLibrary
from jupyter_mlops.kube.failures import BadKubeconfig, clean

__all__ = ["Context", "contexts", "default_paths"]


@dataclass(frozen=True)
class Context:
    """One context of a kubeconfig, and what it comes to; `command` is the plugin that gives the credentials, if any."""

    name: str
    server: str
    namespace: str = "default"
    user: str = ""
    proxy: str = ""
    command: str = ""
    token_file: str = ""
    current: bool = False


def contexts(paths: str | None = None) -> tuple[Context, ...]:
    """The contexts in the order of the files; of two with one name the first counts.

    Raises:
        BadKubeconfig: no file is there, or one cannot be read.
        MissingLibrary: the package `kubernetes` is not installed.
    """
    merged = _Merged()
    for path in _files(paths or default_paths()):
        merged.add(_read(path), path)
    return tuple(merged.context(name) for name in merged.named["contexts"])


def default_paths() -> str:
    """Where the kubeconfig is: KUBECONFIG, else `~/.kube/config`."""
    return os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")


class _Merged:
    """Several files as one: the first of a name counts, and the first that names the current context."""

    def __init__(self) -> None:
        self.named: dict[str, dict[str, tuple[Mapping[str, Any], Path]]] = {
            "contexts": {},
            "clusters": {},
            "users": {},
        }
        self.current = ""

    def add(self, content: Mapping[str, Any], path: Path) -> None:
        for kind, found in self.named.items():
            for item in _entries(content, kind, path):
                found.setdefault(item["name"], (_mapping(item.get(kind[:-1])), path))
        # As the package does: the last one counts.
        self.current = _text(content.get("current-context")) or self.current

    def context(self, name: str) -> Context:
        chosen, _ = self.named["contexts"][name]
        cluster, _ = self.named["clusters"].get(_text(chosen.get("cluster")), ({}, None))
        user, place = self.named["users"].get(_text(chosen.get("user")), ({}, None))
        token_file = "" if _text(user.get("token")) else _text(user.get("tokenFile"))
        return Context(
            name=name,
            server=_text(cluster.get("server")).rstrip("/"),
            namespace=_text(chosen.get("namespace")) or "default",
            user=_text(chosen.get("user")),
            proxy=_text(cluster.get("proxy-url")),
            command=_text(_mapping(user.get("exec")).get("command")) or ("without a name" if "exec" in user else ""),
            token_file=os.path.join(place.parent if place else "", token_file) if token_file else "",
            current=name == self.current,
        )


def _files(paths: str) -> list[Path]:
    found = [Path(item).expanduser() for item in paths.split(os.pathsep) if item]
    there = [path for path in found if path.is_file()]
    if not there:
        raise BadKubeconfig(
            f"There is no kubeconfig at {paths}.",
            hint="Set KUBECONFIG, or use --target local, which needs no cluster.",
        )
    return there


def _read(path: Path) -> Mapping[str, Any]:
    try:
        import kubernetes.config  # noqa: F401  # for one message, before anything is read
        import yaml  # type: ignore[import-untyped,unused-ignore]
    except ImportError as fault:
        raise MissingLibrary(
            "Reading a kubeconfig needs the package kubernetes.", hint="pip install kubernetes"
        ) from fault
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as fault:
        raise BadKubeconfig(f"The kubeconfig {path} cannot be read: {clean(str(fault))}.") from fault
    if not isinstance(content, dict):
        raise BadKubeconfig(f"The kubeconfig {path} has no contexts in it.")
    return content


def _entries(content: Mapping[str, Any], kind: str, path: Path) -> Iterator[Mapping[str, Any]]:
    found = content.get(kind) or []
    if not isinstance(found, list):
        raise BadKubeconfig(f"{kind!r} in the kubeconfig {path} is not a list.")
    yield from (item for item in found if isinstance(item, dict) and _text(item.get("name")))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
