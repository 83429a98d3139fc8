"""Requests to the MLflow API without a socket, and a task that makes some."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_mlops.engine.lineage import store_event
from jupyter_mlops.store.events_file import EventWriter
from jupyter_mlops.store.mlflow_api import Answer, Caller, Request, Tracker, answer
from jupyter_mlops.store.mlflow_api.routes import API, FILES
from tests.unit.store.conftest import Written


@dataclass
class Calls:
    """Asks as one caller; `data` of an answer is what a client would have parsed."""

    tracker: Tracker
    caller: Caller = field(default_factory=Caller)

    def ask(self, method: str, path: str, body: bytes = b"", query: Mapping[str, str] | None = None) -> Answer:
        found = {name: [value] for name, value in (query or {}).items()}
        return answer(self.tracker, self.caller, Request(method, path, found, io.BytesIO(body)))

    def post(self, endpoint: str, **fields: Any) -> dict[str, Any]:
        return self._ok(self.ask("POST", API + endpoint, json.dumps(fields).encode()))

    def patch(self, endpoint: str, **fields: Any) -> dict[str, Any]:
        return self._ok(self.ask("PATCH", API + endpoint, json.dumps(fields).encode()))

    def get(self, endpoint: str, **query: str) -> dict[str, Any]:
        return self._ok(self.ask("GET", API + endpoint, query=query))

    def refused(self, endpoint: str, **fields: Any) -> tuple[int, str]:
        """Status and MLflow's word for the error of a POST."""
        found = self.ask("POST", API + endpoint, json.dumps(fields).encode())
        return found.status, str(found.data.get("error_code"))

    def upload(self, run: str, path: str, data: bytes) -> Answer:
        return self.ask("PUT", f"{FILES}/{run}/artifacts/{path}", data)

    def download(self, run: str, path: str) -> bytes:
        found = self.ask("GET", f"{FILES}/{run}/artifacts/{path}")
        assert found.file is not None, found
        with found.file:
            return found.file.read()

    def files(self, run: str, below: str = "") -> list[str]:
        """Names directly below a path; those of folders end with a slash."""
        place = f"{run}/artifacts/{below}".rstrip("/")
        found = self._ok(self.ask("GET", FILES, query={"path": place}))["files"]
        return [entry["path"] + ("/" if entry["is_dir"] else "") for entry in found]

    def run(self, run: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get("runs/get", run_id=run)["run"]
        return found

    @staticmethod
    def _ok(found: Answer) -> dict[str, Any]:
        assert found.status == 200, found
        json.dumps(found.data, allow_nan=False)  # protobuf's JSON has no NaN
        return dict(found.data)


def pairs(items: list[dict[str, Any]]) -> dict[str, Any]:
    """Of `[{"key", "value"}]`."""
    return {item["key"]: item["value"] for item in items}


def task_in(tracker: Tracker, written: Written, task: str = "train") -> Calls:
    """A caller that is a running task of a run that an engine drives."""
    directory = written.directory / "tasks" / task / "1"
    directory.mkdir(parents=True)
    return Calls(tracker, Caller(written.run, task, directory))


def taken_in(written: Written, task: Calls) -> None:
    """What an engine does with the lines of an attempt's event file."""
    assert task.caller.directory is not None
    lines = (task.caller.directory / "events.jsonl").read_text().splitlines()
    with EventWriter(written.directory, "engine") as writer:
        for line in lines:
            event = store_event(json.loads(line), task.caller.task, 0.0)
            assert event is not None, line
            writer.append(event)
