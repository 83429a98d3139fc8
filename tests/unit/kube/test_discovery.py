from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops.kube.client import Kube
from jupyter_mlops.kube.discovery import Right, Rights, has_field, may, rights, schema_of, served
from jupyter_mlops.kube.failures import Unreachable
from jupyter_mlops.kube.resource import JOBS, PODS, STORAGE_CLASSES, Resource
from tests.unit.kube.api_double import refusal
from tests.unit.kube.fake import FakeTransport

GROUPS = {
    "groups": [
        {
            "name": "trainer.test",
            "versions": [{"version": "v1alpha1"}, {"version": "v1"}],
            "preferredVersion": {"version": "v1"},
        },
        {"name": "batch", "versions": [{"version": "v1"}]},
        {"name": 3},
        None,
    ]
}
KINDS = {
    "/apis/trainer.test/v1alpha1": {
        "resources": [
            {"name": "trainjobs/status", "kind": "TrainJob", "namespaced": True},
            {"name": "trainjobs", "kind": "TrainJob", "namespaced": True},
        ]
    },
    "/apis/trainer.test/v1": {"resources": [{"name": "others", "kind": "Other"}, None, {}]},
}


def client(answers):
    def answer(request):
        found = answers(request) if callable(answers) else answers.get(request.path, (404, refusal(404, "NotFound")))
        return found if isinstance(found, tuple) else (200, found)

    return Kube(FakeTransport(answer), "here")


FORBIDDEN = (403, refusal(403, "Forbidden", "no"))


class TestServed:
    def test_the_preferred_version_comes_first(self):
        assert served(client({"/apis": GROUPS})).groups == {"trainer.test": ("v1", "v1alpha1"), "batch": ("v1",)}

    def test_a_kind_is_found_in_whatever_version_has_it(self):
        kube = client({"/apis": GROUPS, **KINDS})
        found, capability = served(kube).find(kube, "trainer.test", "TrainJob", name="training operator")
        assert found == Resource("trainer.test", "v1alpha1", "trainjobs", "TrainJob")
        assert (capability.name, capability.answer) == ("training operator", "yes")

    @pytest.mark.parametrize(("group", "kind"), [("trainer.test", "Nope"), ("kserve.test", "InferenceService")])
    def test_a_kind_that_is_not_there_is_missing_with_a_reason(self, group, kind):
        kube = client({"/apis": GROUPS, **KINDS})
        found, capability = served(kube).find(kube, group, kind)
        assert (found, capability.answer) == (None, "no")
        assert capability.missing == f"the cluster has no {kind} of {group}"

    def test_what_may_not_be_seen_is_unknown(self):
        kube = client({"/apis": FORBIDDEN})
        assert served(kube).find(kube, "a", "B")[1].answer == "unknown"
        kube = client({"/apis": GROUPS, "/apis/batch/v1": FORBIDDEN})
        assert served(kube).find(kube, "batch", "Job")[1].answer == "unknown"

    def test_a_cluster_that_does_not_answer_is_no_unknown(self):
        def gone(_):
            raise Unreachable("gone")

        for ask in (served, rights, lambda kube: schema_of(kube, JOBS), lambda kube: may(kube, Rights(), "x", NEEDED)):
            with pytest.raises(Unreachable):
                ask(client(gone))


NEEDED = [Right("create", JOBS), Right("get", PODS, "log")]


def rules(*items, incomplete=False):
    return {"status": {"resourceRules": list(items), "incomplete": incomplete}}


def rule(verbs, groups, resources, **more):
    return {"verbs": verbs, "apiGroups": groups, "resources": resources, **more}


class TestRights:
    @pytest.mark.parametrize(
        ("found", "answer"),
        [
            ([rule(["*"], ["*"], ["*"])], "yes"),
            ([rule(["create"], ["batch"], ["jobs"]), rule(["get"], [""], ["pods/log"])], "yes"),
            ([rule(["create"], ["batch"], ["*"]), rule(["get"], [""], ["*/log"])], "yes"),
            ([rule(["create"], ["batch"], ["jobs"]), rule(["get"], [""], ["pods"])], "no"),
            ([rule(["create"], [""], ["jobs", "pods/log"]), rule(["get"], ["batch"], ["jobs", "pods/log"])], "no"),
            ([rule(["create"], ["batch"], ["jobs"], resourceNames=["a"]), rule(["get"], [""], ["pods/log"])], "no"),
            ([], "no"),
            ([None, 3, {}, rule(None, {}, "jobs")], "no"),
        ],
    )
    def test_rules_say_what_we_may(self, found, answer):
        kube = client(lambda _: rules(*found))
        known = rights(kube)
        assert may(kube, known, "run", NEEDED).answer == answer
        assert len(kube.transport.asked) == 1

    def test_what_is_missing_is_named(self):
        kube = client(lambda _: rules(rule(["create"], ["batch"], ["jobs"])))
        found = may(kube, rights(kube), "run", NEEDED)
        assert found.missing == "in the namespace here you may not get pods/log"

    def test_incomplete_rules_are_completed_by_asking(self):
        def answer(request):
            if "rules" in request.path:
                return rules(incomplete=True)
            wanted = request.body["spec"]["resourceAttributes"]
            return {"status": {"allowed": wanted.get("subresource") == "log"}}

        kube = client(answer)
        assert may(kube, rights(kube), "run", NEEDED).missing == "in the namespace here you may not create jobs.batch"
        assert kube.transport.asked[-1].body["spec"]["resourceAttributes"] == {
            "verb": "get",
            "group": "",
            "resource": "pods",
            "subresource": "log",
            "namespace": "here",
        }

    @pytest.mark.parametrize(
        "answer",
        [
            FORBIDDEN,
            (404, b"404 page not found"),
            {},
            {"status": {"allowed": False, "evaluationError": "webhook down"}},
        ],
        ids=["forbidden", "not served", "nothing", "an error"],
    )
    def test_what_nobody_tells_is_unknown_and_not_no(self, answer):
        found = may(client(lambda _: answer), Rights(unknown="forbidden"), "run", [Right("get", STORAGE_CLASSES)])
        assert (found.answer, found.available) == ("unknown", True)
        assert "get storageclasses.storage.k8s.io" in found.unknown

    def test_a_right_for_the_whole_cluster_is_asked_without_a_namespace(self):
        kube = client(lambda _: {"status": {"allowed": True}})
        assert may(kube, Rights(), "x", [Right("list", STORAGE_CLASSES)]).answer == "yes"
        assert "namespace" not in kube.transport.asked[0].body["spec"]["resourceAttributes"]

    def test_a_review_that_is_forbidden_is_unknown(self):
        found = rights(client(lambda _: FORBIDDEN))
        assert found.unknown
        assert found.allows(NEEDED[0]) is None


SCHEMAS = {
    "components": {
        "schemas": {
            "io.Job": {
                "x-kubernetes-group-version-kind": [{"group": "batch", "version": "v1", "kind": "Job"}],
                "properties": {"spec": {"allOf": [{"$ref": "#/components/schemas/io.Spec"}]}},
            },
            "io.Spec": {
                "properties": {
                    "parallelism": {"type": "integer"},
                    "containers": {"type": "array", "items": {"allOf": [{"$ref": "#/components/schemas/io.C"}]}},
                    "loop": {"$ref": "#/components/schemas/io.Loop"},
                }
            },
            "io.C": {"properties": {"image": {"type": "string"}}},
            "io.Loop": {"$ref": "#/components/schemas/io.Loop"},
        }
    }
}


class TestSchema:
    @pytest.mark.parametrize(
        ("path", "there"),
        [
            ("spec", True),
            ("spec.parallelism", True),
            ("spec.containers[].image", True),
            ("spec.containers.image", False),
            ("spec.containers[].command", False),
            ("spec.suspend", False),
            ("status", False),
            ("spec.loop.deeper", False),
        ],
    )
    def test_fields_are_found_through_references(self, path, there):
        schema = schema_of(client({"/openapi/v3/apis/batch/v1": SCHEMAS}), JOBS)
        assert schema is not None
        assert has_field(schema, path) is there

    def test_a_kind_without_a_document_has_none(self):
        assert schema_of(client({"/openapi/v3/apis/batch/v1": SCHEMAS}), PODS) is None
        assert schema_of(client({"/openapi/v3/api/v1": FORBIDDEN}), PODS) is None
        assert schema_of(client({"/openapi/v3/api/v1": SCHEMAS}), PODS) is None


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just("batch"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "groups name versions version preferredVersion resources kind status resourceRules verbs apiGroups "
                "incomplete allowed components schemas properties items allOf $ref spec".split()
            ),
            inner,
            max_size=5,
        )
    ),
)


@given(answer=JUNK)
def test_whatever_a_server_answers_it_is_read_with_care(answer):
    if not isinstance(answer, dict):
        answer = {"groups": answer, "status": answer, "components": answer, "resources": answer}
    kube = client(lambda _: answer)
    served(kube).find(kube, "batch", "Job")
    may(kube, rights(kube), "x", NEEDED)
    schema_of(kube, JOBS)
    has_field(answer, "spec.items[].kind")
