"""Notebooks as they are in the browser, saved or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from jupyter_mlops_server.handlers.base import Handler


class AnalysisHandler(Handler):
    """The pipeline that a notebook is."""

    route = "/analysis"

    @authenticated
    @authorized(action="read")
    async def post(self) -> None:
        """Graph, roles of cells, parameters and diagnostics of the posted content."""
        asked = self.body()
        file = self.services.places.file(asked["path"])
        here = self.services.launcher.is_here(_kernel(asked["content"]))
        self.answer(
            await self.in_thread(self.services.analyser.analyse, asked["content"], file, asked["by"], here=here)
        )


def _kernel(content: Mapping[str, Any]) -> str:
    spec = content.get("metadata", {}).get("kernelspec")
    return str(spec.get("name", "")) if isinstance(spec, dict) else ""


class ConversionHandler(Handler):
    """Steps for a notebook that has none."""

    route = "/conversion"

    @authenticated
    @authorized(action="read")
    async def post(self) -> None:
        """The metadata to set on the posted content's cells; who asked sets it, so that it can be undone."""
        asked = self.body()
        file = self.services.places.file(asked["path"])
        self.answer(await self.in_thread(self.services.analyser.convert, asked["content"], file, asked["by"]))
