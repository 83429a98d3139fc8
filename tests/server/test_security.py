"""Every verb of every route is refused to who may not; paths, origins and content are not trusted."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import tornado
from jupyter_server.auth import Authorizer
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from jupyter_mlops_server.contract import Contract
from tests.server.conftest import Ask, notebook

PATHS = Contract.load().document["paths"]
OPERATIONS = [
    (verb, path) for path, item in PATHS.items() for verb in item if verb in ("get", "post", "delete", "put", "patch")
]
# What changes something, or makes work; the rest only reads.
DOING = {("post", "/runs"), ("delete", "/runs/{run}"), ("post", "/runs/{run}/cancel"), ("post", "/runs/{run}/retry")}


def filled(path: str) -> list[str]:
    values = {"run": "last", "other": "last", "task": "one", "digest": "0" * 64, "target": "local"}
    return [values[part[1:-1]] if part.startswith("{") else part for part in path.strip("/").split("/")]


async def status_of(jp_fetch: Any, verb: str, path: str, **options: Any) -> int:
    body = "{}" if verb in ("post", "put", "patch") else None
    try:
        answer = await jp_fetch("jupyter-mlops", "api", *filled(path), method=verb.upper(), body=body, **options)
    except HTTPClientError as error:
        return error.code
    return int(answer.code)


@pytest.mark.parametrize(("verb", "path"), OPERATIONS)
async def test_nothing_is_answered_without_a_token(jp_fetch, verb, path) -> None:
    assert await status_of(jp_fetch, verb, path, headers={"Authorization": ""}) == 403


@pytest.mark.parametrize(("verb", "path"), OPERATIONS)
async def test_nothing_is_answered_for_a_wrong_token(jp_fetch, verb, path) -> None:
    assert await status_of(jp_fetch, verb, path, headers={"Authorization": "token wrong"}) == 403


class ReadOnly(Authorizer):
    """Lets everybody read, and nobody do anything."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return action == "read"


class Nothing(Authorizer):
    """Lets nobody do anything."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return False


@pytest.fixture
def authorized_by(jp_serverapp: Any) -> Any:
    def setting(kind: type[Authorizer]) -> None:
        jp_serverapp.web_app.settings["authorizer"] = kind(parent=jp_serverapp)

    return setting


@pytest.mark.parametrize(("verb", "path"), OPERATIONS)
async def test_who_may_only_read_changes_nothing(jp_fetch, authorized_by, verb, path) -> None:
    authorized_by(ReadOnly)
    refused = await status_of(jp_fetch, verb, path) == 403
    assert refused == ((verb, path) in DOING)


@pytest.mark.parametrize(("verb", "path"), OPERATIONS)
async def test_who_may_do_nothing_reads_nothing(jp_fetch, authorized_by, verb, path) -> None:
    authorized_by(Nothing)
    assert await status_of(jp_fetch, verb, path) == 403


Cookies = Callable[[], Awaitable[dict[str, str]]]


@pytest.fixture
def log_in(http_server_client, jp_base_url, jp_serverapp) -> Cookies:
    """What a browser has after the login: cookies, and no token in its requests."""

    async def logging_in() -> dict[str, str]:
        url = f"{jp_base_url}api/status?token={jp_serverapp.identity_provider.token}"
        answer = await http_server_client.fetch(url)
        return dict(item.split(";")[0].split("=", 1) for item in answer.headers.get_list("Set-Cookie"))

    return logging_in


@pytest.mark.parametrize(("verb", "path"), [item for item in OPERATIONS if item[0] != "get"])
async def test_another_sites_page_changes_nothing(http_server_client, jp_base_url, log_in, verb, path) -> None:
    evil = {"Origin": "https://evil.example"}
    status = await _as_browser(http_server_client, jp_base_url, await log_in(), verb, path, evil)
    assert status in (403, 404)


@pytest.mark.parametrize(("verb", "path"), [item for item in OPERATIONS if item[0] != "get"])
async def test_a_form_without_the_secret_of_the_page_changes_nothing(
    http_server_client, jp_base_url, log_in, verb, path
) -> None:
    assert await _as_browser(http_server_client, jp_base_url, await log_in(), verb, path, {}) == 403


async def _as_browser(client: Any, base: str, cookies: dict[str, str], verb: str, path: str, headers: Any) -> int:
    url = f"{base}jupyter-mlops/api/{'/'.join(filled(path))}"
    jar = "; ".join(f"{name}={value}" for name, value in cookies.items() if name != "_xsrf")
    body = "{}" if verb != "delete" else None
    try:
        answer = await client.fetch(url, method=verb.upper(), body=body, headers={"Cookie": jar, **headers})
    except HTTPClientError as error:
        return error.code
    return int(answer.code)


EVIL_PATHS = [
    *(
        "../out.ipynb",
        "a/../../out.ipynb",
        "..",
        "/../out.ipynb",
        "a/..\\..\\out.ipynb",
        "x\0y.ipynb",
        "link/out.ipynb",
    ),
    *("RTC:../out.ipynb", "outside.ipynb"),
]


@pytest.mark.parametrize("path", EVIL_PATHS)
async def test_no_path_leads_out_of_the_root(ask: Ask, jp_root_dir: Path, path) -> None:
    secret = jp_root_dir.parent / "out.ipynb"
    secret.write_text(json.dumps(notebook(("one", "1"))))
    (jp_root_dir / "link").symlink_to(jp_root_dir.parent)
    (jp_root_dir / "outside.ipynb").symlink_to(secret)
    for verb, parts, body in (
        ("POST", ("analysis",), {"path": path, "content": notebook(("one", "1"))}),
        ("POST", ("runs",), {"path": path}),
    ):
        status, told = await ask(verb, *parts, body=body)
        assert (status, told["code"]) == (400, "usage")
        assert str(jp_root_dir.parent) not in json.dumps(told)
    if "\0" not in path:  # tornado makes it a space
        assert (await ask("GET", "runs", folder=path))[0] == 400


async def test_hidden_files_are_not_there(ask: Ask, jp_root_dir: Path) -> None:
    (jp_root_dir / ".secret.ipynb").write_text(json.dumps(notebook(("one", "1"))))
    assert (await ask("POST", "runs", body={"path": ".secret.ipynb"}))[0] == 404


async def test_a_path_of_a_shared_notebook_is_that_of_its_file(ask: Ask, write) -> None:
    write("a.ipynb", ("one", "1"))
    assert (await ask("POST", "analysis", body={"path": "RTC:a.ipynb", "content": notebook(("one", "1"))}))[0] == 200


async def test_messages_say_nothing_of_this_machine(ask: Ask, jp_root_dir: Path) -> None:
    for told in (
        await ask("POST", "runs", body={"path": "none.ipynb"}),
        await ask("GET", "runs", "last"),
        await ask("GET", "runs", "last", folder="a/b"),
    ):
        assert str(jp_root_dir) not in json.dumps(told)
        assert str(Path.home()) not in json.dumps(told)
        assert "Traceback" not in json.dumps(told)


@pytest.mark.parametrize("name", ["..%2F..%2Fetc%2Fpasswd", "%2e%2e", "a%00b", "%2Fetc%2Fpasswd", "."])
async def test_ids_lead_nowhere(jp_fetch, jp_root_dir, name) -> None:
    (jp_root_dir / ".jupyter_mlops").mkdir()
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch(f"jupyter-mlops/api/runs/{name}")
    assert caught.value.code in (400, 404)


def socket_request(jp_ws_fetch: Any, http_server_port: Any, base: str, **headers: str) -> HTTPRequest:
    url = f"ws://127.0.0.1:{http_server_port[-1]}{base}jupyter-mlops/api/stream"
    return HTTPRequest(url, headers=headers)


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({}, True),
        ({"Authorization": "token wrong"}, True),
        ({"Cookie": "", "Origin": "https://evil.example"}, True),
    ],
)
async def test_the_stream_is_for_who_is_logged_in(jp_ws_fetch, http_server_port, jp_base_url, headers, refused) -> None:
    with pytest.raises(tornado.httpclient.HTTPClientError) as caught:
        await websocket_connect(socket_request(jp_ws_fetch, http_server_port, jp_base_url, **headers))
    assert caught.value.code == 403


async def test_the_stream_is_for_pages_of_this_server(jp_ws_fetch, http_server_port, jp_base_url, log_in) -> None:
    jar = "; ".join(f"{name}={value}" for name, value in (await log_in()).items())
    with pytest.raises(tornado.httpclient.HTTPClientError) as caught:
        await websocket_connect(
            socket_request(jp_ws_fetch, http_server_port, jp_base_url, Cookie=jar, Origin="https://evil.example")
        )
    assert caught.value.code == 403
    own = f"http://127.0.0.1:{http_server_port[-1]}"
    opened = await websocket_connect(socket_request(jp_ws_fetch, http_server_port, jp_base_url, Cookie=jar, Origin=own))
    opened.close()


async def test_the_stream_is_for_who_may_read(jp_ws_fetch, authorized_by) -> None:
    authorized_by(Nothing)
    with pytest.raises(tornado.httpclient.HTTPClientError) as caught:
        await jp_ws_fetch("jupyter-mlops", "api", "stream")
    assert caught.value.code == 403


def test_each_verb_is_decorated_by_itself() -> None:
    """`authorized` keeps the first action that it sees, so no function may serve two verbs."""
    from jupyter_mlops_server.routes import HANDLERS

    seen: set[int] = set()
    for handler in HANDLERS:
        for verb in ("get", "post", "delete", "put", "patch"):
            function = vars(handler).get(verb)
            if function is not None:
                assert id(function) not in seen
                seen.add(id(function))


def test_no_route_takes_an_address_to_fetch() -> None:
    text = json.dumps(PATHS)
    assert not re.search(r'"name": "(url|uri|address|host)"', text)
    assert os.sep not in "".join(re.findall(r"\{(\w+)\}", text))
