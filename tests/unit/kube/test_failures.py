from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlops import errors
from jupyter_mlops.kube import failures
from jupyter_mlops.kube.failures import clean, failure_of
from jupyter_mlops.kube.request import Response
from tests.unit.kube.api_double import refusal


def answer(status, body, **headers):
    return Response(status, headers, body if isinstance(body, bytes) else json.dumps(body).encode())


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (400, "BadRequest", failures.Invalid),
        (401, "Unauthorized", failures.Unauthorized),
        (403, "Forbidden", failures.Forbidden),
        (404, "NotFound", failures.Absent),
        (405, "MethodNotAllowed", failures.Absent),
        (409, "AlreadyExists", failures.AlreadyThere),
        (409, "Conflict", failures.Conflict),
        (410, "Expired", failures.Gone),
        (410, "Gone", failures.Gone),
        (422, "Invalid", failures.Invalid),
        (429, "TooManyRequests", failures.TooMany),
        (500, "InternalError", failures.Broken),
        (503, "ServiceUnavailable", failures.Broken),
        (302, "", failures.Invalid),
    ],
)
def test_the_kind_follows_what_the_server_said(status, reason, kind):
    failure = failure_of(answer(status, refusal(status, reason, "because of the rain")), "make it")
    assert type(failure) is kind
    assert str(failure).startswith("The cluster refused to make it: because of the rain.")
    assert isinstance(failure, errors.MlopsError)
    assert failure.status.reason == reason


def test_a_full_quota_is_told_apart_from_a_missing_right():
    said = 'pods "a" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1'
    failure = failure_of(answer(403, refusal(403, "Forbidden", said)), "create a Pod")
    assert type(failure) is failures.QuotaExceeded
    assert "requested: pods=1" in str(failure)


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ('jobs.batch is forbidden: User "x" cannot create resource "jobs"', "target rbac"),
        ('pods "a" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot', "Pod Security"),
        ('admission webhook "x" denied the request', "policy"),
    ],
)
def test_the_hint_of_a_forbidden_thing_fits_its_cause(message, hint):
    assert hint in failure_of(answer(403, refusal(403, "Forbidden", message)), "do it").hint


@pytest.mark.parametrize(
    ("header", "detail", "seconds"),
    [("3", None, 3), (None, 4, 4), ("2", 5, 5), ("soon", None, 0), ("-1", None, 0), (None, 1e9, 300), (None, True, 0)],
)
def test_the_wait_that_the_server_asks_for_is_read_with_care(header, detail, seconds):
    headers = {} if header is None else {"retry-after": header}
    failure = failure_of(answer(429, refusal(429, "TooManyRequests", retryAfterSeconds=detail), **headers), "go")
    assert failure.status.retry_after == seconds


@pytest.mark.parametrize("body", [b"", b"404 page not found\n", b"[]", b'{"kind": 1}', b"\xff\xfe"])
def test_an_answer_without_a_status_object_is_told_too(body):
    assert type(failure_of(answer(404, body), "show it")) is failures.Absent


@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(
                    ["kind", "code", "reason", "message", "details", "causes", "field", "retryAfterSeconds"]
                ),
                x,
            )
        ),
    ),
    status=st.sampled_from([400, 403, 404, 409, 410, 429, 500, 503]),
)
def test_whatever_the_server_says_makes_one_printable_line(body, status):
    if isinstance(body, dict):
        body["kind"] = "Status"
    assert str(failure_of(answer(status, body), "do it")).isprintable()


def test_text_of_others_cannot_move_the_cursor_or_flood_the_screen():
    assert clean("a\x1b[2Jb\nc\r\u202e") == "a [2Jb c"
    assert len(clean("x" * 10_000)) == 2000
    assert clean({"a": 1}) == ""
