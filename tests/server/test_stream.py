"""The event stream: followed runs, resumed after a break, and the newest runs of a folder."""

from __future__ import annotations

import asyncio
import json
import shutil
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from jupyter_mlops.store import events_file
from jupyter_mlops.verbs import runs
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


async def test_a_watched_notebook_is_told_its_own_runs_only(ask: Ask, write, listen) -> None:
    write("one.ipynb", ("one", "1"))
    write("two.ipynb", ("two", "2"))
    runs = {name: await started(ask, name) for name in ("one.ipynb", "two.ipynb")}
    for run in runs.values():
        await finished(ask, run)
    listener = await listen()
    for path in ("one.ipynb", "two.ipynb", "RTC:one.ipynb", ""):
        listener.say(watch=path)
    told = {}
    while len(told) < 4:
        message = await listener.hear()
        told[message["folder"]] = [item["run"] for item in message["runs"]]
    assert told == {
        "one.ipynb": [runs["one.ipynb"]],
        "two.ipynb": [runs["two.ipynb"]],
        "RTC:one.ipynb": [runs["one.ipynb"]],
        "": [runs["two.ipynb"], runs["one.ipynb"]],
    }


async def test_the_runs_of_a_notebook_are_the_newest_ones_of_it_whatever_else_ran(
    ask: Ask, write, listen, jp_root_dir
) -> None:
    write("old.ipynb", ("one", "1"))
    write("new.ipynb", ("one", "1"))
    old = await started(ask, "old.ipynb")
    await finished(ask, old)
    new = await started(ask, "new.ipynb")
    await finished(ask, new)
    directories = jp_root_dir / ".jupyter_mlops" / "runs"
    for number in range(60):
        copy = f"{new[:-4]}{0x1000 + number:04x}"
        shutil.copytree(directories / new, directories / copy, ignore=shutil.ignore_patterns(".reserve"))
        for file in (directories / copy).rglob("*.jsonl"):
            file.write_text(file.read_text().replace(new, copy))
    listener = await listen()
    listener.say(watch="")
    assert old not in [item["run"] for item in (await listener.hear())["runs"]], "there are more than fifty"
    listener.say(watch="old.ipynb")
    assert [item["run"] for item in (await listener.hear())["runs"]] == [old]


async def test_who_does_not_watch_any_more_hears_nothing(ask: Ask, write, listen) -> None:
    write("work.ipynb", ("one", "1"))
    listener = await listen()
    listener.say(watch="")
    listener.say(watch="work.ipynb")
    assert {(await listener.hear())["folder"], (await listener.hear())["folder"]} == {"", "work.ipynb"}
    listener.say(unwatch="")
    listener.say(unwatch="nothing")
    await finished(ask, await started(ask, "work.ipynb"))
    state, folders = "", set()
    while state != "succeeded":
        message = await listener.hear()
        folders.add(message["folder"])
        (item,) = message["runs"]
        state = item["state"]
    assert folders == {"work.ipynb"}


async def test_a_stream_watches_so_many_folders_and_no_more(listen, jp_root_dir) -> None:
    listener = await listen()
    for number in range(33):
        (jp_root_dir / f"f{number}").mkdir()
        listener.say(watch=f"f{number}")
    listener.say(watch="f0")
    told, errors = set(), []
    while len(told) < 32:
        message = await listener.hear()
        errors += [message["error"]] if "error" in message else []
        told |= {message.get("folder")} - {None}
    assert told == {f"f{number}" for number in range(32)}
    (error,) = errors
    assert ("at most 32" in error["message"], error["hint"]) == (True, "Say `unwatch` for some.")


async def test_trouble_with_one_run_is_told_once_and_keeps_no_other_from_being_told(
    ask: Ask, write, listen, monkeypatch
) -> None:
    write("work.ipynb", ("one", "1"))
    broken, sound = await started(ask, "work.ipynb"), await started(ask, "work.ipynb")
    await finished(ask, broken)
    await finished(ask, sound)
    reads = []

    def read_run(directory, offsets):
        reads.append(directory.name)
        if directory.name == broken:
            raise OSError("The disk is gone.")
        return real(directory, offsets)

    real = events_file.read_run
    monkeypatch.setattr(events_file, "read_run", read_run)
    listener = await listen()
    listener.say(follow=broken)
    assert "error" in await listener.hear()
    while reads.count(broken) < 3:
        await asyncio.sleep(0.01)
    listener.say(follow=sound)
    assert (await listener.hear())["run"] == sound


async def test_a_stream_with_a_fault_is_closed_so_that_it_is_opened_again(listen, monkeypatch, jp_serverapp) -> None:
    monkeypatch.setattr(runs, "page", lambda **_: 1 / 0)
    listener = await listen()
    listener.say(watch="")
    with pytest.raises(AssertionError, match="closed"):
        await listener.hear()
    services = jp_serverapp.web_app.settings["jupyter_mlops"]
    while services.streams:
        await asyncio.sleep(0.01)
    listener.close()


async def test_a_run_that_went_while_nobody_listened_is_told(listen) -> None:
    listener = await listen()
    listener.say(follow="0190aaaa-0000-7000-8000-000000000000", offsets={"a": 1})
    told = await listener.hear()
    assert (told["run"], told["deleted"]) == ("0190aaaa-0000-7000-8000-000000000000", True)
    assert told["error"]["code"] == "not_found"


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
        ('{"follow": "last", "offsets": {"a": 1000000000000000000000}}', "offsets"),
        ('{"follow": "last", "folder": null}', "folder"),
        ('{"follow": "nothing"}', "nothing"),
        ('{"follow": "last", "folder": "../.."}', "path"),
        ('{"watch": "../.."}', "path"),
        ('{"watch": ["a"]}', "watch"),
        ('{"unwatch": 1}', "unwatch"),
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
