"""Objects of one namespace: get, list, create, apply, patch, delete, watch, logs. Raw dictionaries in and out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.kube.failures import Absent, Gone, Invalid, Unreachable, failure_of
from jupyter_mlops.kube.request import APPLY, MERGE_PATCH, Request, Response, Stream, Transport, as_object
from jupyter_mlops.kube.resource import PODS, Resource

__all__ = ["MANAGER", "PAGE", "Kube", "Listed", "LogRequest"]

MANAGER = "jupyter-mlops"
PAGE = 500
LOG_SILENCE_S = 300.0
LONGEST_REFUSAL = 1 << 20


@dataclass(frozen=True)
class Listed:
    """All objects that a list has found, and the version of the cluster at which that was so."""

    items: tuple[dict[str, Any], ...]
    version: str


@dataclass(frozen=True)
class LogRequest:
    """Which part of a container's log: `tail` lines from the end, `since` a time in RFC 3339; see `Kube.log`."""

    container: str = ""
    follow: bool = False
    tail: int | None = None
    since: str = ""
    previous: bool = False
    timestamps: bool = False

    @property
    def query(self) -> dict[str, str]:
        """As the API server wants it."""
        found = {"container": self.container, "sinceTime": self.since}
        found["tailLines"] = "" if self.tail is None else str(self.tail)
        found.update({name: "true" for name in ("follow", "previous", "timestamps") if getattr(self, name)})
        return {name: value for name, value in found.items() if value}


class Kube:
    """The objects of one namespace. As thread-safe as its transport.

    Every method raises the errors of `failures`: what the server refused, or `Unreachable`.
    """

    def __init__(self, transport: Transport, namespace: str) -> None:
        self.transport, self.namespace = transport, namespace

    def within(self, namespace: str) -> Kube:
        """The same cluster, another namespace."""
        return Kube(self.transport, namespace)

    def get(self, resource: Resource, name: str) -> dict[str, Any]:
        """One object."""
        return self._object(Request("GET", self._one(resource, name)), f"show {_the(resource, name)}")

    def list(self, resource: Resource, *, labels: str = "", fields: str = "") -> Listed:
        """All objects that the selectors choose, in pages; when a page came too late, all at once."""
        query = _chosen(labels, fields)
        try:
            return self._pages(resource, {**query, "limit": str(PAGE)})
        except Gone:
            return self._pages(resource, query)

    def create(self, resource: Resource, body: Mapping[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
        """Make an object. A body without a name may have `generateName`."""
        query = {"fieldManager": MANAGER, **({"dryRun": "All"} if dry_run else {})}
        request = Request("POST", self._path(resource), query, _typed(resource, body))
        return self._object(request, f"create {_the(resource, _name_of(body))}")

    def apply(self, resource: Resource, body: Mapping[str, Any], *, manager: str = MANAGER) -> dict[str, Any]:
        """Make an object, or change it to say what `body` says: server-side apply, which takes fields over."""
        name = _name_of(body)
        query = {"fieldManager": manager, "force": "true"}
        request = Request("PATCH", self._one(resource, name), query, _typed(resource, body), APPLY)
        return self._object(request, f"apply {_the(resource, name)}")

    def patch(self, resource: Resource, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change some fields of an object; None removes one (a merge patch)."""
        request = Request("PATCH", self._one(resource, name), {"fieldManager": MANAGER}, body, MERGE_PATCH)
        return self._object(request, f"change {_the(resource, name)}")

    def delete(
        self, resource: Resource, name: str, *, propagation: str = "Background", grace: int | None = None
    ) -> None:
        """Remove an object and, in the background, what it owns; that it is not there is fine. `grace` in seconds."""
        body: dict[str, Any] = {"propagationPolicy": propagation}
        if grace is not None:
            body["gracePeriodSeconds"] = grace
        try:
            self._object(Request("DELETE", self._one(resource, name), {}, body), f"delete {_the(resource, name)}")
        except Absent:
            return

    def log(
        self,
        pod: str,
        *,
        container: str = "",
        follow: bool = False,
        tail: int | None = None,
        since: str = "",
        previous: bool = False,
    ) -> Stream:
        """A container's output as it is; `since` is a time in RFC 3339. What refuses it is raised by the first read.

        For a log that survives a lost connection see `logs.follow_log`.
        """
        return self.log_of(pod, LogRequest(container, follow, tail, since, previous))

    def log_of(self, pod: str, wanted: LogRequest) -> Stream:
        """As `log`, with the request as data."""
        path = self._one(PODS, pod) + "/log"
        request = Request("GET", path, wanted.query, stream=True, timeout=LOG_SILENCE_S)
        return _Checked(self.transport.stream(request), f"show the log of the pod {pod!r}")

    def watch(self, resource: Resource, query: Mapping[str, str], *, silence: float) -> Stream:
        """The events of a watch, a JSON object a line; `silence` in seconds is a break. Use `watch.changes`."""
        everything = {"watch": "true", "allowWatchBookmarks": "true", **query}
        request = Request("GET", self._path(resource), everything, stream=True, timeout=silence)
        return _Checked(self.transport.stream(request), f"watch {resource.plural}")

    def review(self, resource: Resource, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Ask what we may do: one of the `REVIEWS` of `resource`, answered with its `status`."""
        request = Request("POST", resource.path(), {}, _typed(resource, {"spec": dict(spec)}), timeout=10.0)
        status = self._object(request, "say what is allowed").get("status")
        return status if isinstance(status, dict) else {}

    def read(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """An object at any path, such as `/version`."""
        return self._object(Request("GET", path, query or {}, timeout=10.0), f"show {path}")

    def _pages(self, resource: Resource, query: Mapping[str, str]) -> Listed:
        items: list[dict[str, Any]] = []
        version, following = "", ""
        while True:
            asked = {**query, **({"continue": following} if following else {})}
            page = self._object(Request("GET", self._path(resource), asked), f"list {resource.plural}")
            meta = _mapping(page.get("metadata"))
            found = page.get("items")
            items += [_with_type(item, resource) for item in found or () if isinstance(item, dict)]
            version, following = _text(meta.get("resourceVersion")), _text(meta.get("continue"))
            if not following:
                return Listed(tuple(items), version)

    def _one(self, resource: Resource, name: str) -> str:
        """The path of one object: without a name it would be that of all."""
        if not name:
            raise Invalid(f"A {resource.kind} needs a name here.")
        return self._path(resource, name)

    def _path(self, resource: Resource, name: str = "") -> str:
        return resource.path(self.namespace, name)

    def _object(self, request: Request, doing: str) -> dict[str, Any]:
        answer = self.transport.send(request)
        if not 200 <= answer.status < 300:
            raise failure_of(answer, doing)
        found = as_object(answer.body)
        if found is None:
            raise Unreachable(
                f"What answers in the cluster's place is no Kubernetes: it was asked to {doing}.",
                hint="Check the address in the kubeconfig; a proxy or a login page may be in between.",
                sent=True,
            )
        return found


class _Checked:
    """A stream whose reader gets what the server refused as an error."""

    def __init__(self, stream: Stream, doing: str) -> None:
        self._stream, self._doing, self._good = stream, doing, False

    @property
    def status(self) -> int:
        return self._stream.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self._stream.headers

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._good:
            return next(self._stream)
        chunk = next(self._stream, None)
        try:
            status = self._stream.status
        except Unreachable:  # closed before it began
            raise StopIteration from None
        if not 200 <= status < 300:
            raise self._refusal(status, chunk or b"")
        self._good = True
        if chunk is None:
            raise StopIteration
        return chunk

    def close(self) -> None:
        self._stream.close()

    def _refusal(self, status: int, said: bytes) -> MlopsError:
        for chunk in self._stream:
            said += chunk
            if len(said) > LONGEST_REFUSAL:
                break
        headers = self._stream.headers
        self._stream.close()
        return failure_of(Response(status, headers, said), self._doing)


def _the(resource: Resource, name: str) -> str:
    return f"the {resource.kind} {name!r}" if name else f"a {resource.kind}"


def _name_of(body: Mapping[str, Any]) -> str:
    return _text(_mapping(body.get("metadata")).get("name"))


def _typed(resource: Resource, body: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": resource.api_version, "kind": resource.kind, **body}


def _with_type(item: dict[str, Any], resource: Resource) -> dict[str, Any]:
    """Objects of a list lack what a single one has."""
    item.setdefault("apiVersion", resource.api_version)
    item.setdefault("kind", resource.kind)
    return item


def _chosen(labels: str, fields: str) -> dict[str, str]:
    chosen = {"labelSelector": labels, "fieldSelector": fields}
    return {name: value for name, value in chosen.items() if value}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
