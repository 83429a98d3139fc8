"""Ship the front end: built here when it is missing or older than its sources, left out when the user says so."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent / "tools"))
import front_end

SHARE = "share/jupyter/labextensions/jupyter-mlops"


class FrontEndHook(BuildHookInterface[BuilderConfig]):
    """What hatchling asks of a build of the wheel, the editable install or the sdist."""

    def dependencies(self) -> list[str]:
        """What the build needs beside hatchling: nothing where the front end is built, as in an sdist."""
        return [] if front_end.is_left_out() or front_end.is_built() else front_end.requires()

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  (hatchling's signature)
        """Build, and name what git ignores and the archive must have."""
        if front_end.is_left_out():
            return
        try:
            front_end.build()
        except front_end.FrontEndError as error:
            self.app.abort(str(error))
        build_data["artifacts"].append("/jupyter_mlops/widgets/static/")
        if self.target_name == "sdist":
            # As an artifact it would be left out wherever hatchling comes upon an environment's link to it first.
            build_data["force_include"][str(front_end.EXTENSION)] = "jupyter_mlops/labextension"
        else:
            built = (path for path in front_end.EXTENSION.iterdir() if path != front_end.STAMP)
            build_data["shared_data"].update({str(path): f"{SHARE}/{path.name}" for path in built})
