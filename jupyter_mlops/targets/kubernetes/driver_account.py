"""The service account of the driver, with the least rights: made by who may, else it is for the administrator."""

from __future__ import annotations

import contextlib

from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import AlreadyThere, Forbidden
from jupyter_mlops.kube.rbac import DRIVER, driver_manifests, figures_manifests
from jupyter_mlops.kube.resource import ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS

_RESOURCES = {item.kind: item for item in (SERVICE_ACCOUNTS, ROLES, ROLE_BINDINGS)}


def ensure_driver_account(kube: Kube, chosen: str) -> str:
    """The account that drivers run under: the one that was chosen, else ours, which is made where it is missing.

    Whoever may not make it goes on: if it is not there, the driver's pod says so, with the way out.
    """
    if chosen:
        return chosen
    account, *rights = driver_manifests(kube.namespace)
    with contextlib.suppress(AlreadyThere, Forbidden):
        kube.create(SERVICE_ACCOUNTS, account)
        for item in (*rights, *figures_manifests(kube.namespace)):
            with contextlib.suppress(AlreadyThere):
                kube.create(_RESOURCES[item["kind"]], item)
    return DRIVER
