"""The Workflow of a run: pods as the target `kubernetes` makes them, as templates of Argo's."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_mlops.engine.plan import Plan
from jupyter_mlops.errors import Refused
from jupyter_mlops.kube.code_bundle import FOLDER as CODE
from jupyter_mlops.kube.labels import PREFIX, labels
from jupyter_mlops.kube.names import digest
from jupyter_mlops.kube.pod_settings import Claim, ConfigFiles, Work
from jupyter_mlops.kube.pod_template import pod_template
from jupyter_mlops.kube.resource import Resource
from jupyter_mlops.pipeline.argo import Graph, Node
from jupyter_mlops.pipeline.argo.refusals import reason_against
from jupyter_mlops.pipeline.model import Options, Retries
from jupyter_mlops.targets.argo import order as told
from jupyter_mlops.targets.attempt_files import thread_variables
from jupyter_mlops.targets.kubernetes.places import (
    GRACE_S,
    KEPT_S,
    ORDER,
    ORDER_FILE,
    PARCEL,
    STORE,
    RunPlace,
    command,
    together,
)

WORKFLOWS = Resource("argoproj.io", "v1alpha1", "workflows", "Workflow")
MAIN, EXIT = "main", "exit"
# Pods that only look and decide ask for little.
_SMALL = Options(cpu=0.1, memory="256Mi")
# Argo's own containers need a token to say how a pod ended; where a container has a mount of its own at this place,
# Kubernetes gives it none.
_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path
_NO_TOKEN = {"name": "no-token", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}
# What Argo's own containers ask for: a quota may refuse pods in which one asks for nothing.
_ARGOS_OWN = {"cpu": "10m", "memory": "64Mi"}
_ABOUT_WORKFLOW = {
    told.UID: "{{workflow.uid}}",
    told.NAME: "{{workflow.name}}",
    told.BEGAN: "{{workflow.creationTimestamp.s}}",
}
_AT_THE_END = {told.FAILURES: "{{workflow.failures}}", told.STATUS: "{{workflow.status}}"}


@dataclass(frozen=True)
class Making:
    """What a Workflow is made of. `order` are the ConfigMaps with the order, `shown` the parameters that it shows."""

    plan: Plan
    graph: Graph
    place: RunPlace
    order: tuple[str, ...]
    shown: Mapping[str, str]
    parallel: int | None = None


def workflow(making: Making, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The Workflow.

    Raises:
        Refused: a step's options are nothing that Argo can do.
        Usage: an image, name or amount that the API server would refuse.
    """
    graph, place = making.graph, making.place
    templates: dict[str, dict[str, Any]] = {}
    main = [_task(making, node, templates) for node in graph.main]
    exits = [_task(making, node, templates, at_end=True) for node in graph.exits]
    spec: dict[str, Any] = {
        "entrypoint": MAIN,
        "onExit": EXIT,
        "arguments": {"parameters": [{"name": name, "value": text} for name, text in making.shown.items()]},
        "ttlStrategy": {"secondsAfterCompletion": KEPT_S},
        "templates": [
            {"name": MAIN, "dag": {"failFast": False, "tasks": main}},
            {"name": EXIT, "dag": {"failFast": False, "tasks": exits}},
            *templates.values(),
        ],
    }
    if making.parallel:
        spec["parallelism"] = making.parallel
    if place.service_account:
        spec["serviceAccountName"] = place.service_account
    if place.settings.pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in place.settings.pull_secrets]
    return {"apiVersion": WORKFLOWS.api_version, "kind": WORKFLOWS.kind, "metadata": dict(metadata), "spec": spec}


def step_template(making: Making, options: Options) -> dict[str, Any]:
    """The template of a pod with these options, without what it tells others.

    Raises:
        Refused, Usage: as for `workflow`.
    """
    return _pod(making, "step", options, at_end=False)


def _task(making: Making, node: Node, templates: dict[str, Any], *, at_end: bool = False) -> dict[str, Any]:
    """A task of a graph; its template is put to the others if there is none like it."""
    step = making.plan.by_name.get(node.step)
    options = step.options if step and node.kind == "step" else _SMALL
    template = _pod(making, node.kind, options, at_end=at_end and node.kind in ("close", "end"))
    outputs = list(_outputs(node))
    if outputs:
        template["outputs"] = {"parameters": outputs}
    name = f"{node.kind}-{digest([json.dumps(template, sort_keys=True)])}"
    templates.setdefault(name, {"name": name, **template})
    task: dict[str, Any] = {"name": node.name, "template": name}
    item = "{{item}}" if node.items is not None or node.items_from else ""
    if node.step:
        shown = f"{node.step}[{item}]" if item else node.step
        values = {"step": node.step, "item": item, "task": shown}
        task["arguments"] = {"parameters": [{"name": name, "value": value} for name, value in values.items()]}
    if node.depends:
        task["depends"] = node.depends
    if node.when:
        task["when"] = f"{{{{tasks.{node.when}.outputs.parameters.{node.name}}}}} == true"
    if node.items is not None:
        task["withItems"] = [str(index) for index in range(node.items)]
    if node.items_from:
        task["withParam"] = f"{{{{tasks.{node.items_from}.outputs.parameters.items}}}}"
    return task


def _outputs(node: Node) -> Iterator[dict[str, Any]]:
    if node.kind == "items":
        yield {"name": "items", "valueFrom": {"path": f"{told.TOLD}.items"}}
    for name in node.tells:
        # A pod that could say nothing leaves it to the other one, which looks for itself.
        yield {"name": name, "valueFrom": {"path": f"{told.TOLD}.{name}", "default": "true"}}


def _pod(making: Making, kind: str, options: Options, *, at_end: bool) -> dict[str, Any]:
    place = making.place
    verb = kind if kind in ("arrive", "step", "items", "end") else "close"
    # Once it has arrived, its pieces are removed.
    parcel = {PARCEL: ConfigFiles(place.pieces, optional=True)} if kind == "arrive" and place.pieces else {}
    words = ["argo", verb, f"{ORDER}/{ORDER_FILE}"]
    work = Work(
        image=place.image,
        command=command(place, options.image or place.image, *words),
        options=options,
        mounts={STORE: Claim(place.claim), CODE: ConfigFiles(place.code), ORDER: ConfigFiles(making.order), **parcel},
        env={**thread_variables(options, options.env), "PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1"},
        labels=labels("step", run=place.run),
        folder=STORE,
        token=True,
        grace=GRACE_S,
    )
    pod = pod_template(*together(place, work))
    reason = reason_against({**pod, "spec": _without_reader(pod["spec"])})
    if reason:
        raise Refused(f"Argo Workflows cannot run a pod: {reason}.", hint="Write it in another way.")
    return _as_template(making, kind, pod, options, at_end=at_end)


def _as_template(
    making: Making, kind: str, pod: Mapping[str, Any], options: Options, *, at_end: bool
) -> dict[str, Any]:
    spec, meta = dict(pod["spec"]), pod["metadata"]
    [container] = spec.pop("containers")
    for name in ("restartPolicy", "serviceAccountName", "imagePullSecrets"):
        spec.pop(name, None)
    token = {"name": _NO_TOKEN["name"], "mountPath": _TOKEN, "readOnly": True}
    has_step = kind in ("step", "items")
    container = {
        **container,
        "command": [*container["command"], *(["{{inputs.parameters.step}}", "{{inputs.parameters.item}}"] * has_step)],
        "env": [*container["env"], *({"name": key, "value": text} for key, text in _env(making, options, at_end))],
        "volumeMounts": [*container["volumeMounts"], token],
        # Argo shows it as the reason: the pod writes a sentence, and its last lines are none.
        "terminationMessagePolicy": "File",
    }
    # What a template has no field for is patched into its pods.
    own = {"securityContext": container["securityContext"], "resources": {"requests": _ARGOS_OWN}}
    patch = {
        **{name: spec.pop(name) for name in ("terminationGracePeriodSeconds", "enableServiceLinks") if name in spec},
        "containers": [{"name": "wait", **own}],
        "initContainers": [{"name": "init", **own}],
    }
    template: dict[str, Any] = {
        "metadata": {**meta, "annotations": {**meta.get("annotations", {}), **_marks(has_step)}},
        **spec,
        "volumes": [*spec["volumes"], _NO_TOKEN],
        "container": container,
        "podSpecPatch": json.dumps(patch),
    }
    if has_step:
        template["inputs"] = {"parameters": [{"name": name} for name in ("step", "item", "task")]}
    if kind == "step":
        template.update(_limits(options))
    return template


def _env(making: Making, options: Options, at_end: bool) -> Iterator[tuple[str, str]]:
    yield from _ABOUT_WORKFLOW.items()
    if making.shown:
        yield told.PARAMETERS, "{{workflow.parameters}}"
    if at_end:
        yield from _AT_THE_END.items()
    if options.retries.limit:
        yield told.LAST_TRY, "{{lastRetry.message}}"


def _marks(has_step: bool) -> dict[str, str]:
    """Which task a pod works for: one template makes the pods of many."""
    names = {"step": "step", "task": "task"} if has_step else {}
    return {f"{PREFIX}{key}": f"{{{{inputs.parameters.{name}}}}}" for key, name in names.items()}


def _limits(options: Options) -> dict[str, Any]:
    """Tries and time. The pod keeps to the step's time itself; the deadline is for one that does not."""
    found: dict[str, Any] = {}
    if options.retries.limit:
        found["retryStrategy"] = {
            "limit": options.retries.limit,
            "retryPolicy": "Always",
            **({"backoff": backoff} if (backoff := _backoff(options.retries)) else {}),
        }
    if options.timeout is not None:
        found["activeDeadlineSeconds"] = math.ceil(options.timeout) + 2 * GRACE_S + 60
    return found


def _backoff(retries: Retries) -> dict[str, Any]:
    """Argo waits whole seconds, and takes whole factors."""
    if retries.delay <= 0:
        return {}
    return {
        "duration": str(max(1, round(retries.delay))),
        "factor": max(1, round(retries.backoff)),
        "cap": f"{max(1, math.ceil(retries.max_delay))}s",
    }


def _without_reader(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The spec of a pod without our own command: only what others wrote is looked through."""
    return {**spec, "containers": [{**spec["containers"][0], "command": []}]}
