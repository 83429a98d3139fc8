"""The one event stream: a WebSocket on which a browser says which runs it follows, and gets their events.

The browser sends `{"follow": RUN, "folder": PATH, "offsets": {...}}`, `{"unfollow": RUN}`, `{"watch": PATH}` and
`{"unwatch": PATH}`. It gets `{"run": RUN, "events": [...], "offsets": {...}}` (with the offsets of the last message it
can resume after any break; of many events only the last part has offsets), `{"run": RUN, "deleted": true}`,
`{"runs": [...], "folder": PATH}` when the newest runs of a watched notebook, or of a folder's project, change, and
`{"error": {...}}`.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
from collections.abc import Awaitable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.websocket import WebSocketMixin
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from jupyter_mlops.errors import MlopsError, NotFound, Usage
from jupyter_mlops_server.handlers.base import AUTH_RESOURCE, BaseHandler, as_json

_MAX_MESSAGE = 64_000
_MAX_FOLLOWED = 32
_MAX_WATCHED = 32
_NEWEST = 50
# Between looks at the runs of one folder, in looks at the followed runs. Each look is at one folder at most, so that
# many open notebooks cost no more than a few.
_FOLDER_EVERY = 4
_MAX_EVENTS = 2000
# No file has more bytes.
_MAX_OFFSET = 1 << 62


@dataclass
class _Listener:
    # What went wrong the last time: it is told once.
    trouble: str = field(default="", init=False)


@dataclass
class _Follower(_Listener):
    directory: Path
    offsets: dict[str, int] = field(default_factory=dict)


@dataclass
class _Watcher(_Listener):
    path: str
    folder: Path
    # The one notebook, in all ways to write it; without it the whole project.
    notebooks: Collection[str]
    looked: int
    told: str = ""


class StreamHandler(WebSocketMixin, WebSocketHandler, BaseHandler):
    """This order of bases keeps both the origin check and the login."""

    auth_resource = AUTH_RESOURCE
    route = "/stream"

    def set_default_headers(self) -> None:
        """A handshake has none of an API's headers."""

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> Any:
        """Open it, for who may read."""
        allowed = self.authorizer.is_authorized(self, self.current_user, "read", AUTH_RESOURCE)
        if not (await allowed if inspect.isawaitable(allowed) else allowed):
            raise HTTPError(403)
        if self.services.streams >= self.services.max_streams:
            raise HTTPError(503, "Too many streams are open.")
        return await super().get(*args, **kwargs)

    def open(self, *args: Any, **kwargs: Any) -> None:
        """Begin to look for news."""
        super().open(*args, **kwargs)
        self.services.streams += 1
        self._followed: dict[str, _Follower] = {}
        self._watched: dict[str, _Watcher] = {}
        self._looks = 0
        self._looking = asyncio.ensure_future(self._look())
        self._looking.add_done_callback(self._stopped)

    def on_close(self) -> None:
        """Stop looking."""
        super().on_close()
        if hasattr(self, "_looking"):
            self.services.streams -= 1
            self._looking.cancel()

    async def on_message(self, message: str | bytes) -> None:
        """What the browser wants to hear."""
        try:
            await self._take(message)
        except (MlopsError, OSError) as error:
            self._say({"error": self.told(error)[1]})

    async def _take(self, message: str | bytes) -> None:
        if len(message) > _MAX_MESSAGE:
            raise Usage("The message is too long.")
        try:
            asked = json.loads(message)
        except (ValueError, RecursionError) as error:
            raise Usage("The message is no JSON.") from error
        if not isinstance(asked, dict):
            raise Usage("A message is an object.")
        known = {"follow": self._follow, "unfollow": self._unfollow, "watch": self._watch, "unwatch": self._unwatch}
        for verb, do in known.items():
            if isinstance(asked.get(verb), str):
                await do(asked)
                return
        raise Usage("A message says `follow`, `unfollow`, `watch` or `unwatch`.")

    async def _follow(self, asked: dict[str, Any]) -> None:
        path, offsets = asked.get("folder", ""), asked.get("offsets") or {}
        if not isinstance(path, str):
            raise Usage("`folder` is a path.")
        if not isinstance(offsets, dict) or not all(
            isinstance(item, int) and 0 <= item <= _MAX_OFFSET for item in offsets.values()
        ):
            raise Usage("`offsets` are those of an earlier message.")
        folder = self.services.places.folder(path)
        try:
            directory = await self.in_thread(_directory, folder, asked["follow"])
        except NotFound as error:
            # It may have gone while the connection was lost.
            self._say({"run": asked["follow"], "deleted": True, "error": self.told(error)[1]})
            return
        if directory.name not in self._followed and len(self._followed) >= _MAX_FOLLOWED:
            raise Usage(f"A stream follows at most {_MAX_FOLLOWED} runs.", hint="Say `unfollow` for some.")
        self._followed[directory.name] = _Follower(directory, offsets)

    async def _unfollow(self, asked: dict[str, Any]) -> None:
        self._followed.pop(asked["unfollow"], None)

    async def _watch(self, asked: dict[str, Any]) -> None:
        path, places = asked["watch"], self.services.places
        if path not in self._watched and len(self._watched) >= _MAX_WATCHED:
            raise Usage(f"A stream watches at most {_MAX_WATCHED} folders.", hint="Say `unwatch` for some.")
        notebooks = () if places.file(path).is_dir() else places.spellings(path)
        self._watched[path] = _Watcher(path, places.folder(path), notebooks, self._looks - _FOLDER_EVERY)
        # Runs that went on in a cluster while nobody was here come home as soon as somebody looks.
        await self.in_thread(_keep_following, places.folder(path))

    async def _unwatch(self, asked: dict[str, Any]) -> None:
        self._watched.pop(asked["unwatch"], None)

    async def _look(self) -> None:
        while True:
            for run, follower in list(self._followed.items()):
                await self._attempt(follower, self._tell_events(run, follower))
            longest_ago = min(self._watched.values(), key=lambda watcher: watcher.looked, default=None)
            if longest_ago and self._looks - longest_ago.looked >= _FOLDER_EVERY:
                longest_ago.looked = self._looks
                await self._attempt(longest_ago, self._tell_runs(longest_ago))
            self._looks += 1
            await asyncio.sleep(self.services.poll)

    async def _attempt(self, listener: _Listener, telling: Awaitable[None]) -> None:
        """Trouble with one run or folder is told once, and keeps no other from being told."""
        try:
            await telling
        except (MlopsError, OSError) as error:
            told = self.told(error)[1]
            if told["message"] != listener.trouble:
                listener.trouble = told["message"]
                self._say({"error": told})

    def _stopped(self, looking: asyncio.Future[None]) -> None:
        """Who hears nothing any more without knowing it would wait for ever; a closed stream is opened again."""
        if not looking.cancelled() and (fault := looking.exception()):
            self.log.error("The stream of events has a fault.", exc_info=fault)
            self.close(1011, "fault")

    async def _tell_events(self, run: str, follower: _Follower) -> None:
        from jupyter_mlops.store.events_file import read_run, to_data

        if not follower.directory.is_dir():
            self._followed.pop(run, None)
            self._say({"run": run, "deleted": True})
            return
        found = await self.in_thread(read_run, follower.directory, follower.offsets)
        if not found.events or self._followed.get(run) is not follower:
            return
        events = [to_data(event) for event in found.events]
        for start in range(0, len(events), _MAX_EVENTS):
            last = start + _MAX_EVENTS >= len(events)
            message = {"run": run, "events": events[start : start + _MAX_EVENTS]}
            self._say({**message, "offsets": dict(found.offsets)} if last else message)
        follower.offsets = dict(found.offsets)

    async def _tell_runs(self, watcher: _Watcher) -> None:
        from jupyter_mlops.verbs.runs import page

        found = await self.in_thread(page, notebooks=watcher.notebooks, limit=_NEWEST, folder=watcher.folder)
        text = as_json({"runs": self.listed(found["runs"]), "folder": watcher.path})
        if text != watcher.told and self._watched.get(watcher.path) is watcher:
            watcher.told = text
            self._send(text)

    def _say(self, message: dict[str, Any]) -> None:
        self._send(as_json(message))

    def _send(self, text: str) -> None:
        with contextlib.suppress(WebSocketClosedError):
            self.write_message(text)


def _keep_following(folder: Path) -> None:
    from jupyter_mlops.store.project import Project
    from jupyter_mlops.verbs.remote import keep_following

    keep_following(Project.find(folder))


def _directory(folder: Path, run: str) -> Path:
    from jupyter_mlops.store.project import Project
    from jupyter_mlops.store.run_ids import resolve

    project = Project.find(folder)
    return project.run_directory(resolve(project, run))
