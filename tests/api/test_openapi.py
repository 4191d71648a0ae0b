"""The OpenAPI document: valid, complete, true of what the service really answers, and readable without internet."""

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31

from app.domain.synthetic import synthetic_resident_id, synthetic_uscc
from tests.api.routes import unstarted
from tests.support import JSON, Api, list_operation, person, remove_operation

DOCUMENT: JSON = unstarted().openapi()
OPERATIONS: dict[str, JSON] = {
    f"{method.upper()} {path}": operation
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
}
_ABSOLUTE = re.compile(r"(?:src|href|url)\s*[=:]\s*['\"]?\s*((?:https?:)?//[^'\"\s>]+)", re.IGNORECASE)
_LOADED = re.compile(r"""(?:src|href)=["']([^"']+)["']""")

# Where it is not 200 alone.
SUCCESSES = {
    "POST /v1/pushes": {"200", "201", "202"},
    "POST /v1/webhooks": {"201"},
    "POST /v1/webhooks/{webhook_id}/test": {"202"},
    "POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay": {"202"},
}


def everything(value: Any) -> Iterator[JSON]:
    """Walk through every object of a document."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from everything(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from everything(inner)


def validator(schema: JSON) -> Any:
    """Return what checks values against a schema of the document, formats included."""
    return jsonschema_rs.Draft202012Validator(
        {**schema, "components": DOCUMENT["components"]}, validate_formats=True, ignore_unknown_formats=False
    )


def examples_of(content: JSON) -> list[Any]:
    """Return the examples of a media type."""
    values = [one["value"] for one in content.get("examples", {}).values()]
    return values + ([content["example"]] if "example" in content else [])


def conforms(response: httpx.Response, name: str) -> JSON:
    """Check a real response against what the document says of its status, and return its body."""
    described = OPERATIONS[name]["responses"].get(str(response.status_code))
    assert described is not None, f"{name} answers {response.status_code}, which is not documented: {response.text}"
    media_type = response.headers["Content-Type"].partition(";")[0]
    assert media_type in described["content"]
    body: JSON = response.json()
    validator(described["content"][media_type]["schema"]).validate(body)
    return body


def test_the_document_is_valid_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    jsonschema_rs.Draft202012Validator(OPENAPI_31).validate(DOCUMENT)


def test_every_schema_is_valid_json_schema() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}), name


def test_every_reference_leads_somewhere() -> None:
    references = {one["$ref"] for one in everything(DOCUMENT) if isinstance(one.get("$ref"), str)}
    assert references
    for reference in references:
        found: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            assert step in found, reference
            found = found[step]


def test_every_schema_is_referred_to() -> None:
    text = json.dumps(DOCUMENT)
    for name in DOCUMENT["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text, name


def test_nothing_of_the_frameworks_own_errors_is_left() -> None:
    assert "HTTPValidationError" not in json.dumps(DOCUMENT)
    assert "ValidationError" not in DOCUMENT["components"]["schemas"]


def test_the_document_names_only_our_own_paths() -> None:
    assert not [path for path in DOCUMENT["paths"] if not path.startswith(("/v1/", "/healthz", "/readyz"))]


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_says_what_it_is(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["summary"]
    assert len(operation["description"]) > len(operation["summary"])
    assert operation["tags"]
    assert sum(one["operationId"] == operation["operationId"] for one in OPERATIONS.values()) == 1
    for parameter in operation.get("parameters", []):
        assert parameter.get("description"), parameter["name"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_tells_of_each_status_it_can_give(name: str) -> None:
    operation = OPERATIONS[name]
    expected = SUCCESSES.get(name, {"200"})
    parameters = operation.get("parameters", [])
    if operation.get("security"):
        expected |= {"401", "403", "500", "503"}
    if "requestBody" in operation:
        expected |= {"400", "413", "415", "422"}
    if any(one["in"] in {"path", "query"} for one in parameters):
        expected |= {"422"}
    if any(one["name"] == "if-none-match" for one in parameters):
        expected |= {"304"}
    if any("list_version" in json.dumps(one) for one in (parameters, schema_of_body(operation))):
        expected |= {"409"}
    assert expected <= set(operation["responses"])


def schema_of_body(operation: JSON) -> JSON:
    """Return the schema of what an operation takes."""
    if "requestBody" not in operation:
        return {}
    reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    schema: JSON = DOCUMENT["components"]["schemas"][reference.rpartition("/")[2]]
    return schema


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_error_is_a_problem_with_an_example_that_is_one(name: str) -> None:
    for status, response in OPERATIONS[name]["responses"].items():
        if int(status) < 400 or name == "GET /readyz":
            continue
        assert set(response["content"]) == {"application/problem+json"}, status
        content = response["content"]["application/problem+json"]
        assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
        for example in examples_of(content):
            validator(content["schema"]).validate(example)
            assert str(example["status"]) == status
            assert example["type"].endswith(example["code"])
        assert examples_of(content), status


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_body_has_examples_that_fit_its_schema(name: str) -> None:
    operation = OPERATIONS[name]
    contents = list(operation.get("requestBody", {}).get("content", {}).values())
    if operation.get("security"):
        contents += [
            content
            for status, response in operation["responses"].items()
            if int(status) < 300
            for content in response["content"].values()
        ]
    for content in contents:
        if content["schema"].get("contentMediaType") == "application/octet-stream":
            # A workbook is no text that could stand in a document.
            continue
        assert examples_of(content), name
        for example in examples_of(content):
            validator(content["schema"]).validate(example)


def test_in_answers_every_key_is_always_there() -> None:
    answers = {"LookupAnswer", "PushOut", "Problem", "BatchProblem", "ListingOut", "MeasureOut", "PersonOut"}
    for name in answers:
        schema = DOCUMENT["components"]["schemas"][name]
        assert set(schema["required"]) == set(schema["properties"]), name


def test_no_identity_number_of_anybody_is_in_the_document() -> None:
    for number in re.findall(r"[0-9]{17}[0-9Xx]", json.dumps(DOCUMENT, ensure_ascii=False)):
        assert number in {synthetic_resident_id(n) for n in range(1000)}, number


async def test_the_examples_of_requests_are_accepted(api: Api) -> None:
    def bodies(name: str) -> dict[str, JSON]:
        content = OPERATIONS[name]["requestBody"]["content"]["application/json"]
        return {example: one["value"] for example, one in content["examples"].items()}

    pushes = bodies("POST /v1/pushes")
    headers = api.headers(**{"Idempotency-Key": uuid4().hex})
    pushed = await api.http.post("/v1/pushes", json=pushes.pop("list"), headers=headers)
    assert pushed.status_code == httpx.codes.CREATED, pushed.text
    conforms(pushed, "POST /v1/pushes")
    for name in ("POST /v1/lookups", "POST /v1/lookups/batch"):
        verdicts = []
        for example in bodies(name).values():
            response = await api.http.post(name.removeprefix("POST "), json=example, headers=api.headers())
            assert response.status_code == httpx.codes.OK, response.text
            answer = conforms(response, name)
            verdicts += [one["verdict"] for one in answer.get("results", [answer])]
        assert "listed" in verdicts
    for example in pushes.values():
        headers = api.headers(**{"Idempotency-Key": uuid4().hex})
        pushed = await api.http.post("/v1/pushes", json=example, headers=headers)
        assert pushed.status_code == httpx.codes.CREATED, pushed.text


async def test_the_examples_of_parameters_are_accepted(api: Api) -> None:
    for name, operation in OPERATIONS.items():
        method, path = name.split(" ")
        values = {
            one["name"]: str(example)
            for one in operation.get("parameters", [])
            for example in one["schema"].get("examples", one.get("examples", []))
        }
        if method != "GET" or "_id}" in path:
            continue
        query = {key: value for key, value in values.items() if f"{{{key}}}" not in path}
        response = await api.http.get(path.format_map(values), params=query, headers=api.headers())
        assert response.status_code == httpx.codes.OK, f"{name}: {response.text}"
        conforms_any(response, name)


def conforms_any(response: httpx.Response, name: str) -> None:
    """Check a response of any shape, a list too."""
    media_type = response.headers["Content-Type"].partition(";")[0]
    content = OPERATIONS[name]["responses"][str(response.status_code)]["content"][media_type]
    lines = response.text.splitlines() if media_type == "application/x-ndjson" else []
    for line in lines:
        validator(content["schema"]["contentSchema"]).validate(json.loads(line))
    if not lines:
        json_answered = media_type.endswith("json")
        validator(content["schema"]).validate(response.json() if json_answered else response.text)


async def test_real_answers_are_as_the_document_says(api: Api) -> None:
    ban = {"for_life": True}
    operation = list_operation(1, persons=[person(1, position_ban=ban), person(2, roles=["other", "safety_lead"])])
    pushed = await api.push(operation, list_operation(2))
    made = conforms(pushed, "POST /v1/pushes")
    dry = await api.http.post(
        "/v1/pushes?dry_run=true", json={"operations": [remove_operation(2)]}, headers=api.headers()
    )
    conforms(dry, "POST /v1/pushes")
    await api.pushed(remove_operation(1, removal_decision_no="虚构移1号"))
    conforms(await api.http.get(f"/v1/pushes/{made['push_id']}", headers=api.headers()), "GET /v1/pushes/{push_id}")
    for code in (*map(synthetic_uscc, range(4)), *map(synthetic_resident_id, range(4))):
        for view in ("summary", "mine", "full"):
            conforms(await api.ask(code, view=view), "POST /v1/lookups")
    items = [{"code": synthetic_uscc(2)}, {"code": synthetic_uscc(9)}, {"code": "1"}, 1]
    batch = await api.http.post("/v1/lookups/batch", json={"items": items}, headers=api.headers())
    assert len(conforms(batch, "POST /v1/lookups/batch")["results"]) == len(items)
    by_url = await api.http.get(f"/v1/units/{synthetic_uscc(2)}/measures?view=full", headers=api.headers())
    conforms(by_url, "GET /v1/units/{uscc}/measures")
    for no in range(1, 25):
        conforms(await api.http.get(f"/v1/measures/{no}"), "GET /v1/measures/{no}")


async def test_real_problems_are_as_the_document_says(api: Api) -> None:
    seen = set()

    async def check(name: str, path: str, status: int, **sent: Any) -> None:
        response = await api.http.request(name.split(" ", maxsplit=1)[0], path, **({"headers": api.headers()} | sent))
        assert response.status_code == status, response.text
        conforms(response, name)
        seen.add(status)

    lookups, pushes = "POST /v1/lookups", "POST /v1/pushes"
    sent = api.headers(**{"Content-Type": "application/json", "Idempotency-Key": "problems"})
    await check(lookups, "/v1/lookups", 401, headers={})
    await check(lookups, "/v1/lookups", 400, content=b"{", headers=sent)
    await check(lookups, "/v1/lookups", 413, content=b" " * (api.settings.max_body_bytes + 1), headers=sent)
    await check(lookups, "/v1/lookups", 415, content=b"{}", headers=api.headers())
    await check(lookups, "/v1/lookups", 422, json={})
    await check(lookups, "/v1/lookups", 409, json={"code": synthetic_uscc(1), "min_list_version": 1})
    await check(pushes, "/v1/pushes", 400, json={"operations": [list_operation(1)]})
    await check(pushes, "/v1/pushes", 422, json={"operations": [{}, 1, {"op": "list"}]}, headers=sent)
    body = {"operations": [list_operation(1)], "expected_list_version": 7}
    await check(pushes, "/v1/pushes", 409, json=body, headers=sent)
    unit = "GET /v1/units/{uscc}/measures"
    await check(unit, f"/v1/units/{synthetic_resident_id(1)}/measures", 400)
    await check(unit, "/v1/units/1/measures", 422)
    await check(unit, f"/v1/units/{synthetic_uscc(1)}/measures?min_list_version=1", 409)
    await check("GET /v1/pushes/{push_id}", f"/v1/pushes/{uuid4()}", 404)
    await check("GET /v1/pushes/{push_id}", "/v1/pushes/1", 422)
    await check("GET /v1/measures/{no}", "/v1/measures/25", 404)
    await check("GET /v1/measures/{no}", "/v1/measures/x", 422)
    await api.run("DROP TABLE listings CASCADE")
    await check(lookups, "/v1/lookups", 500, json={"code": synthetic_uscc(1)})
    assert seen == {400, 401, 404, 409, 413, 415, 422, 500}


async def test_the_document_is_served_as_it_is(api: Api) -> None:
    response = await api.http.get("/openapi.json")
    assert response.json() == json.loads(json.dumps(DOCUMENT))
    assert response.headers["Content-Type"].startswith("application/json")


async def test_the_documentation_needs_no_internet(api: Api) -> None:
    page = await api.http.get("/docs")
    assert page.status_code == httpx.codes.OK
    assert not _ABSOLUTE.findall(page.text)
    loaded = _LOADED.findall(page.text)
    assert {one.rpartition(".")[2] for one in loaded} >= {"js", "css"}
    for path in loaded:
        assert path.startswith("/")
        assert not path.startswith("//")
        served = await api.http.get(path)
        assert served.status_code == httpx.codes.OK, path
        assert served.content
    assert "/openapi.json" in page.text
    redirect = await api.http.get("/docs/oauth2-redirect")
    assert not _ABSOLUTE.findall(redirect.text)


async def test_the_documentations_own_styles_load_nothing_from_elsewhere(api: Api) -> None:
    css = (await api.http.get("/static-offline-docs/swagger-ui.css")).text
    assert not re.findall(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//", css)
