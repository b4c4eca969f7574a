"""Secrets go to the hosts that are declared for them, and are seen nowhere else."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest

from hub.commands import pulling
from hub.main import main
from loader.config.http import Auth, HttpSettings
from loader.pull.http.endpoint import Refused, open_endpoint, parsed
from tests.demo.api import Answer, Request, SampleApi
from tests.support.partner import LINK, TOKEN, Pull, landed, measurements, states, told
from tests.support.workbench import Workbench

pytestmark = pytest.mark.slow


class TestHosts:
    @pytest.mark.parametrize(
        "target",
        [
            "http://localhost:{port}/x",
            "http://127.0.0.2:{port}/x",
            "http://127.0.0.1:1/x",
            "//evil.example/x",
            "https://127.0.0.1/x",
            "ftp://127.0.0.1:{port}/x",
            "http://[::1",
        ],
    )
    def test_that_are_not_declared_are_not_asked(
        self, own_project: Workbench, pull: Pull, target: str
    ) -> None:
        def redirect(request: Request) -> Answer:
            port = api.url.rpartition(":")[2].partition("/")[0]
            return Answer(302, headers={"Location": target.format(port=port)})

        def link(request: Request) -> Answer:
            location = redirect(request).headers["Location"]
            headers = {"Link": f'<{location}>; rel="next"'}
            return Answer(body=b'{"data": {"items": [{"id": 1}]}}', headers=headers)

        with SampleApi([], answer=redirect) as api:
            assert told(pull(api))
            api.answer = link
            assert told(pull(api, pagination=LINK))

        assert {request.path for request in api.requests} == {"/measurements"}

    def test_that_are_declared_are_asked_without_the_secret(
        self, own_project: Workbench, pull: Pull, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PARTNER_TOKEN", TOKEN)
        auth = {"header": "Authorization", "prefix": "Bearer ", "value_from": "PARTNER_TOKEN"}
        with SampleApi(measurements(2)) as other:
            host = other.url.split("/")[2]
            redirect = Answer(307, headers={"Location": f"{other.url}?page=1"})
            with SampleApi([], answer=lambda request: redirect) as api:
                assert "not declared" in told(pull(api, auth=auth))
                assert pull(api, auth=auth, allowed_hosts=[host]).exit_code == 0
                assert pull(api, auth={**auth, "hosts": [host]}).exit_code == 0

        assert {request.headers["authorization"] for request in api.requests} == {f"Bearer {TOKEN}"}
        sent = [request.headers.get("authorization") for request in other.requests]
        assert sent == [None, f"Bearer {TOKEN}"]

    def test_may_redirect_within_themselves_but_not_for_ever(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        def move(request: Request) -> Answer | None:
            if request.path == "/moved":
                return None
            return Answer(301, headers={"Location": "/moved?page=1"})

        with SampleApi(measurements(2), answer=move) as api:
            assert pull(api).exit_code == 0
            api.answer = lambda request: Answer(301, headers={"Location": "/measurements"})
            assert "redirects" in told(pull(api, full=True))

        assert len(landed(own_project)) == 2


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("https://api.example:443/y?q=1", None),
        ("https://API.example/y", None),
        ("https://cdn.example/y", None),
        ("http://api.example/y", "leaves https"),
        ("https://api.example:444/y", "api.example:444 is not declared"),
        ("https://api.example.evil/y", "not declared"),
        ("https://evil.example@other.example/", "other.example is not declared"),
        ("file:///etc/passwd", "without a host"),
    ],
)
def test_an_address_is_that_of_a_declared_host(
    address: str, says: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "s3cr3t")
    auth = Auth("TOKEN", "Authorization")
    settings = HttpSettings("https://api.example/x", auth=auth, allowed_hosts=("cdn.example",))
    endpoint = open_endpoint(settings, "here")
    if says is None:
        endpoint.check(parsed(address), endpoint.url)
        return
    with pytest.raises(Refused, match=says):
        endpoint.check(parsed(address), endpoint.url)


class TestSecrets:
    @pytest.fixture(autouse=True)
    def no_handler_left(self) -> Iterator[None]:
        yield
        logging.getLogger("loader").handlers.clear()

    @pytest.mark.parametrize(
        "auth",
        [{"header": "Authorization", "prefix": "Bearer "}, {"parameter": "api key"}],
        ids=["header", "parameter"],
    )
    def test_are_nowhere(
        self,
        own_project: Workbench,
        pull: Pull,
        monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str],
        auth: dict[str, str],
    ) -> None:
        """The API repeats the secret wherever it can: in links, redirects, headers, refusals."""
        monkeypatch.setenv("PARTNER_TOKEN", TOKEN)

        def tell(request: Request) -> Answer | None:
            number = len(api.requests)
            sent = request.headers.get("authorization", "").removeprefix("Bearer ")
            assert TOKEN in (sent, request.query.get("api key"))
            if number == 1:
                return Answer(302, headers={"Location": f"/{TOKEN}?api+key={TOKEN}&page=1"})
            if number == 2:
                link = f"<http://u:{TOKEN}@{api.url.split('/')[2]}/x?api%20key={TOKEN}&page=2>"
                headers = {"Link": f"{link}; rel=next"}
                return Answer(body=b'{"data": {"items": [{"id": 1}]}}', headers=headers)
            if number < 6:
                return Answer(200, TOKEN.encode(), {"Content-Type": f"text/{TOKEN}"})
            if number < 9:
                return Answer(503, TOKEN.encode())
            return Answer(403, TOKEN.encode())

        with SampleApi([], answer=tell) as api:
            pull_settings = {"auth": {**auth, "value_from": "PARTNER_TOKEN"}, "pagination": LINK}
            pull(api, **pull_settings)
            levels = ["--log-level", "debug", "--log-format", "json"]
            for arguments in (["pull", *levels], ["report", "--history", "9", "--json"]):
                monkeypatch.setattr(sys, "argv", ["hub", *arguments])
                with suppress(SystemExit):
                    main()

        out, err = capfd.readouterr()
        assert "PARTNER_TOKEN" in out
        assert "asking for page" in err
        shown = (out + err).encode()
        kept = [path.read_bytes() for path in own_project.root.rglob("*") if path.is_file()]
        for form in ("s3cr3t", "7f%2B3a", "7f+3a"):
            assert form.encode() not in shown
            assert not any(form.encode() in content for content in kept)

    def test_of_the_api_do_not_come_back_as_cookies(
        self, own_project: Workbench, pull: Pull
    ) -> None:
        def set_a_cookie(request: Request) -> Answer:
            answer = api.page(request)
            answer.headers["Set-Cookie"] = "session=1"
            return answer

        with SampleApi(measurements(6), answer=set_a_cookie) as api:
            assert pull(api).exit_code == 0

        assert [request.headers.get("cookie") for request in api.requests] == [None, None]

    def test_are_not_kept_as_a_cursor(
        self, own_project: Workbench, pull: Pull, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PARTNER_TOKEN", TOKEN)
        meta = json.dumps({"next": f"after-{TOKEN}"})
        first = Answer(body=f'{{"data": {{"items": [{{"id": 1}}]}}, "meta": {meta}}}'.encode())

        with SampleApi(
            [], answer=lambda request: Answer(403) if "cursor" in request.query else first
        ) as api:
            told(pull(api, auth={"header": "X-Key", "value_from": "PARTNER_TOKEN"}))

        assert states(own_project)["position"] is None
        assert b"s3cr3t" not in own_project.database.read_bytes()

    @pytest.mark.parametrize("value", [None, "", "  ", "two\nlines", "é"])
    def test_that_cannot_be_used_are_named_not_shown(
        self, own_project: Workbench, pull: Pull, monkeypatch: pytest.MonkeyPatch, value: str | None
    ) -> None:
        monkeypatch.delenv("PARTNER_TOKEN", raising=False)
        if value is not None:
            monkeypatch.setenv("PARTNER_TOKEN", value)
        with SampleApi([]) as api:
            result = pull(api, auth={"header": "X-Key", "value_from": "PARTNER_TOKEN"})

        assert result.exit_code == 2
        assert "PARTNER_TOKEN" in (result.sources[0].error or "")
        assert "two" not in (result.sources[0].error or "")
        assert api.requests == []

    @pytest.mark.parametrize(
        ("url", "says"),
        [
            ("", "PARTNER_URL is not set"),
            ("http://api.example/x", "would get the secret unencrypted"),
            ("https://u:s3cr3t@api.example/x", "holds credentials"),
            ("ftp://api.example/x", "neither http nor https"),
            ("api.example", "without a host"),
            ("https://host:port/x", "is none"),
        ],
    )
    def test_do_not_go_to_an_address_that_cannot_keep_them(
        self, own_project: Workbench, monkeypatch: pytest.MonkeyPatch, url: str, says: str
    ) -> None:
        monkeypatch.setenv("PARTNER_TOKEN", TOKEN)
        monkeypatch.setenv("PARTNER_URL", url)
        auth = {"header": "Authorization", "value_from": "PARTNER_TOKEN"}
        own_project.set_meta("partner", http={"url": "${PARTNER_URL}", "auth": auth})

        result = pulling.pull(own_project.project, ())

        assert result.exit_code == 2
        assert says in (result.sources[0].error or "")
        assert "s3cr3t" not in (result.sources[0].error or "")
