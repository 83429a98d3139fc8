"""The server extension: its settings, and what its handlers share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Float, Int, Type, Unicode

from jupyter_mlops_server.analyser import Analyser
from jupyter_mlops_server.contract import Contract
from jupyter_mlops_server.launcher import Launcher
from jupyter_mlops_server.places import Places
from jupyter_mlops_server.routes import ROUTES

SERVICES = "jupyter_mlops"


@dataclass
class Services:
    """What the handlers work with, one of each a server."""

    contract: Contract
    places: Places
    analyser: Analyser
    launcher: Launcher
    threads: ThreadPoolExecutor
    clusters: ThreadPoolExecutor
    max_body: int
    max_streams: int
    poll: float
    streams: int = 0


class MLOpsApp(ExtensionApp):
    """`jupyter server extension enable jupyter_mlops_server`; settings as `--MLOpsApp.NAME=VALUE`."""

    name = "jupyter_mlops_server"
    extension_url = "/lab"
    load_other_extensions = True

    project_root = Unicode("", help="Folder with the runs. Empty: found from each notebook's folder.").tag(config=True)
    kernel_environment = Bool(True, help="Run pipelines with the Python of the notebook's kernel.").tag(config=True)
    max_body_mb = Int(20, min=1, help="Largest notebook that is analysed, in MB.").tag(config=True)
    max_streams = Int(50, min=1, help="Event streams that may be open at once.").tag(config=True)
    poll_seconds = Float(0.25, min=0.05, help="How often a stream looks for news.").tag(config=True)
    threads = Int(4, min=1, help="Requests that may block (files, analysis) at once.").tag(config=True)
    analyser_class = Type(Analyser, klass=Analyser, help="Analyses notebooks.").tag(config=True)
    launcher_class = Type(Launcher, klass=Launcher, help="Starts the processes that drive runs.").tag(config=True)

    def initialize_settings(self) -> None:
        """Make what the handlers share; no file is read but the contract, no thread is started."""
        assert self.serverapp is not None
        contents = self.serverapp.contents_manager
        self.settings[SERVICES] = Services(
            contract=Contract.load(),
            places=Places(contents, self.project_root),
            analyser=self.analyser_class(),
            launcher=self.launcher_class(
                kernels=self.serverapp.kernel_spec_manager if self.kernel_environment else None
            ),
            threads=ThreadPoolExecutor(self.threads, thread_name_prefix="mlops"),
            clusters=ThreadPoolExecutor(self.threads, thread_name_prefix="mlops-cluster"),
            max_body=self.max_body_mb * 1_000_000,
            max_streams=self.max_streams,
            poll=self.poll_seconds,
        )

    def initialize_handlers(self) -> None:
        """Add the routes below `/jupyter-mlops/api/`."""
        self.handlers.extend(ROUTES)

    async def stop_extension(self) -> None:
        """Runs go on: their engines are processes of their own."""
        services: Any = self.settings.get(SERVICES)
        if services is not None:
            services.threads.shutdown(wait=False, cancel_futures=True)
            services.clusters.shutdown(wait=False, cancel_futures=True)
