"""What schemathesis cannot know: who may call what, what there is, and what must not be reached from a test.

Each request gets the credential its call needs, or in one of eight a wrong one; names of what exists stand in for most of the invented
ones, so that requests get beyond "not found". Everything is drawn from the request itself and the seed, so a run can be repeated.
"""

import json
import os
import random

import schemathesis
from schemathesis import GenerationMode

STAGE = json.loads(os.environ["UPCUE_FUZZ_STAGE"])
CREDENTIALS = STAGE["credentials"]
THINGS = STAGE["things"]
NOBODY = "http://127.0.0.1:9/"

# What is needed, by the names of the document's credentials. A page's calls take either.
NEEDED = {
    "user_token": ["admin", "member"],
    "secret_key": ["key"],
    "operator_key": ["operator"],
}
# These would take away what the other calls stand on: they are made to an app of their own.
APART = {"publishConfig", "rollBackConfig", "updateApp", "addKey", "revokeKey", "tryMailProvider"}


def chance(case):
    """Randomness that is the same for the same request of the same seed."""
    return random.Random(f"{STAGE['seed']} {case.method} {case.path} {case.path_parameters} {case.query} {case.headers} {case.body!r}"[:4_000])


@schemathesis.hook
def before_call(context, case, kwargs):
    drawn = chance(case)
    operation = case.operation.definition.raw
    name = operation["operationId"]
    apart = name in APART
    authorise(case, operation, drawn, apart)
    if case.meta is None or case.meta.generation.mode == GenerationMode.POSITIVE:
        point(case, name, drawn)
    if "app" in (case.path_parameters or {}) and apart:
        case.path_parameters["app"] = "apart"
    case.body = harmless(name, case.body, drawn)


def authorise(case, operation, drawn, apart):
    schemes = [scheme for choice in operation.get("security", []) for scheme in choice]
    wanted = [who for scheme in schemes for who in NEEDED.get(scheme, [])]
    if not wanted and drawn.random() < 0.9:
        return
    who = drawn.choice(wanted) if wanted and drawn.random() < 0.875 else drawn.choice(list(CREDENTIALS))
    if apart and who == "key":
        who = "apart"
    if CREDENTIALS[who] is not None:
        case.headers["Authorization"] = f"Bearer {CREDENTIALS[who]}"
    if who in ("key", "apart") and "user_token" in schemes and drawn.random() < 0.8:
        case.query["tenant"] = "acme"
    if name_of(case) in ("publishConfig", "rollBackConfig") and drawn.random() < 0.7:
        case.headers["If-Match"] = "*"


def point(case, name, drawn):
    """Names what exists. What is wrong on purpose stays as it is."""
    for part in list(case.path_parameters or {}):
        known = THINGS.get(part)
        if known and drawn.random() < 0.7:
            case.path_parameters[part] = drawn.choice(known)
    for part in ("customer", "plan"):
        if isinstance(case.body, dict) and isinstance(case.body.get(part), str) and drawn.random() < 0.5:
            case.body[part] = drawn.choice(THINGS[part])
    if name == "confirmUpgrade" and isinstance(case.body, dict) and drawn.random() < 0.5:
        case.body["quote"] = STAGE["quote"]
    if name == "sendEvents" and isinstance(case.body, dict) and drawn.random() < 0.8:
        case.body["tenant"] = drawn.choice(THINGS["tenant"])
        for event in case.body.get("events") or []:
            if isinstance(event, dict) and "meter" in event:
                event["meter"] = drawn.choice(["api_calls", "seats"])
            if isinstance(event, dict) and "campaign" in event:
                event["campaign"] = "api_quota"


def harmless(name, body, drawn):
    """Nothing may be sent beyond this machine: no mail server, no webhook."""
    if not isinstance(body, dict):
        return body
    if name in ("addEndpoint", "changeEndpoint") and isinstance(body.get("url"), str) and drawn.random() < 0.8:
        return {**body, "url": NOBODY}
    if name in ("createApp", "updateApp"):
        body = {key: value for key, value in body.items() if key not in ("email", "stripe")}
        if drawn.random() < 0.3:
            body["email"] = {"provider": "log"}
    return body


def name_of(case):
    return case.operation.definition.raw["operationId"]
