"""The table `[kfp]` of a project: where Kubeflow Pipelines is, and how its runs are made."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlsplit

from jupyter_mlops.errors import Usage

_AT_HOME = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class KfpSettings:
    """Where it is and what runs get. Without `url` it is reached through the Kubernetes API: as the service `service`
    (NAME:PORT) of `service_namespace`.

    `token_file` has the token for `url`, read again whenever it changes; `ca_file` are certificates to trust. Pods run
    in `namespace`: that of the user's profile; where Kubeflow has one user only, that of its own. `context` is the
    kubeconfig's. Steps that name no image have `image`. `server` is where the context led when the run began.
    """

    url: str = ""
    token_file: str = ""
    ca_file: str = ""
    context: str = ""
    namespace: str = ""
    service: str = "ml-pipeline:8888"
    service_namespace: str = "kubeflow"
    image: str = ""
    pipeline_root: str = ""
    experiment: str = ""
    service_account: str = ""
    server: str = ""


def setting_names() -> tuple[str, ...]:
    """All keys that the table may have."""
    return tuple(sorted(item.name for item in fields(KfpSettings)))


def read_settings(table: Mapping[str, Any]) -> KfpSettings:
    """The settings that a table of the project's file says.

    Raises:
        Usage: a key is not known, or its value makes no sense.
    """
    for name, value in table.items():
        if name not in setting_names():
            raise Usage(f"[kfp] has no setting {name!r}.", hint=f"There are: {', '.join(setting_names())}.")
        if not isinstance(value, str):
            raise Usage(f"The setting {name} under [kfp] has to be text.")
    found = KfpSettings(**table)
    _refuse_odd_address(found)
    if found.token_file and not found.url:
        raise Usage(
            "The setting token_file under [kfp] is for a url; without one the kubeconfig says who you are.",
            hint="Set url, or leave out token_file.",
        )
    return found


def read_token(path: str) -> str:
    """What the file says, without white space around it.

    Raises:
        Usage: it cannot be read, or is nothing that fits into a header.
    """
    try:
        with open(os.path.expanduser(path), encoding="ascii") as file:
            token = file.read(1 << 16).strip()
    except (OSError, ValueError) as error:
        raise Usage(f"The token_file {path} cannot be read.", hint="Check token_file under [kfp].") from error
    if not token or not token.isprintable() or " " in token:
        raise Usage(f"The token_file {path} has no token in it.", hint="It has to be the token and nothing else.")
    return token


def _refuse_odd_address(found: KfpSettings) -> None:
    if not found.url:
        name, _, port = found.service.partition(":")
        if not name.replace("-", "").isalnum() or not port.isdecimal():
            raise Usage(f"The setting service under [kfp] cannot be {found.service!r}.", hint="Write NAME:PORT.")
        return
    try:
        parts = urlsplit(found.url)
        parts.port  # noqa: B018 - reading it checks it
    except ValueError as error:
        raise Usage(f"The setting url under [kfp] is no address: {error}.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise Usage(
            "The setting url under [kfp] has to be like https://HOST/PATH, without a name, password or query.",
            hint="A token goes into a file: token_file.",
        )
    if parts.scheme == "http" and found.token_file and parts.hostname not in _AT_HOME:
        raise Usage(
            f"A token would go to {parts.hostname} for all to read on the way.", hint="Write https:// in the url."
        )
