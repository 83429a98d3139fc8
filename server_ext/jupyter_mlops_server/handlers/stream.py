"""The one event stream: a WebSocket on which a browser says which runs it follows, and gets their events.

The browser sends `{"follow": RUN, "folder": PATH, "offsets": {...}}`, `{"unfollow": RUN}` and `{"watch": FOLDER}`. It
gets `{"run": RUN, "events": [...], "offsets": {...}}` (with the offsets of the last message it can resume after any
break), `{"runs": [...], "folder": FOLDER}` when the newest runs of the watched folder change, and `{"error": {...}}`.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.websocket import WebSocketMixin
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from jupyter_mlops.errors import MlopsError, Usage
from jupyter_mlops_server.handlers.base import AUTH_RESOURCE, BaseHandler, as_json

_MAX_MESSAGE = 64_000
_MAX_FOLLOWED = 32
_NEWEST = 50
# Between looks at a folder's runs, in looks at the followed runs.
_FOLDER_EVERY = 4
_MAX_EVENTS = 2000


@dataclass
class _Follower:
    directory: Path
    offsets: dict[str, int] = field(default_factory=dict)


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
        self._watched: tuple[str, Path] | None = None
        self._seen = ""
        self._looking = asyncio.ensure_future(self._look())

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
        except MlopsError as error:
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
        if isinstance(asked.get("unfollow"), str):
            self._followed.pop(asked["unfollow"], None)
        elif isinstance(asked.get("watch"), str):
            self._watched, self._seen = (asked["watch"], self.services.places.folder(asked["watch"])), ""
        elif isinstance(asked.get("follow"), str):
            await self._follow(asked)
        else:
            raise Usage("A message says `follow`, `unfollow` or `watch`.")

    async def _follow(self, asked: dict[str, Any]) -> None:
        if len(self._followed) >= _MAX_FOLLOWED:
            raise Usage(f"A stream follows at most {_MAX_FOLLOWED} runs.", hint="Say `unfollow` for some.")
        folder = self.services.places.folder(str(asked.get("folder", "")))
        offsets = asked.get("offsets") or {}
        if not isinstance(offsets, dict) or not all(isinstance(item, int) and item >= 0 for item in offsets.values()):
            raise Usage("`offsets` are those of an earlier message.")
        directory = await self.in_thread(_directory, folder, asked["follow"])
        self._followed[directory.name] = _Follower(directory, offsets)

    async def _look(self) -> None:
        count = 0
        while True:
            try:
                for run, follower in list(self._followed.items()):
                    await self._tell_events(run, follower)
                if self._watched and count % _FOLDER_EVERY == 0:
                    await self._tell_runs(*self._watched)
            except (MlopsError, OSError) as error:
                self._say({"error": self.told(error)[1]})
            count += 1
            await asyncio.sleep(self.services.poll)

    async def _tell_events(self, run: str, follower: _Follower) -> None:
        from jupyter_mlops.store.events_file import read_run, to_data

        if not follower.directory.is_dir():
            self._followed.pop(run, None)
            self._say({"run": run, "deleted": True})
            return
        found = await self.in_thread(read_run, follower.directory, follower.offsets)
        if not found.events:
            return
        events = [to_data(event) for event in found.events]
        for start in range(0, len(events), _MAX_EVENTS):
            last = start + _MAX_EVENTS >= len(events)
            message = {"run": run, "events": events[start : start + _MAX_EVENTS]}
            self._say({**message, "offsets": dict(found.offsets)} if last else message)
        follower.offsets = dict(found.offsets)

    async def _tell_runs(self, name: str, folder: Path) -> None:
        from jupyter_mlops.verbs.runs import list_runs

        runs = await self.in_thread(list_runs, limit=_NEWEST, folder=folder)
        text = as_json({"runs": self.listed(runs), "folder": name})
        if text != self._seen:
            self._seen = text
            self._send(text)

    def _say(self, message: dict[str, Any]) -> None:
        self._send(as_json(message))

    def _send(self, text: str) -> None:
        with contextlib.suppress(WebSocketClosedError):
            self.write_message(text)


def _directory(folder: Path, run: str) -> Path:
    from jupyter_mlops.store.project import Project
    from jupyter_mlops.store.run_ids import resolve

    project = Project.find(folder)
    return project.run_directory(resolve(project, run))
