"""Two ways to Kubeflow Pipelines: its REST interface, and the Kubernetes API of the cluster that its pods run in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from jupyter_mlops.errors import MissingLibrary, Refused
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import BadKubeconfig
from jupyter_mlops.kube.kubeconfig import connect
from jupyter_mlops.kube.transport import HttpTransport
from jupyter_mlops.targets.kfp.api import KfpApi, TokenLogin, service_path
from jupyter_mlops.targets.kfp.settings import KfpSettings


@dataclass
class Place:
    """Where runs go. Without a kubeconfig `kube` is None: then no run can begin, but those there can be followed."""

    settings: KfpSettings
    api: KfpApi
    kube: Kube | None
    namespace_of_experiments: str = ""
    why_no_kube: str = field(default="")

    @classmethod
    def open(cls, settings: KfpSettings) -> Place:
        """Nothing is asked yet.

        Raises:
            BadKubeconfig, MissingLibrary: there is neither a url nor a kubeconfig that can be used.
            Refused: the context leads to another cluster than when the run began.
        """
        kube, why = None, ""
        try:
            connection = connect(settings.context)
        except (BadKubeconfig, MissingLibrary) as failure:
            if not settings.url or settings.context:
                raise
            why = failure.message
        else:
            if settings.server and connection.server != settings.server:
                connection.transport.close()
                raise Refused(
                    f"The context {connection.context} leads to {connection.server} now, "
                    f"and the run is in {settings.server}.",
                    hint="Choose the kubeconfig that it was started with, in the variable KUBECONFIG.",
                )
            settings = replace(settings, context=connection.context, server=connection.server)
            kube = Kube(connection.transport, settings.namespace or connection.namespace)
        return cls(settings, api_of(settings, kube), kube, "", why)

    def settle(self) -> None:
        """Ask whether it is there, and find out in which namespace pods will run.

        Raises:
            MlopsError: it does not answer, or there is none.
        """
        many = self.api.health().get("multi_user") is True
        if self.kube is None:
            return
        namespace = self.settings.namespace or (self.kube.namespace if many else self.settings.service_namespace)
        self.namespace_of_experiments = namespace if many else ""
        self.kube = self.kube.within(namespace)
        self.settings = replace(self.settings, namespace=namespace)

    def pods(self) -> Kube:
        """The namespace in which pods run.

        Raises:
            Refused: there is no kubeconfig.
        """
        if self.kube is None:
            raise Refused(
                f"Pods get the notebook's code from a ConfigMap, and it cannot be made: {self.why_no_kube}",
                hint="A kubeconfig for the cluster is needed beside the url, with the right to make ConfigMaps.",
            )
        return self.kube

    def close(self) -> None:
        """Free the connections."""
        self.api.transport.close()
        if self.kube is not None and self.kube.transport is not self.api.transport:
            self.kube.transport.close()


def api_of(settings: KfpSettings, kube: Kube | None) -> KfpApi:
    """The interface at the url, else behind the Kubernetes API."""
    if settings.url:
        address = settings.url.rstrip("/")
        return KfpApi(HttpTransport(TokenLogin(settings)), "", f"Kubeflow Pipelines at {address}")
    assert kube is not None, "without a url there is a kubeconfig"
    where = f"Kubeflow Pipelines in the namespace {settings.service_namespace}"
    return KfpApi(kube.transport, service_path(settings), where)
