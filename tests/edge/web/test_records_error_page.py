"""The page where there is no page: it says why, and looks again."""

import pytest
from starlette.testclient import TestClient

from leukoscope_edge.web.records_error_page import LOOK_AGAIN_S, error_page_app
from leukoscope_edge.web.security import HEADERS


@pytest.fixture
def client() -> TestClient:
    return TestClient(error_page_app("the disk <b>is</b> gone"))


@pytest.mark.parametrize("path", ["/", "/sign-in", "/api/slides/0001", "/a/b/c"])
def test_every_address_says_why(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 503
    assert "the disk &lt;b&gt;is&lt;/b&gt; gone" in answer.text


def test_it_looks_again_by_itself(client: TestClient) -> None:
    refresh = f'<meta http-equiv="refresh" content="{LOOK_AGAIN_S}">'
    assert refresh in client.get("/").text


def test_it_is_guarded_like_every_other_page(client: TestClient) -> None:
    headers = client.get("/").headers
    assert HEADERS.items() <= dict(headers).items()


def test_nothing_is_taken_there(client: TestClient) -> None:
    assert client.post("/api/sign-in", json={"pin": "482917"}).status_code == 405
