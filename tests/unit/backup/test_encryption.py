"""Backups that only their recipients can read."""

import io
import sys
from pathlib import Path
from typing import Any

import pyrage
import pytest

from hub.backup import encryption
from hub.backup.encryption import decrypt, encrypt, read_identities, read_recipients
from loader.errors import HubError, WrongUse

TEXT = bytes(range(256)) * 1000
# made for this test with ssh-keygen, and used nowhere else
SSH_PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMsekNvyR+cBeZSAnOn6QqqBqwhDDbpt7US5oBHmWnOs test"


@pytest.fixture
def mia() -> Any:
    return pyrage.x25519.Identity.generate()


@pytest.fixture
def noor() -> Any:
    return pyrage.x25519.Identity.generate()


def key_file(folder: Path, text: str) -> Path:
    path = folder / "key.txt"
    path.write_text(text)
    return path


def encrypted(*keys: Any) -> bytes:
    made = io.BytesIO()
    chunks = iter([TEXT[:7], b"", TEXT[7:]])
    encrypt(chunks, made, read_recipients([str(key.to_public()) for key in keys]))
    return made.getvalue()


def decrypted(content: bytes, *identities: Any) -> bytes:
    plain = io.BytesIO()
    decrypt(io.BytesIO(content), plain, identities, "backup b")
    return plain.getvalue()


def test_each_recipient_reads_it_and_nobody_else(mia, noor):
    content = encrypted(mia, noor)

    assert content.startswith(encryption.MAGIC)
    assert TEXT[:64] not in content
    assert decrypted(content, mia) == TEXT
    assert decrypted(content, noor) == TEXT
    with pytest.raises(HubError, match="not encrypted to the key in --identity"):
        decrypted(content, pyrage.x25519.Identity.generate())


def test_what_other_age_programs_write_is_read(mia):
    assert decrypted(pyrage.encrypt(TEXT, [mia.to_public()]), mia) == TEXT
    assert pyrage.decrypt(encrypted(mia), [mia]) == TEXT


def test_what_was_cut_or_changed_is_damaged(mia):
    content = encrypted(mia)
    changed = bytearray(content)
    changed[len(changed) // 2] ^= 1

    for broken in (content[:10], content[:150], content[:-1], content[:100_000], bytes(changed)):
        with pytest.raises(HubError, match=r"cannot be decrypted.*damaged or cut"):
            decrypted(broken, mia)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_goes_wrong_in_the_streams_is_told_as_it_was(mia, error):
    class Full(io.BytesIO):
        def write(self, content: Any) -> int:
            raise error

    def failing() -> Any:
        yield TEXT
        raise error

    recipients = read_recipients([str(mia.to_public())])
    for work in (
        lambda: encrypt(failing(), io.BytesIO(), recipients),
        lambda: encrypt(iter([TEXT]), Full(), recipients),
        lambda: decrypt(io.BytesIO(encrypted(mia)), Full(), [mia], "b"),
    ):
        with pytest.raises(type(error)) as raised:
            work()
        assert raised.value is error


@pytest.mark.parametrize("key", ["", "age1", "mia", "ssh-ed25519 AAAA", "file.txt"])
def test_what_is_no_public_key_is_refused(key):
    with pytest.raises(WrongUse, match="no public key of age or SSH"):
        read_recipients([key])


def test_a_public_key_of_ssh_is_a_recipient():
    assert len(read_recipients([SSH_PUBLIC])) == 1


def test_a_secret_key_on_the_command_line_is_refused_and_not_repeated(mia):
    with pytest.raises(WrongUse) as raised:
        read_recipients([str(mia)])
    assert str(mia) not in str(raised.value)


def test_identities_are_read_as_age_keygen_writes_them(tmp_path, mia, noor):
    file = key_file(tmp_path, f"# created: today\n# public key: age1\n{mia}\n\n{noor}\n")

    assert [str(identity) for identity in read_identities(file)] == [str(mia), str(noor)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no secret key"),
        ("# nothing else\n", "holds no secret key"),
        ("age1ddhdy6ulsmd99eacdeuc289vm5pf7kjdyjxyrss0k5axy59ptfpq5wfvf6", "can be used"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nno\n", "can be used"),
        ("\x00\xff", "can be used"),
    ],
)
def test_a_file_without_a_key_is_told(tmp_path, text, said):
    with pytest.raises(WrongUse, match=said):
        read_identities(key_file(tmp_path, text))


def test_a_key_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(WrongUse, match="cannot be read"):
        read_identities(tmp_path / "none")


def test_without_the_extra_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyrage", None)
    monkeypatch.setattr("hub.extras.find_spec", lambda name: None)

    with pytest.raises(HubError, match="make backup-setup"):
        read_recipients(["age1"])
