"""Encrypts backups to the keys of their recipients, and decrypts them, in the age format
(age-encryption.org/v1): the tools `age` and `rage` read and write the same.
"""

from collections.abc import Iterator, Sequence
from io import BufferedIOBase
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias, cast

from hub.backup.manifest import damaged
from hub.backup.stream import ChunkStream, Sink
from hub.extras import require_extra
from loader.errors import HubError, WrongUse

if TYPE_CHECKING:
    from pyrage import ssh, x25519

    Recipient: TypeAlias = x25519.Recipient | ssh.Recipient
    Identity: TypeAlias = x25519.Identity | ssh.Identity

MAGIC = b"age-encryption.org/v1"
# how each secret key begins
_SECRET_KEY = "AGE-SECRET-KEY-"  # nosec B105


def read_recipients(keys: Sequence[str]) -> "list[Recipient]":
    """The recipients: public keys of age (age1...) or of SSH (ssh-ed25519, ssh-rsa).

    Raises WrongUse for what is no public key, without repeating a secret one.
    """
    require_extra("backup")
    from pyrage import RecipientError, ssh, x25519

    found: list[Recipient] = []
    for key in keys:
        if key.upper().startswith(_SECRET_KEY):
            raise WrongUse(
                "--recipient",
                "this is a secret key, and whoever sees the command line has it now",
                "Make a new one, and give its public key (age1...).",
            )
        kind = ssh.Recipient if key.startswith("ssh-") else x25519.Recipient
        try:
            found.append(kind.from_str(key))
        except RecipientError as error:
            raise WrongUse(
                f"--recipient {key}",
                f"it is no public key of age or SSH ({error})",
                "Give a key as `age-keygen -y FILE` prints it (age1...), or as it stands in "
                "~/.ssh/id_ed25519.pub.",
            ) from error
    return found


def read_identities(file: Path) -> "list[Identity]":
    """The secret keys in a file, as `age-keygen` writes it, or the SSH key that it is.

    Raises WrongUse where there is none.
    """
    require_extra("backup")
    from pyrage import IdentityError, ssh, x25519

    where = f"--identity {file}"
    try:
        content = file.read_bytes()
    except OSError as error:
        raise WrongUse(where, f"it cannot be read ({error.strerror})", "Name another.") from error
    try:
        if content.startswith(b"-----BEGIN"):
            return [ssh.Identity.from_buffer(content)]
        lines = [line.strip() for line in content.decode("ascii", "replace").splitlines()]
        keys = [line for line in lines if line and not line.startswith("#")]
        found: list[Identity] = [x25519.Identity.from_str(key) for key in keys]
    except IdentityError as error:
        raise WrongUse(
            where,
            f"it holds no secret key that can be used ({error})",
            "Name the file that `age-keygen` wrote, or an SSH key without a passphrase.",
        ) from error
    if not found:
        raise WrongUse(where, "it holds no secret key", "Name the file that `age-keygen` wrote.")
    return found


def encrypt(chunks: Iterator[bytes], target: BinaryIO, recipients: "Sequence[Recipient]") -> None:
    """Write the chunks to the target, encrypted. Raises what ends the chunks, and OSError where
    the target cannot be written."""
    from pyrage import EncryptError, encrypt_io

    source, sink = ChunkStream(chunks), Sink(target)
    try:
        encrypt_io(source, sink, list(recipients))
    except (EncryptError, OSError) as error:
        # the library says only in words what happened in the streams
        raise source.failure or sink.failure or error from error


def decrypt(
    source: BinaryIO, target: BinaryIO, identities: "Sequence[Identity]", where: str
) -> None:
    """Write to the target what the source holds encrypted. Nothing of the target may be used unless
    this ends well.   where: the backup, for errors.

    Raises HubError where no identity fits, or the source is damaged or cut.
    """
    from pyrage import DecryptError, decrypt_io

    sink = Sink(target)
    try:
        decrypt_io(cast(BufferedIOBase, source), sink, list(identities))
    except (DecryptError, OSError) as error:
        if sink.failure:
            raise sink.failure from error
        if "No matching keys" in str(error):
            raise HubError(
                where,
                "it was not encrypted to the key in --identity",
                "Name the file with the secret key of one of its recipients.",
            ) from error
        raise damaged(where, f"it cannot be decrypted ({error})") from error
