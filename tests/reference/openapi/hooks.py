"""Constraints of the SMS API that JSON Schema cannot express, so that valid requests are generated."""

import uuid
from datetime import datetime, timedelta, timezone

import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

msisdn = st.builds(
    lambda prefix, digits: prefix + digits,
    st.sampled_from(["", "+", "00"]),
    st.from_regex(r"\A[1-9][0-9]{6,14}\Z"),
)
short_code = st.from_regex(r"\A[0-9]{3,8}\Z")
group_id = st.from_regex(r"\A[A-Z][A-Za-z0-9_]{7,25}\Z")
sender_name = st.from_regex(r"\A[A-Za-z][A-Za-z0-9 .]{0,10}\Z")


def timestamps():
    """Valid timestamps in the format of the API."""
    moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1))
    forms = st.sampled_from(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%f+01:00"])
    return st.builds(datetime.strftime, moments, forms)


#: Size of a binary SMS in bytes, including its header.
MAX_BINARY_BYTES = 140


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes the members of a valid body consistent with each other, and its key a new one."""
    if case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    if "Idempotency-Key" in (case.headers or {}):
        case.headers["Idempotency-Key"] = str(uuid.uuid4())  # a used one is 422 with another body
    if not isinstance(case.body, dict):
        return
    body = dict(case.body)
    expire_after_sending(body)
    shorten_binary(body)
    name_recipients(body)
    case.body = body


def expire_after_sending(body):
    """`expire_at` is in the future, after `send_at`, and at most three days later."""
    if not body.get("expire_at"):
        return
    now = datetime.now(timezone.utc)
    sent = now
    if body.get("send_at"):
        sent = max(now, datetime.fromisoformat(body["send_at"]).replace(tzinfo=timezone.utc))
    body["expire_at"] = (sent + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")


def shorten_binary(body):
    """Body and header of a binary message fit into one SMS."""
    if "udh" not in body or not isinstance(body.get("body"), str):
        return
    body["udh"] = body["udh"][: MAX_BINARY_BYTES]
    body["body"] = body["body"][: MAX_BINARY_BYTES // 2 // 3 * 4]


def name_recipients(body):
    """The keys of a parameter are phone numbers, or `default`."""
    if isinstance(body.get("parameters"), dict):
        body["parameters"] = {
            name: {"default": value for value in values.values()}
            for name, values in body["parameters"].items()
        }


schemathesis.openapi.format("msisdn", msisdn)
schemathesis.openapi.format("msisdn-or-group-id", st.one_of(msisdn, group_id))
schemathesis.openapi.format("number-or-short-code", st.one_of(msisdn, short_code))
schemathesis.openapi.format("sender", st.one_of(msisdn, short_code, sender_name))
schemathesis.openapi.format("timestamp", timestamps())
