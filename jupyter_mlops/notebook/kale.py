"""Kale's annotations: tags of cells, settings of the notebook, and those from before 2.0 (`block:`, `docker_image`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from jupyter_mlops.notebook.cells import Cell
from jupyter_mlops.notebook.step_options import clean_options

# The second spelling is the one in Kale's own documentation.
NOTEBOOK_KEYS = ("kubeflow_notebook", "kubeflow_noteobok")
METRICS_STEP = "pipeline_metrics"

_ROLES: Mapping[str, Literal["setup", "parameters", "skip"]] = {
    "skip": "skip",
    "imports": "setup",
    "functions": "setup",
    "pipeline-parameters": "parameters",
}
_STEP_PREFIXES = ("step:", "block:", "prev:", "notebook:")
_OPTION_PREFIXES = ("limit:", "label:", "annotation:", "image:", "secret:", "cache:", "report:")


@dataclass(frozen=True)
class KaleCell:
    """What Kale's tags say about a cell. `notes` are what has no counterpart, `wrong` what cannot be read."""

    role: Literal["step", "setup", "parameters", "skip"]
    step: str = ""
    after: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True)
class KaleNotebook:
    """Kale's settings of a notebook, as our pipeline's. `notes` are what has no counterpart."""

    pipeline: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def read_cell(cell: Cell) -> KaleCell | None:
    """What Kale's tags say about the cell; None if it has none of them. Special cells win over all other tags."""
    tags = [tag.strip() for tag in cell.tags]
    for tag in tags:
        if tag in _ROLES:
            return KaleCell(_ROLES[tag])
    if "pipeline-metrics" in tags:
        return KaleCell("step", METRICS_STEP, notes=(_METRICS_NOTE,))
    step = next((tag.partition(":")[2] for tag in tags if tag.startswith(("step:", "block:"))), "")
    if not step and not any(tag.startswith(("step:", "block:", "notebook:")) for tag in tags):
        return None
    options, notes, wrong = read_options([tag for tag in tags if tag.startswith(_OPTION_PREFIXES)])
    after = tuple(dict.fromkeys(tag.partition(":")[2] for tag in tags if tag.startswith("prev:") and tag != "prev:"))
    return KaleCell("step", step, after, options, tuple(notes), tuple(wrong))


def is_kale_tag(tag: str) -> bool:
    """Whether the tag is one of Kale's."""
    return tag in (*_ROLES, "pipeline-metrics") or tag.startswith((*_STEP_PREFIXES, *_OPTION_PREFIXES))


def read_options(tags: list[str]) -> tuple[dict[str, Any], list[str], list[str]]:
    """Options of tags such as `limit:nvidia.com/gpu:1`; notes on what is dropped; what is wrong."""
    options: dict[str, Any] = {}
    notes: list[str] = []
    wrong: list[str] = []
    for tag in tags:
        kind, _, rest = tag.partition(":")
        key, colon, value = rest.partition(":")
        if kind == "image" and rest:
            options["image"] = rest
        elif kind == "cache" and rest in ("enabled", "disabled"):
            options["cache"] = rest == "enabled"
        elif kind == "report":
            notes.append(f"{tag}: every task keeps its executed notebook, which is the report.")
        elif kind == "secret" and rest.count(":") == 2:
            options.setdefault("secrets", []).append(rest)
        elif kind in ("label", "annotation") and colon:
            options.setdefault(f"{kind}s", {})[key] = value
        elif kind == "limit" and colon and (limit := _limit(key)):
            options[limit] = value
        elif kind == "limit" and colon:
            notes.append(f"{tag}: there is no option for the resource {key}.")
        else:
            wrong.append(f"Kale's tag {tag!r} cannot be read.")
    cleaned, problems = clean_options(options)
    return cleaned, notes, wrong + [f"Kale's tag for {name}: {why}." for name, why in problems.items()]


def read_notebook(metadata: Mapping[str, Any]) -> KaleNotebook:
    """Kale's settings in the notebook's metadata."""
    settings: Mapping[str, Any] = next(
        (metadata[key] for key in NOTEBOOK_KEYS if isinstance(metadata.get(key), dict)), {}
    )
    pipeline: dict[str, Any] = {}
    for theirs, ours in _SETTINGS.items():
        if isinstance(settings.get(theirs), str) and settings[theirs].strip():
            pipeline.setdefault(ours, settings[theirs])
    notes: list[str] = []
    defaults = _defaults(settings, notes)
    if defaults:
        pipeline["defaults"] = defaults
    known = {*_SETTINGS, *_DEFAULTS, "steps_defaults", "volumes", *_DROPPED}
    for key, value in settings.items():
        if key in _DROPPED and value not in (None, "", False, [], {}):
            notes.append(f"{key}: {_DROPPED[key]}")
        elif key not in known and not key.startswith("katib"):
            notes.append(f"{key}: unknown, left as it is.")
    if any(key.startswith("katib") and value for key, value in settings.items()):
        notes.append("katib settings: use `jupyter mlops sweep`.")
    return KaleNotebook(pipeline, tuple(notes))


_METRICS_NOTE = (
    "pipeline-metrics: printed values are no metrics here; log them: `mlops.log_metric('accuracy', accuracy)`."
)
_SETTINGS = {
    "pipeline_name": "name",
    "experiment_name": "experiment",
    "description": "description",
    "pipeline_description": "description",
}
_DEFAULTS = ("base_image", "docker_image", "enable_caching", "timeout")
_DROPPED = {
    "autosnapshot": "volumes are not snapshotted; artifacts of every task are kept by content.",
    "snapshot_volumes": "volumes are not snapshotted; artifacts of every task are kept by content.",
    "experiment": "taken from experiment_name.",
    "kfp_host": "give it to the target: `jupyter mlops run --target kfp`.",
    "security_context": "pods always satisfy the restricted Pod Security standard.",
    "output_path": "give it to `jupyter mlops compile -o`.",
    "abort_pipeline": "there is no such setting.",
    "marshal_volume": "values are handed over through the artifact store.",
    "marshal_path": "values are handed over through the artifact store.",
    "storage_class_name": "set on the target.",
    "volume_access_mode": "set on the target.",
}


def _limit(resource: str) -> str:
    if resource in ("cpu", "memory"):
        return resource
    return "gpu" if resource.rpartition("/")[2] == "gpu" else ""


def _defaults(settings: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    tags = settings.get("steps_defaults")
    options: dict[str, Any] = {}
    if isinstance(tags, list):
        options, more, wrong = read_options([str(tag) for tag in tags])
        notes += [*more, *wrong]
    image = settings.get("base_image") or settings.get("docker_image")
    if isinstance(image, str) and image.strip():
        options.setdefault("image", image)
    if isinstance(settings.get("enable_caching"), bool):
        options.setdefault("cache", settings["enable_caching"])
    if settings.get("timeout"):
        options.setdefault("timeout", settings["timeout"])
    volumes = _volumes(settings.get("volumes"), notes)
    if volumes:
        options.setdefault("volumes", volumes)
    cleaned, problems = clean_options(options)
    notes += [f"{name}: {why}." for name, why in problems.items()]
    return cleaned


def _volumes(volumes: Any, notes: list[str]) -> list[dict[str, str]]:
    """Existing claims are mounted; Kale can also make new ones, which nothing here does."""
    found: list[dict[str, str]] = []
    for item in volumes if isinstance(volumes, list) else []:
        name = item.get("name") if isinstance(item, dict) else None
        path = item.get("mount_point") if isinstance(item, dict) else None
        if name and path and item.get("type", "pvc") == "pvc":
            found.append({"claim": str(name), "path": str(path)})
        else:
            kind = item.get("type") if isinstance(item, dict) else item
            notes.append(f"volume {name or '?'} of type {kind}: create the claim, then use it as an existing one.")
    return found
