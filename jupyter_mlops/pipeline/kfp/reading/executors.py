"""How a component runs: a Python function, a command of an image, an import; and its options."""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from jupyter_mlops.errors import Refused, Usage
from jupyter_mlops.pipeline.kfp.executors import MOUNT, RUNTIME
from jupyter_mlops.pipeline.kfp.reading.document import Document
from jupyter_mlops.pipeline.model import Options, Retries, Secret, Volume

_EXECUTOR_MAIN = "kfp.dsl.executor_main"
_WITH_VALUE = ("--index-url", "--extra-index-url", "--trusted-host", "-i", "--target")
_RUNS_NOTEBOOKS = re.compile(r"^(nbclient|ipykernel|jupyter_client)\b.*$", re.DOTALL)
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s")
# What kfp-kubernetes can say and steps here can have.
_HONOURED = frozenset("secretAsEnv pvcMount podMetadata activeDeadlineSeconds nodeSelector tolerations".split())
_HONOURED |= frozenset("configMapAsEnv configMapAsVolume secretAsVolume imagePullPolicy".split())


def program(document: Document, label: str, executor: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """What runs, for the plan; and the source of a function ("" if it is none).

    Raises:
        Refused: a kind of executor that is not known.
    """
    if "importer" in executor:
        importer = executor["importer"]
        made = {"kind": "importer", "uri": dict(importer.get("artifactUri") or {})}
        return {
            **made,
            "type": dict(importer.get("typeSchema") or {}),
            "metadata": dict(importer.get("metadata") or {}),
        }, ""
    container = executor.get("container")
    if not isinstance(container, Mapping):
        raise Refused(f"The executor {label!r} is neither a container nor an importer.", hint="Is it of a newer KFP?")
    command, args = _words(container, "command", label), _words(container, "args", label)
    own = {"image": str(container.get("image", "")), "command": command, "args": args}
    if command[1:] == [f"{MOUNT}/{RUNTIME}", "kfp"] and len(args) == 4:
        if not document.steps:
            raise Usage(
                "The file's steps are in the ConfigMap that was written beside it, and that is not here.",
                hint="Keep NAME.code.yaml beside NAME.yaml; `jupyter mlops compile --target kfp` writes both.",
            )
        return {"kind": "step", **own, "steps": base64.b64encode(document.steps).decode()}, ""
    if any(isinstance(word, str) and _EXECUTOR_MAIN in word for word in command) and "--function_to_execute" in args:
        place = args.index("--function_to_execute")
        if place + 1 < len(args) and isinstance(command[-1], str) and str(args[place + 1]).isidentifier():
            packages, urls = _packages(word for word in command[:-1] if isinstance(word, str))
            if "__KFP_NOTEBOOK_REL_PATH" in command[-1]:  # any version runs a notebook; KFP's own pins are narrow
                packages = [_RUNS_NOTEBOOKS.sub(r"\1", package) for package in packages]
            asked = {"packages": packages, "index_urls": urls, "function": args[place + 1]}
            return {"kind": "python", "image": own["image"], **asked}, command[-1].strip("\n") + "\n"
    return {"kind": "command", **own}, ""


def _words(container: Mapping[str, Any], key: str, label: str) -> list[Any]:
    found = container.get(key) or []
    if not isinstance(found, list) or not all(isinstance(word, (str, int, float, dict)) for word in found):
        raise Usage(f"The {key} of {label!r} is no list of words.")
    return list(found)


def _packages(words: Iterable[str]) -> tuple[list[str], list[str]]:
    """What the component installs before it runs, kfp itself left out; and from which indexes."""
    packages: list[str] = []
    urls: list[str] = []
    for word in words:
        for part in re.split(r"&&|\n", word):
            if "pip install" not in part:
                continue
            found, indexes = _one_install(part)
            if any(re.match(r"kfp([=<>~!\[ @]|$)", item) for item in found):
                continue
            packages += [item for item in found if item not in packages]
            urls += [url for url in indexes if url not in urls]
    return packages, urls


def _one_install(text: str) -> tuple[list[str], list[str]]:
    try:
        words = shlex.split(text.replace('"$0" "$@"', ""))
    except ValueError as error:
        raise Refused(f"The packages that a component installs cannot be read: {text.strip()[:200]!r}.") from error
    packages, urls, skip = [], [], ""
    for word in words[words.index("install") + 1 :] if "install" in words else ():
        if skip:
            urls += [word] if "index-url" in skip or skip == "-i" else []
            skip = ""
        elif word in _WITH_VALUE:
            skip = word
        elif not word.startswith("-"):
            packages.append(word)
    return packages, urls


def options(
    document: Document, label: str, executor: Mapping[str, Any], task: Mapping[str, Any], *, cache: bool
) -> tuple[Options, dict[str, Any]]:
    """The options of a step, and what only Kubernetes knows of them.

    Raises:
        Refused: a setting that cannot be honoured.
    """
    container = executor.get("container") or {}
    platform = document.kubernetes.get(label) or {}
    unknown = sorted(set(platform) - _HONOURED)
    own_steps = any(item.get("mountPath") == MOUNT for item in platform.get("configMapAsVolume") or ())
    if unknown:
        raise Refused(f"The executor {label!r} asks for {', '.join(unknown)}, which steps here cannot have.")
    metadata = platform.get("podMetadata") or {}
    deadline = platform.get("activeDeadlineSeconds")
    more = {
        key: platform[key]
        for key in ("nodeSelector", "tolerations", "configMapAsEnv", "secretAsVolume")
        if key in platform
    }
    volumes = [item for item in platform.get("configMapAsVolume") or () if item.get("mountPath") != MOUNT]
    if volumes:
        more["configMapAsVolume"] = volumes
    made = Options(
        **_resources(container.get("resources") or {}, label),
        image=None if own_steps and not container.get("image") else container.get("image") or None,
        retries=_retries(task.get("retryPolicy") or {}),
        timeout=float(deadline) if deadline else None,
        cache=cache and bool((task.get("cachingOptions") or {}).get("enableCache")),
        env={str(item["name"]): str(item.get("value", "")) for item in container.get("env") or ()},
        secrets=tuple(_secrets(platform.get("secretAsEnv") or (), label)),
        volumes=tuple(_claim(item, label) for item in platform.get("pvcMount") or ()),
        labels=dict(metadata.get("labels") or {}),
        annotations=dict(metadata.get("annotations") or {}),
    )
    return made, more


def _resources(asked: Mapping[str, Any], label: str) -> dict[str, Any]:
    for value in asked.values():
        if "{{" in str(value):
            raise Refused(f"{label!r} takes its resources from a parameter.", hint="Set them as fixed amounts.")
    made: dict[str, Any] = {}
    cpu = (
        asked.get("resourceCpuLimit")
        or asked.get("resourceCpuRequest")
        or asked.get("cpuLimit")
        or asked.get("cpuRequest")
    )
    memory = asked.get("resourceMemoryLimit") or asked.get("resourceMemoryRequest")
    gigabytes = asked.get("memoryLimit") or asked.get("memoryRequest")
    if cpu:
        made["cpu"] = _cores(cpu, label)
    if memory or gigabytes:
        made["memory"] = str(memory) if memory else f"{gigabytes:g}G"
    accelerator = asked.get("accelerator") or {}
    count = accelerator.get("resourceCount") or accelerator.get("count")
    if count:
        made["gpu"] = int(count)
    return made


def _cores(text: Any, label: str) -> float:
    try:
        return float(str(text)[:-1]) / 1000 if str(text).endswith("m") else float(text)
    except ValueError:
        raise Usage(f"{text!r} of {label!r} is no number of cores.") from None


def _retries(policy: Mapping[str, Any]) -> Retries:
    if not policy.get("maxRetryCount"):
        return Retries()
    return Retries(
        limit=int(policy["maxRetryCount"]),
        delay=_seconds(policy.get("backoffDuration"), 0.0),
        backoff=max(1.0, float(policy.get("backoffFactor") or 2.0)),
        max_delay=_seconds(policy.get("backoffMaxDuration"), 3600.0),
    )


def _seconds(text: Any, default: float) -> float:
    found = _SECONDS.fullmatch(str(text)) if text else None
    return float(found.group(1)) if found else default


def constant(item: Mapping[str, Any], key: str, what: str) -> str:
    """A name that is known before the run: KFP says it as `KEY` or as `KEYParameter`.

    Raises:
        Refused: it comes from a parameter or a step.
    """
    if item.get(key):
        return str(item[key])
    found = ((item.get(f"{key}Parameter") or {}).get("runtimeValue") or {}).get("constant")
    if not isinstance(found, str):
        raise Refused(f"{what} is named by a parameter or a step.", hint="Name it in the pipeline.")
    return found


def _secrets(items: Iterable[Mapping[str, Any]], label: str) -> Iterable[Secret]:
    for item in items:
        name = constant(item, "secretName", f"A secret of {label!r}")
        for pair in item.get("keyToEnv") or ():
            yield Secret(name, str(pair["secretKey"]), str(pair["envVar"]))


def _claim(item: Mapping[str, Any], label: str) -> Volume:
    found = item.get("constant") or ((item.get("pvcNameParameter") or {}).get("runtimeValue") or {}).get("constant")
    if not isinstance(found, str):
        raise Refused(f"A volume of {label!r} is made by the pipeline.", hint="Name a claim that is there.")
    return Volume(found, str(item.get("mountPath", "")))
