"""The event stream: followed runs, resumed after a break, and the newest runs of a folder."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from tests.server.conftest import Ask
from tests.server.test_runs import WORK, finished, started

STREAM = ("jupyter-mlops", "api", "stream")


class Listener:
    """One end of a stream."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket

    def say(self, **message: Any) -> None:
        self._socket.write_message(json.dumps(message))

    def say_raw(self, text: str) -> None:
        self._socket.write_message(text)

    async def hear(self) -> dict[str, Any]:
        text = await asyncio.wait_for(self._socket.read_message(), 30)
        assert text is not None, "the stream was closed"
        return json.loads(text)

    async def hear_until(self, kind: str) -> tuple[list[dict[str, Any]], dict[str, int]]:
        """Events up to one of this type, and the offsets that were told last."""
        events: list[dict[str, Any]] = []
        offsets: dict[str, int] = {}
        while not any(event["type"] == kind for event in events):
            message = await self.hear()
            events += message["events"]
            offsets = message.get("offsets", offsets)
        return events, offsets

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def listen(jp_ws_fetch):
    async def listening() -> Listener:
        return Listener(await jp_ws_fetch(*STREAM))

    return listening


async def test_a_followed_run_is_told_from_its_beginning_to_its_end(ask: Ask, write, listen) -> None:
    write("work.ipynb", *WORK)
    run = await started(ask, "work.ipynb")
    listener = await listen()
    listener.say(follow=run, folder="work.ipynb")
    events, _ = await listener.hear_until("run.finished")
    kinds = [event["type"] for event in events]
    assert (kinds[0], kinds[-1]) == ("run.created", "run.finished")
    assert [event["task"] for event in events if event["type"] == "task.finished"] == ["one", "two"]


async def test_a_stream_is_resumed_where_it_broke_off(ask: Ask, write, listen) -> None:
    write("work.ipynb", ("one", "print(1)"), ("two", "open('ready.txt')"))
    run = await started(ask, "work.ipynb")
    first = await listen()
    first.say(follow=run)
    known, offsets = await first.hear_until("run.finished")
    first.close()
    await finished(ask, run)
    write("ready.txt")
    assert (await ask("POST", "runs", run, "retry"))[0] == 202
    second = await listen()
    second.say(follow=run, offsets=offsets)
    events, _ = await second.hear_until("run.finished")
    assert [event for event in events if event in known] == []
    assert [event["task"] for event in events if event["type"] == "task.finished"] == ["two"]


async def test_the_newest_runs_of_a_folder_are_told_when_they_change(ask: Ask, write, listen) -> None:
    write("sub/work.ipynb", *WORK)
    listener = await listen()
    listener.say(watch="sub")
    assert await listener.hear() == {"runs": [], "folder": "sub"}
    run = await started(ask, "sub/work.ipynb")
    told: list[dict[str, Any]] = []
    while not told or told[-1]["state"] != "succeeded":
        (item,) = (await listener.hear())["runs"]
        assert (item["run"], item["notebook"]) == (run, "sub/work.ipynb")
        assert item not in told, "nothing is told twice"
        told.append(item)


async def test_a_run_that_is_deleted_is_told(ask: Ask, write, listen) -> None:
    write("work.ipynb", *WORK)
    run = await started(ask, "work.ipynb")
    await finished(ask, run)
    listener = await listen()
    listener.say(follow=run)
    await listener.hear_until("run.finished")
    assert (await ask("DELETE", "runs", run))[0] == 204
    assert await listener.hear() == {"run": run, "deleted": True}


async def test_who_does_not_follow_any_more_hears_nothing(ask: Ask, write, listen) -> None:
    write("work.ipynb", ("one", "print(1)"), ("two", "open('ready.txt')"))
    run = await started(ask, "work.ipynb")
    listener = await listen()
    listener.say(follow=run)
    await listener.hear_until("run.finished")
    await finished(ask, run)
    listener.say(unfollow=run)
    assert (await ask("POST", "runs", run, "retry"))[0] == 202
    await asyncio.sleep(0.5)
    listener.say(follow="nothing")
    assert "error" in await listener.hear(), "the first that is heard"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "no JSON"),
        ("[]", "object"),
        ("{}", "follow"),
        ('{"follow": 1}', "follow"),
        ('{"follow": "last", "offsets": [1]}', "offsets"),
        ('{"follow": "last", "offsets": {"a": -1}}', "offsets"),
        ('{"follow": "last", "offsets": {"a": "b"}}', "offsets"),
        ('{"follow": "nothing"}', "nothing"),
        ('{"follow": "last", "folder": "../.."}', "path"),
        ('{"watch": "../.."}', "path"),
        ('{"follow": "%s"}' % ("x" * 70_000), "too long"),
    ],
)
async def test_a_message_that_is_none_is_told_and_the_stream_goes_on(ask: Ask, write, listen, text, says) -> None:
    write("work.ipynb", ("one", "1"))
    await finished(ask, await started(ask, "work.ipynb"))
    listener = await listen()
    listener.say_raw(text)
    told = await listener.hear()
    assert says in told["error"]["message"], told
    listener.say(follow="last")
    assert (await listener.hear_until("run.finished"))[0]


async def test_streams_are_bounded_and_freed(ask: Ask, listen, jp_serverapp) -> None:
    services = jp_serverapp.web_app.settings["jupyter_mlops"]
    services.max_streams = 2
    first, _second = await listen(), await listen()
    with pytest.raises(HTTPClientError) as caught:
        await listen()
    assert caught.value.code == 503
    first.close()
    while services.streams == 2:
        await asyncio.sleep(0.01)
    await listen()


async def test_a_stream_follows_so_many_runs_and_no_more(ask: Ask, write, listen, jp_root_dir) -> None:
    write("work.ipynb", ("one", "1"))
    run = await started(ask, "work.ipynb")
    await finished(ask, run)
    runs = jp_root_dir / ".jupyter_mlops" / "runs"
    others = [f"{run[:-4]}{number:04x}" for number in range(0x1000, 0x1000 + 33)]
    for other in others:
        (runs / other).symlink_to(runs / run)
    listener = await listen()
    for other in others:
        listener.say(follow=other, folder="")
    while "error" not in (message := await listener.hear()):
        pass
    assert "at most 32" in message["error"]["message"]
