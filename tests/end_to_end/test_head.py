"""HEAD on the network, where a body too many would be read as the beginning of the next answer."""

import http.client
import json

from app.domain.synthetic import synthetic_uscc
from tests.end_to_end.serving import serving
from tests.support import Api, list_operation, today


async def test_the_answers_on_one_connection_stay_apart_and_streams_end_with_their_head(api: Api) -> None:
    await api.pushed(list_operation(1))
    day = today().isoformat()
    listings = "/v1/public/listings"
    with serving(api.settings, LIANCHENG_LOG_LEVEL="info") as process:
        connection = http.client.HTTPConnection(process.url.removeprefix("http://"), timeout=20)

        def asked(method: str, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
            connection.request(method, path, headers=api.headers(**headers))
            response = connection.getresponse()
            return response, response.read()

        got, body = asked("GET", listings)
        headed, nothing = asked("HEAD", listings)
        assert (headed.status, headed.headers["Content-Length"]) == (200, str(len(body)))
        assert headed.headers["ETag"] == got.headers["ETag"]
        assert nothing == b""
        unchanged, _ = asked("HEAD", listings, **{"If-None-Match": got.headers["ETag"]})
        assert (unchanged.status, unchanged.headers["ETag"]) == (304, got.headers["ETag"])

        # The first never ends when it is asked by GET, and says nothing for 15 seconds at a time.
        for path, accept, media_type in (
            ("/v1/changes", "text/event-stream", "text/event-stream"),
            ("/v1/listings/snapshot", "*/*", "application/x-ndjson"),
            ("/v1/public/listings.csv", "*/*", "text/csv"),
            ("/v1/obligations?format=csv", "*/*", "text/csv"),
            (f"/v1/effect-summary?from={day}&to={day}&format=xlsx", "*/*", "application/vnd.openxmlformats"),
        ):
            headed, nothing = asked("HEAD", path, Accept=accept)
            assert (headed.status, nothing) == (200, b""), path
            assert headed.headers["Content-Type"].startswith(media_type)

        for path, status in (("/v1/nothing", 404), ("/v1/lookups", 405), ("/v1/public/listings?limit=0", 422)):
            headed, nothing = asked("HEAD", path)
            assert (headed.status, nothing) == (status, b""), path
            assert headed.headers["Content-Type"] == "application/problem+json"
        headed, nothing = asked("HEAD", listings, **{"Content-Length": str(2**30)})
        assert (headed.status, nothing) == (413, b"")
        connection.close()

        # The length of the answer tells listed from not listed: it is on record as any other.
        headed, _ = asked("HEAD", f"/v1/units/{synthetic_uscc(1)}/measures")
        assert headed.status == 200
        (record,) = await api.rows("SELECT request_id FROM audit")
        assert record["request_id"] == headed.headers["X-Request-ID"]
        connection.close()
        lines = [json.loads(line) for line in process.output().splitlines() if line.startswith("{")]
    line = next(one for one in lines if one.get("request_id") == headed.headers["X-Request-ID"])
    assert (line["method"], line["route"], line["status"]) == ("HEAD", "/v1/units/{uscc}/measures", 200)
    assert line["client"]
    assert not [one for one in lines if one["level"] == "error"]
