"""OAuth client credentials: a token is fetched, kept while it lasts, and seen nowhere."""

import json
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from hub.main import main
from loader.config.http import HttpSettings, OAuth
from loader.config.reading import read_as
from loader.errors import WrongUse
from loader.pull.http import tokens
from loader.pull.http.endpoint import open_endpoint
from tests.demo.api import Answer, Request, SampleApi
from tests.support.partner import LINK, Pull, landed, measurements, states, told
from tests.support.workbench import Workbench

CLIENT, SECRET = "hub-client", "cl13nt/s3cr3t+x"
OAUTH = {
    "token_url": "${TOKEN_URL}",
    "client_id_from": "PARTNER_CLIENT_ID",
    "client_secret_from": "PARTNER_CLIENT_SECRET",
}


@dataclass
class Login:
    """Gives out tokens: t0k3n-1, t0k3n-2 and so on.

    answer: instead of a token.   more: members of each answer.   given: how many were.
    """

    more: dict[str, Any] = field(default_factory=dict)
    answer: Answer | None = None
    given: int = 0

    def __call__(self, request: Request) -> Answer:
        if self.answer:
            return self.answer
        self.given += 1
        token = {"access_token": f"t0k3n-{self.given}", "token_type": "Bearer", **self.more}
        return Answer(200, json.dumps(token).encode(), {"Content-Type": "application/json"})


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> Iterator[SampleApi]:
    with SampleApi([], answer=Login()) as server:
        monkeypatch.setenv("TOKEN_URL", server.url.replace("/measurements", "/token"))
        monkeypatch.setenv("PARTNER_CLIENT_ID", CLIENT)
        monkeypatch.setenv("PARTNER_CLIENT_SECRET", SECRET)
        yield server


def accepting(*tokens_: str) -> Any:
    """Let an API refuse all but these tokens."""
    accepted = {f"Bearer {token}" for token in tokens_}

    def answer(request: Request) -> Answer | None:
        return None if request.headers.get("authorization") in accepted else Answer(401)

    return answer


class TestTokens:
    def test_are_fetched_once_for_all_pages(
        self, own_project: Workbench, pull: Pull, login: SampleApi
    ) -> None:
        with SampleApi(measurements(9), answer=accepting("t0k3n-1")) as api:
            oauth = {**OAUTH, "scope": "read write", "parameters": {"audience": "plant"}}
            result = pull(api, auth={"oauth": oauth})

        assert result.exit_code == 0, result.sources[0].error
        assert landed(own_project) == api.records
        (request,) = login.requests
        assert request.path == "/token"
        assert request.query == {}
        assert request.form == {
            "grant_type": "client_credentials",
            "scope": "read write",
            "audience": "plant",
        }
        # both parts are encoded as in a form, as the standard says
        pair = b64encode(b"hub-client:cl13nt%2Fs3cr3t%2Bx").decode()
        assert request.headers["authorization"] == f"Basic {pair}"
        assert result.sources[0].requests == len(api.requests) + 1

    def test_may_be_asked_for_with_the_secret_in_the_form(
        self, own_project: Workbench, pull: Pull, login: SampleApi
    ) -> None:
        with SampleApi(measurements(1), answer=accepting("t0k3n-1")) as api:
            pull(api, auth={"oauth": {**OAUTH, "client_auth": "body"}})

        (request,) = login.requests
        assert "authorization" not in request.headers
        assert request.form == {
            "grant_type": "client_credentials",
            "client_id": CLIENT,
            "client_secret": SECRET,
        }

    def test_that_are_refused_in_the_middle_are_fetched_anew(
        self, own_project: Workbench, pull: Pull, login: SampleApi
    ) -> None:
        def expire(request: Request) -> Answer | None:
            valid = "t0k3n-1" if len(api.requests) <= 2 else "t0k3n-2"
            return accepting(valid)(request)  # type: ignore[no-any-return]

        with SampleApi(measurements(12), answer=expire) as api:
            result = pull(api, auth={"oauth": OAUTH}, retries={"attempts": 1})

        assert (result.exit_code, result.sources[0].retries) == (0, 0)
        assert landed(own_project) == api.records
        assert len(login.requests) == 2

    def test_that_are_refused_anew_fail_the_pull(
        self, own_project: Workbench, pull: Pull, login: SampleApi
    ) -> None:
        with SampleApi([], answer=lambda request: Answer(401)) as api:
            error = told(pull(api, auth={"oauth": OAUTH}))

        assert "refuses with status 401" in error
        assert "PARTNER_CLIENT_SECRET" in error
        assert (len(api.requests), len(login.requests)) == (2, 2)

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("lasts", "fetched"),
        [(3600, 1), ("3600", 1), (None, 1), ("soon", 1), (100, 2), (31, 4), (0, 4), (-1, 4)],
    )
    def test_are_kept_until_they_expire(
        self,
        own_project: Workbench,
        pull: Pull,
        login: SampleApi,
        monkeypatch: pytest.MonkeyPatch,
        lasts: Any,
        fetched: int,
    ) -> None:
        """Each of four pages takes 30 seconds by the clock of the test."""
        now = [1000.0]
        monkeypatch.setattr(tokens, "time", Clock(now))
        login.answer = Login({"expires_in": lasts})

        def wait(request: Request) -> None:
            now[0] += 30

        with SampleApi(measurements(12), answer=wait) as api:
            assert pull(api, auth={"oauth": OAUTH}).exit_code == 0

        assert len(login.requests) == fetched

    def test_go_to_declared_hosts_only(
        self, own_project: Workbench, pull: Pull, login: SampleApi
    ) -> None:
        """The API leads on to another host, which gets the page's request without the token."""
        with SampleApi(measurements(1)) as other:
            host = other.url.split("/")[2]
            headers = {"Link": f"<{other.url}?page=1>; rel=next"}
            first = Answer(body=b'{"data": {"items": [{"id": 1}]}}', headers=headers)
            with SampleApi([], answer=lambda request: first) as api:
                auth = {"oauth": OAUTH}
                assert "not declared" in told(pull(api, auth=auth, pagination=LINK))
                assert other.requests == []
                settings = {"auth": auth, "pagination": LINK, "allowed_hosts": [host]}
                assert pull(api, **settings, full=True).exit_code == 0

        assert [request.headers.get("authorization") for request in other.requests] == [None]


@dataclass
class Clock:
    """Stands for the module `time`."""

    now: list[float]

    def monotonic(self) -> float:
        return self.now[0]


class TestFailures:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("answer", "says"),
        [
            (
                Answer(401, b'{"error": "invalid_client"}'),
                "refuses with status 401 (invalid_client)",
            ),
            (Answer(400, b'{"error": "<h1>"}'), "refuses with status 400. Check"),
            (Answer(400, b"[" * 100_000), "refuses with status 400. Check"),
            (Answer(302, headers={"Location": "/other"}), "refuses with status 302"),
            (Answer(200, b"{}"), "no access_token"),
            (Answer(200, b'{"access_token": "a\\nb"}'), "no access_token that can be sent"),
            (Answer(200, b"[]"), "the answer is no object"),
            (
                Answer(200, b'{"access_token": "t", "token_type": "mac"}'),
                "another type than Bearer",
            ),
            (Answer(200, b" " * 2_000_000), "more than 1,048,576 bytes"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_of_the_login_are_told(
        self, own_project: Workbench, pull: Pull, login: SampleApi, answer: Answer, says: str
    ) -> None:
        login.answer = Login(answer=answer)
        with SampleApi([]) as api:
            error = told(pull(api, auth={"oauth": OAUTH}))

        assert "token (http://127.0.0.1" in error
        assert says in error
        assert (len(login.requests), len(api.requests)) == (1, 0)

    @pytest.mark.slow
    @pytest.mark.parametrize("answer", [Answer(503), Answer(429), Answer(200, b"<h1>")], ids=str)
    def test_of_the_login_that_pass_are_tried_again(
        self, own_project: Workbench, pull: Pull, login: SampleApi, answer: Answer
    ) -> None:
        give = Login()
        login.answer = lambda request: answer if len(login.requests) < 3 else give(request)
        with SampleApi(measurements(1), answer=accepting("t0k3n-1")) as api:
            assert pull(api, auth={"oauth": OAUTH}).sources[0].retries == 2

        assert landed(own_project) == api.records

    @pytest.mark.parametrize("name", ["PARTNER_CLIENT_ID", "PARTNER_CLIENT_SECRET", "TOKEN_URL"])
    def test_of_the_environment_are_named(
        self,
        own_project: Workbench,
        pull: Pull,
        login: SampleApi,
        monkeypatch: pytest.MonkeyPatch,
        name: str,
    ) -> None:
        monkeypatch.delenv(name)
        with SampleApi([]) as api:
            result = pull(api, auth={"oauth": OAUTH})

        assert result.exit_code == 2
        assert f"{name} is not set" in (result.sources[0].error or "")
        assert login.requests == api.requests == []


class TestSecrets:
    @pytest.mark.slow
    def test_are_nowhere(
        self,
        own_project: Workbench,
        pull: Pull,
        login: SampleApi,
        monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        """Both servers repeat what they were sent wherever they can."""
        basic = b64encode(b"hub-client:cl13nt%2Fs3cr3t%2Bx").decode()

        def tell(request: Request) -> Answer:
            number = len(api.requests)
            if number == 1:
                meta = '{"next": "after-t0k3n-1"}'
                return Answer(body=f'{{"data": {{"items": [{{}}]}}, "meta": {meta}}}'.encode())
            if number < 6:
                return Answer(200, b"t0k3n-1", {"Content-Type": f"text/{SECRET}"})
            if number < 8:
                return Answer(302, headers={"Location": f"/t0k3n-1/{basic}/{SECRET}"})
            return Answer(401, SECRET.encode())

        with SampleApi([], answer=tell) as api:
            pull(api, auth={"oauth": OAUTH})
            pulling = ["pull", "partner", "--log-level", "debug"]
            for arguments in (pulling, pulling, ["report", "--history", "9", "--json"]):
                monkeypatch.setattr(sys, "argv", ["hub", *arguments])
                with suppress(SystemExit):
                    main()
                login.answer = Login(answer=Answer(400, json.dumps({"error": SECRET}).encode()))

        out, err = capfd.readouterr()
        assert "asking for page" in err
        kept = [path.read_bytes() for path in own_project.root.rglob("*") if path.is_file()]
        for form in ("t0k3n", "cl13nt", basic):
            assert form not in out + err
            assert not any(form.encode() in content for content in kept)
        assert states(own_project)["position"] is None

    def test_are_not_shown_by_what_holds_them(self, login: SampleApi) -> None:
        settings = read_as(
            HttpSettings, {"url": "http://127.0.0.1/x", "auth": {"oauth": OAUTH}}, ""
        )
        endpoint = open_endpoint(settings, "here")
        endpoint.secrets.send("t0k3n-1")
        endpoint.secrets.send("t0k3n-2")

        assert "t0k3n" not in repr(endpoint)
        assert "cl13nt" not in repr(endpoint)
        assert endpoint.redact(f"t0k3n-1 t0k3n-2 {SECRET} cl13nt%2Fs3cr3t%2Bx") == "*** *** *** ***"


class TestSettings:
    def test_are_read(self) -> None:
        auth = {"oauth": OAUTH, "hosts": ["cdn.example"]}
        settings = read_as(HttpSettings, {"url": "https://a.example", "auth": auth}, "here")

        assert settings.auth is not None
        assert settings.auth.oauth == OAuth(
            "${TOKEN_URL}", "PARTNER_CLIENT_ID", "PARTNER_CLIENT_SECRET"
        )

    @pytest.mark.parametrize(
        ("auth", "says"),
        [
            ({"oauth": {}}, "oauth: token_url: it is missing"),
            ({"oauth": {**OAUTH, "token_url": "ftp://x"}}, "oauth: token_url"),
            ({"oauth": {**OAUTH, "client_secret_from": "s3cr3t-7f"}}, "client_secret_from"),
            ({"oauth": {**OAUTH, "client_secret": "s3cr3t-7f"}}, "unknown key 'client_secret'"),
            ({"oauth": {**OAUTH, "client_auth": "jwt"}}, "client_auth"),
            ({"oauth": OAUTH, "value_from": "TOKEN"}, "with `oauth`"),
            ({"oauth": OAUTH, "header": "X-Key"}, "with `oauth`"),
        ],
        ids=str,
    )
    def test_that_are_wrong_are_named(self, auth: dict[str, Any], says: str) -> None:
        with pytest.raises(WrongUse) as wrong:
            read_as(HttpSettings, {"url": "https://a.example", "auth": auth}, "here")

        assert says in str(wrong.value)
        assert "s3cr3t" not in str(wrong.value)

    @pytest.mark.parametrize(
        ("url", "says"),
        [
            ("http://login.example/token", "unencrypted"),
            ("https://u:s3cr3t@login.example/token", "holds credentials"),
        ],
    )
    def test_keep_the_secret_from_where_it_must_not_go(
        self, login: SampleApi, monkeypatch: pytest.MonkeyPatch, url: str, says: str
    ) -> None:
        monkeypatch.setenv("TOKEN_URL", url)
        settings = read_as(HttpSettings, {"url": "https://a.example", "auth": {"oauth": OAUTH}}, "")

        with pytest.raises(WrongUse, match=says) as wrong:
            open_endpoint(settings, "here")
        assert "s3cr3t" not in str(wrong.value)
