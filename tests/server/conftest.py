"""A real server with the extension, in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

# Its fixtures and hooks are for the tests of this folder; as a plugin it would be loaded for all.
from pytest_jupyter.jupyter_core import *  # noqa: F403
from pytest_jupyter.jupyter_server import *  # noqa: F403
from tornado.httpclient import HTTPClientError

Ask = Callable[..., Awaitable[tuple[int, Any]]]
API = ("jupyter-mlops", "api")


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {
        "ServerApp": {
            "jpserver_extensions": {"jupyter_mlops_server": True, "jupyter_server_terminals": False},
            "allow_unauthenticated_access": False,
        },
        "MLOpsApp": {"poll_seconds": 0.05},
    }


@pytest.fixture
def ask(jp_fetch: Any, jp_root_dir: Path) -> Ask:
    """Ask a route: `await ask("GET", "runs", folder="x")` gives the status and the JSON of the answer."""
    (jp_root_dir / ".jupyter_mlops").mkdir(exist_ok=True)

    async def asking(
        verb: str, *parts: str, body: Any = None, raw: bytes | None = None, **query: Any
    ) -> tuple[int, Any]:
        data = raw if raw is not None else json.dumps(body) if body is not None else "" if verb == "POST" else None
        try:
            answer = await jp_fetch(*API, *parts, method=verb, body=data, params=query)
        except HTTPClientError as error:
            return error.code, json.loads(error.response.body if error.response else "null")
        return answer.code, json.loads(answer.body) if answer.body else None

    return asking


@pytest.fixture
def write(jp_root_dir: Path) -> Callable[..., dict[str, Any]]:
    """Write a notebook of cells below the root, as `notebook` takes them; gives its content."""

    def writing(path: str, *cells: tuple[Any, ...]) -> dict[str, Any]:
        content = notebook(*cells)
        file = jp_root_dir / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))
        return content

    return writing


def notebook(*cells: tuple[Any, ...]) -> dict[str, Any]:
    """Content of a notebook of cells: (step, source) or (step, source, options); `parameters` and `setup` are roles."""
    return {
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "metadata": {"jupyter_mlops": {"role": role, **({"step": step} if role == "step" else {}), **more}},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for number, (step, source, *options) in enumerate(cells)
            for more in [options[0] if options else {}]
            for role in [step if step in ("parameters", "setup") else "step"]
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
