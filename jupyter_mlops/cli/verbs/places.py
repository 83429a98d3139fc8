"""`target`: where runs can go, what each place can do, its health, and the rights that it takes."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_mlops.cli.grammar import Verb, VerbParser
from jupyter_mlops.cli.places import add_place, place_of
from jupyter_mlops.cli.session import Session
from jupyter_mlops.cli.style import Style
from jupyter_mlops.errors import Usage

_ACTIONS = ("list", "doctor", "rbac", "contexts")


def _target_arguments(parser: VerbParser) -> None:
    parser.add_argument(
        "action",
        type=_action,
        nargs="?",
        default="list",
        metavar="list|doctor|rbac|contexts",
        help="what each can do; check one; print the rights that it takes, as YAML; the contexts of the kubeconfig",
    )
    parser.add_argument("name", nargs="?", default="", metavar="T", help="for doctor, rbac; default: kubernetes")
    parser.add_argument(
        "--for",
        dest="purposes",
        default="",
        metavar="WHAT",
        help="rbac: what the rights are for, with commas between: run,attached,follow,schedules,argo,check",
    )
    parser.add_argument(
        "--subject", default="", metavar="WHO", help="rbac: user:U, group:G or serviceaccount:N:S; default: you"
    )
    add_place(parser)


def _action(word: str) -> str:
    if word not in _ACTIONS:
        hint = f"It does {', '.join(_ACTIONS)}. For example: jupyter mlops target doctor kubernetes"
        raise Usage(f"`target` cannot {word!r}.", hint=hint)
    return word


def _target(options: Namespace, _session: Session) -> Mapping[str, Any]:
    from jupyter_mlops.store.project import Project
    from jupyter_mlops.verbs import targets

    project, image = Project.find(), options.image
    context, namespace = options.context, options.namespace
    if options.action == "contexts":
        return targets.contexts()
    if options.action == "list":
        return targets.targets(project, given=place_of(options))
    name = options.name or "kubernetes"
    if options.action == "doctor":
        return targets.target_doctor(project, name, context=context, namespace=namespace, image=image)
    if image:
        raise Usage("Rights do not depend on an image.", hint="Leave out --image.")
    purposes = [word for word in options.purposes.replace(" ", "").split(",") if word]
    return targets.target_rbac(
        project, name, purposes=purposes, context=context, namespace=namespace, subject=options.subject
    )


def _target_lines(result: Mapping[str, Any], style: Style) -> Iterator[str]:
    from jupyter_mlops.cli.render.targets import target_lines

    return target_lines(result, style)


def _target_code(result: Mapping[str, Any]) -> int:
    return int(any(item["state"] == "failed" for item in result.get("findings", ())))


VERBS = (
    Verb(
        name="target",
        examples=("", "doctor kubernetes", "rbac kubernetes --for run,schedules --namespace team", "contexts"),
        arguments=_target_arguments,
        call=_target,
        data=dict,
        lines=_target_lines,
        exit_code=_target_code,
    ),
)
