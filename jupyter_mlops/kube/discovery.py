"""What a cluster serves and what we may do there, found out by asking, never from version numbers.

Each answer is a `Capability`. That asking was forbidden or did not work makes it unknown, which is not no.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_mlops.errors import MlopsError
from jupyter_mlops.kube.capability import Capability
from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.failures import Absent, Unreachable
from jupyter_mlops.kube.resource import ACCESS_REVIEWS, RULES_REVIEWS, Resource

__all__ = ["Right", "Rights", "Served", "has_field", "may", "rights", "schema_of", "served"]


@dataclass(frozen=True)
class Served:
    """The groups of a cluster with their versions, the preferred one first; `unknown` says why nobody could tell."""

    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unknown: str = ""

    def find(self, kube: Kube, group: str, kind: str, *, name: str = "") -> tuple[Resource | None, Capability]:
        """How a kind is served here, and whether; asks once for each version until one has it."""
        name = name or kind
        if self.unknown:
            return None, Capability(name, unknown=self.unknown)
        for version in self.groups.get(group, ()):
            try:
                found = _resource(kube.read(f"/apis/{group}/{version}"), group, version, kind)
            except Absent:
                continue
            except MlopsError as failure:
                return None, Capability(name, unknown=failure.message)
            if found is not None:
                return found, Capability(name)
        return None, Capability(name, missing=f"the cluster has no {kind} of {group}")


@dataclass(frozen=True)
class Right:
    """Something to do with a kind: `verb` is one of the API's words; `part` is such as `log`."""

    verb: str
    resource: Resource
    part: str = ""

    @property
    def plural(self) -> str:
        """As rules name it."""
        return f"{self.resource.plural}/{self.part}" if self.part else self.resource.plural

    def __str__(self) -> str:
        group = f".{self.resource.group}" if self.resource.group else ""
        return f"{self.verb} {self.resource.plural}{group}" + (f"/{self.part}" if self.part else "")


@dataclass(frozen=True)
class Rights:
    """What we may do in one namespace. `complete` is False when the server said that there may be more."""

    rules: tuple[Mapping[str, Any], ...] = ()
    complete: bool = False
    unknown: str = ""

    def allows(self, right: Right) -> bool | None:
        """Whether; None when nobody could tell. Rules for single names do not count."""
        if any(_covers(rule, right) for rule in self.rules):
            return True
        return False if self.complete and not self.unknown else None


def served(kube: Kube) -> Served:
    """The groups that the cluster serves; one request. Raises only when the cluster does not answer."""
    try:
        found = kube.read("/apis").get("groups")
    except Unreachable:
        raise
    except MlopsError as failure:
        return Served(unknown=failure.message)
    groups: dict[str, tuple[str, ...]] = {}
    for item in found if isinstance(found, list) else ():
        if isinstance(item, dict) and isinstance(item.get("name"), str):
            groups[item["name"]] = _versions(item)
    return Served(groups)


def rights(kube: Kube) -> Rights:
    """The rules that hold for us in the namespace; one request. Raises only when the cluster does not answer."""
    try:
        status = kube.review(RULES_REVIEWS, {"namespace": kube.namespace})
    except Unreachable:
        raise
    except MlopsError as failure:
        return Rights(unknown=failure.message)
    rules = status.get("resourceRules")
    found = tuple(rule for rule in rules if isinstance(rule, dict)) if isinstance(rules, list) else ()
    return Rights(found, complete=status.get("incomplete") is not True)


def may(kube: Kube, known: Rights, name: str, needed: Iterable[Right]) -> Capability:
    """Whether we have all these rights: from the rules, and where they leave it open, by asking for each."""
    missing, unknown = [], []
    for right in needed:
        allowed = known.allows(right)
        if allowed is None:
            allowed = _asked(kube, right)
        if allowed is None:
            unknown.append(str(right))
        elif not allowed:
            missing.append(str(right))
    if missing:
        return Capability(name, missing=f"in the namespace {kube.namespace} you may not {', '.join(missing)}")
    if unknown:
        return Capability(name, unknown=f"the cluster does not say whether you may {', '.join(unknown)}")
    return Capability(name)


def schema_of(kube: Kube, resource: Resource) -> Mapping[str, Any] | None:
    """The fields of a kind as the cluster documents them (OpenAPI v3), references resolved only at the top.

    None when it does not document that kind, or does not let us see it.
    """
    root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    try:
        document = kube.read(f"/openapi/v3{root}")
    except Unreachable:
        raise
    except MlopsError:
        return None
    schemas = _mapping(_mapping(document.get("components")).get("schemas"))
    for schema in schemas.values():
        if _is_of(schema, resource):
            return {**schema, "components": schemas}
    return None


def has_field(schema: Mapping[str, Any], path: str) -> bool:
    """Whether a schema of `schema_of` has a field such as `spec.template.spec.replicatedJobs[].name`."""
    schemas, here = _mapping(schema.get("components")), schema
    for step in path.split("."):
        name, is_list = (step[:-2], True) if step.endswith("[]") else (step, False)
        here = _resolved(_mapping(_mapping(_resolved(here, schemas).get("properties")).get(name)), schemas)
        if not here:
            return False
        if is_list:
            here = _resolved(_mapping(here.get("items")), schemas)
    return True


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference points to; `allOf` of one reference is how the server writes one with a description."""
    for _ in range(8):
        every = schema.get("allOf")
        if isinstance(every, list) and len(every) == 1:
            schema = _mapping(every[0])
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            break
        schema = _mapping(schemas.get(reference.rpartition("/")[2]))
    return schema


def _is_of(schema: object, resource: Resource) -> bool:
    kinds = _mapping(schema).get("x-kubernetes-group-version-kind")
    wanted = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    return isinstance(kinds, list) and wanted in kinds


def _asked(kube: Kube, right: Right) -> bool | None:
    resource = right.resource
    attributes = {"verb": right.verb, "group": resource.group, "resource": resource.plural}
    if resource.namespaced:
        attributes["namespace"] = kube.namespace
    if right.part:
        attributes["subresource"] = right.part
    try:
        status = kube.review(ACCESS_REVIEWS, {"resourceAttributes": attributes})
    except Unreachable:
        raise
    except MlopsError:
        return None
    allowed = status.get("allowed")
    if allowed is not True and status.get("evaluationError"):
        return None
    return allowed if isinstance(allowed, bool) else None


def _covers(rule: Mapping[str, Any], right: Right) -> bool:
    if rule.get("resourceNames"):
        return False
    pairs = (("verbs", right.verb), ("apiGroups", right.resource.group))
    plain = all({"*", value}.intersection(_texts(rule.get(name))) for name, value in pairs)
    any_part = {f"*/{right.part}"} if right.part else set()
    return plain and bool({"*", right.plural, *any_part}.intersection(_texts(rule.get("resources"))))


def _resource(found: Mapping[str, Any], group: str, version: str, kind: str) -> Resource | None:
    resources = found.get("resources")
    for item in resources if isinstance(resources, list) else ():
        name = item.get("name") if isinstance(item, dict) else None
        if isinstance(name, str) and "/" not in name and item.get("kind") == kind:
            return Resource(group, version, name, kind, namespaced=item.get("namespaced") is True)
    return None


def _versions(group: Mapping[str, Any]) -> tuple[str, ...]:
    listed = group.get("versions")
    found = [_mapping(item).get("version") for item in listed] if isinstance(listed, list) else []
    preferred = _mapping(group.get("preferredVersion")).get("version")
    names = [name for name in found if isinstance(name, str)]
    return tuple(sorted(names, key=lambda name: name != preferred))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> set[str]:
    return {item for item in value if isinstance(item, str)} if isinstance(value, list) else set()
