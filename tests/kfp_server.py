"""A small server that answers as the REST interface v2beta1 of Kubeflow Pipelines does; what a run does is a script.

It keeps to the OpenAPI description: `tests/conformance/test_kfp_server.py` has Kubeflow's own client talk to it.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ROOT = "/apis/v2beta1"


def at(second: int) -> str:
    """A time of a run, as the server writes it."""
    return f"2026-03-01T10:{second // 60:02}:{second % 60:02}Z"


def node(
    name: str, state: str, number: int, *children: int, began: int = 0, ended: int = 0, error: str = ""
) -> dict[str, Any]:
    """A node as the backend shows it: its own pod's name has a word more than the ids by which others name it."""
    made: dict[str, Any] = {
        "run_id": "",
        "task_id": str(uuid.UUID(int=number)),
        "display_name": name,
        "create_time": at(0),
        "start_time": at(began),
        "end_time": at(ended) if ended else "0001-01-01T00:00:00Z",
        "state": state,
        "pod_name": f"wine-x-system-container-impl-{number:010}",
        "child_tasks": [{"pod_name": f"wine-x-{child:010}"} for child in children],
    }
    return {**made, **({"error": {"code": 2, "message": error}} if error else {})}


@dataclass
class Look:
    """What a run looks like when it is asked for: one after the other, the last one again and again."""

    state: str
    nodes: tuple[dict[str, Any], ...] = ()
    finished: int = 0
    error: str = ""


@dataclass
class KfpServer:
    """Runs and experiments in memory. `looks` are those of each new run, `again` those after a retry.

    `refuse` maps (method, path's beginning) to a status and a body that are answered instead. `asked` are all requests.
    """

    looks: list[Look] = field(default_factory=lambda: [Look("SUCCEEDED", finished=9)])
    again: list[Look] = field(default_factory=list)
    multi_user: bool = False
    token: str = ""
    native: bool = False
    refuse: dict[tuple[str, str], tuple[int, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    left: dict[str, list[Look]] = field(default_factory=dict)
    experiments: dict[str, dict[str, Any]] = field(default_factory=dict)
    on_terminate: Callable[[], None] = lambda: None

    def answer(self, method: str, target: str, body: Any, authorization: str = "") -> tuple[int, Any]:
        """The status, and what is said as JSON."""
        parts = urlsplit(target)
        path, query = parts.path.removeprefix(ROOT), {key: said[0] for key, said in parse_qs(parts.query).items()}
        self.asked.append((method, path, body))
        if self.token and authorization != f"Bearer {self.token}":
            return 401, _error(16, "Request header error: there is no user identity header.")
        for (refused, begins), said in self.refuse.items():
            if refused == method and path.startswith(begins):
                return said
        if path == "/healthz":
            return 200, {"multi_user": self.multi_user}
        listed = path in ("/experiments", "/runs") and method == "GET"
        if self.multi_user != bool(query.get("namespace")) and listed:
            wrong = "A namespace is required." if self.multi_user else "In single-user mode, there is no namespace."
            return 400, _error(3, f"Invalid input error: {wrong}")
        if path == "/experiments":
            return self._experiments(method, query, body)
        return self._runs(method, path.removeprefix("/runs").lstrip("/"), query, body)

    def _experiments(self, method: str, query: Mapping[str, str], body: Any) -> tuple[int, Any]:
        if method == "GET":
            found = [item for item in self.experiments.values() if _fits(item, query)]
            return 200, {"experiments": found, "total_size": len(found)} if found else {}
        made = {**body, "experiment_id": str(uuid.uuid4()), "created_at": at(0), "storage_state": "AVAILABLE"}
        self.experiments[made["experiment_id"]] = made
        return 200, made

    def _runs(self, method: str, rest: str, query: Mapping[str, str], body: Any) -> tuple[int, Any]:
        if not rest and method == "POST":
            return self._create(body)
        if not rest:
            return 200, {"runs": [item for item in self.runs.values() if _fits(item, query)]}
        run, _, verb = rest.partition(":")
        run, _, part = run.partition("/")
        if run not in self.runs:
            return 404, _error(5, f"Failed to get a run: ResourceNotFoundError: Run {run} not found.")
        if method == "DELETE":
            del self.runs[run]
            return 200, {}
        if verb == "terminate":
            self.on_terminate()
            return 200, {}
        if verb == "retry":
            self.left[run] = list(self.again)
            return 200, {}
        if part == "tasks":
            return (200, {"tasks": list(self.left[run][0].nodes)}) if self.native else (404, _error(5, "Not Found"))
        return 200, self._show(run)

    def _create(self, body: Any) -> tuple[int, Any]:
        if not isinstance((body.get("pipeline_spec") or {}).get("pipeline_spec"), dict):
            return 400, _error(3, "Invalid input error: unknown template format")
        made = {**body, "run_id": str(uuid.uuid4()), "created_at": at(0), "state": "PENDING"}
        self.runs[made["run_id"]] = made
        self.left[made["run_id"]] = list(self.looks)
        return 200, made

    def _show(self, run: str) -> dict[str, Any]:
        looks = self.left[run]
        now = looks.pop(0) if len(looks) > 1 else looks[0]
        details = {} if self.native else {"run_details": {"task_details": [{**n, "run_id": run} for n in now.nodes]}}
        error = {"error": {"code": 2, "message": now.error}} if now.error else {}
        finished = {"finished_at": at(now.finished)} if now.finished else {"finished_at": "1970-01-01T00:00:00Z"}
        history = [{"update_time": at(0), "state": "PENDING"}, {"update_time": at(1), "state": now.state}]
        return {**self.runs[run], "state": now.state, "state_history": history, **finished, **details, **error}


@contextmanager
def serving(server: KfpServer) -> Iterator[str]:
    """The address at which the server answers while inside."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            said = server.answer(self.command, self.path, body, self.headers.get("Authorization") or "")
            data = said[1] if isinstance(said[1], bytes) else json.dumps(said[1]).encode()
            self.send_response(said[0])
            self.send_header("Content-Type", "text/html" if isinstance(said[1], bytes) else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_DELETE = do_GET

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_address[1]}"
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()


def _fits(item: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    for wanted in json.loads(query.get("filter") or "{}").get("predicates", ()):
        has, said = str(item.get(wanted["key"])), wanted["string_value"]
        if not (has == said if wanted["operation"] == "EQUALS" else said in has):
            return False
    return not query.get("namespace") or item.get("namespace", query["namespace"]) == query["namespace"]


def _error(code: int, message: str) -> dict[str, Any]:
    return {"error": message, "code": code, "message": message, "details": []}
