"""Over real TLS: a certificate that is trusted is taken, any other one ends the pull at once."""

import ssl
from pathlib import Path

import pytest
import trustme

from tests.demo.api import Answer, SampleApi
from tests.support.partner import TOKEN, Pull, landed, measurements, told
from tests.support.workbench import Workbench

AUTH = {"header": "Authorization", "prefix": "Bearer ", "value_from": "PARTNER_TOKEN"}


def shown_with(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """An authority that this process trusts."""
    authority = trustme.CA()
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setenv("PARTNER_TOKEN", TOKEN)
    return authority


def test_pages_come_over_tls_with_the_secret(
    own_project: Workbench, pull: Pull, authority: trustme.CA
) -> None:
    tls = shown_with(authority.issue_cert("127.0.0.1"))
    with SampleApi(measurements(7), token=TOKEN, tls=tls) as api:
        result = pull(api, auth=AUTH)

    assert api.url.startswith("https://")
    assert result.exit_code == 0, result.sources[0].error
    assert landed(own_project) == api.records


@pytest.mark.parametrize("fault", ["another authority", "another host"])
def test_a_certificate_that_is_not_trusted_ends_the_pull_before_anything_is_sent(
    own_project: Workbench, pull: Pull, authority: trustme.CA, fault: str
) -> None:
    if fault == "another host":
        tls, says = shown_with(authority.issue_cert("api.example")), "IP address mismatch"
    else:
        tls, says = shown_with(trustme.CA().issue_cert("127.0.0.1")), "unable to get local issuer"
    with SampleApi(measurements(7), tls=tls) as api:
        result = pull(api, auth=AUTH)
        error = told(result)

    assert "its certificate cannot be trusted" in error
    assert says in error
    assert "SSL_CERT_FILE" in error
    assert api.requests == []
    assert result.sources[0].requests == 1


def test_an_api_never_leads_from_https_to_http(
    own_project: Workbench, pull: Pull, authority: trustme.CA
) -> None:
    tls = shown_with(authority.issue_cert("127.0.0.1"))
    with SampleApi(measurements(1)) as plain:
        moved = Answer(302, headers={"Location": plain.url})
        with SampleApi([], tls=tls, answer=lambda request: moved) as api:
            hosts = [plain.url.split("/")[2]]
            error = told(pull(api, auth=AUTH, allowed_hosts=hosts))

    assert "leaves https" in error
    assert plain.requests == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("SSL_CERT_FILE", "/nowhere.pem"), ("HTTPS_PROXY", "gopher://u:s3cr3t@proxy.example")],
)
def test_an_environment_that_cannot_be_used_is_told(
    own_project: Workbench, pull: Pull, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with SampleApi([]) as api:
        result = pull(api)

    assert result.exit_code == 2
    assert f"{name}" in (result.sources[0].error or "")
    assert "s3cr3t" not in (result.sources[0].error or "")
    assert api.requests == []
