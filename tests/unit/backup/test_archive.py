"""What a backup file holds, and that nothing but exactly what was written is read back."""

import io
import random
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
import pytest
import zstandard

from hub.backup.archive import describe, pack, unpack
from hub.backup.manifest import BACKUP_FORMAT, Manifest
from loader.errors import HubError

RECEIPT = "receipts/20250115T120000000-0123abcd.json"
CONTENT = {
    "warehouse.duckdb": random.Random(7).randbytes(3 * 4096) + bytes(100_000),
    RECEIPT: b'{"run_id": "20250115T120000000-0123abcd"}',
    "receipts/latest.json": b"{}",
}


def manifest_of(content: dict[str, bytes], **changes: object) -> Manifest:
    members = tuple(describe(name, io.BytesIO(text)) for name, text in content.items())
    whole = Manifest(
        format=BACKUP_FORMAT,
        hub_version="0.1.0",
        duckdb_version="2.0.0",
        warehouse_format=2,
        created_at=datetime(2025, 1, 15, 12, tzinfo=UTC),
        run_id="20250115T120000000-0123abcd",
        run_ended_at=None,
        members=members,
    )
    return msgspec.structs.replace(whole, **changes)


def packed(content: dict[str, bytes], manifest: Manifest | None = None) -> bytes:
    contents = {name: partial(io.BytesIO, text) for name, text in content.items()}
    return b"".join(pack(manifest or manifest_of(content), contents))


def tar_of(entries: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """A tar as anybody could make it, compressed as a backup is."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for entry, text in entries:
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text))
    return zstandard.ZstdCompressor(write_checksum=True).compress(made.getvalue())


def of_names(*names: str, manifest: Manifest) -> bytes:
    listed = [(tarfile.TarInfo("manifest.json"), manifest.encoded())]
    return tar_of(listed + [(tarfile.TarInfo(name), CONTENT.get(name, b"?")) for name in names])


@pytest.fixture
def unpacked(tmp_path: Path) -> Callable[[bytes], Manifest]:
    def read(backup: bytes) -> Manifest:
        return unpack(io.BytesIO(backup), tmp_path / "made", "backup b", lambda manifest: None)

    return read


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_what_was_packed_is_unpacked(unpacked, tmp_path):
    manifest = unpacked(packed(CONTENT))

    assert manifest == manifest_of(CONTENT)
    assert files_in(tmp_path / "made") == CONTENT


def test_a_backup_is_a_tar_that_other_programs_read():
    plain = zstandard.ZstdDecompressor().decompressobj().decompress(packed(CONTENT))

    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        assert tar.getnames() == ["manifest.json", *CONTENT]
        assert all(entry.mode == 0o600 for entry in tar)


def test_a_member_that_changed_since_it_was_described_ends_the_packing():
    manifest = manifest_of(CONTENT)

    with pytest.raises(HubError, match="changed while it was read"):
        packed({**CONTENT, RECEIPT: b"another"}, manifest)


def test_no_backup_that_was_cut_anywhere_is_taken(unpacked):
    whole = packed(CONTENT)
    rng = random.Random(1)

    for length in [0, 1, 4, len(whole) - 4, len(whole) - 1, *rng.sample(range(len(whole)), 100)]:
        with pytest.raises(HubError):
            unpacked(whole[:length])


def test_no_backup_with_a_changed_byte_is_taken(unpacked):
    whole = packed(CONTENT)
    rng = random.Random(2)

    for place in [*range(8), *rng.sample(range(len(whole)), 200)]:
        changed = bytearray(whole)
        changed[place] ^= 1 << rng.randrange(8)
        try:
            manifest = unpacked(bytes(changed))
        except HubError:
            continue
        # a bit that says nothing of the content, as the reserved ones of a header
        assert manifest == manifest_of(CONTENT)


def test_what_follows_the_end_is_noticed(unpacked):
    whole = packed(CONTENT)

    for more in (b"x", whole, bytes(100_000)):
        with pytest.raises(HubError, match="follows its end"):
            unpacked(whole + more)


def test_a_member_of_another_digest_is_refused(unpacked):
    manifest = manifest_of(CONTENT)
    forged = {**CONTENT, "warehouse.duckdb": CONTENT["warehouse.duckdb"][::-1]}
    entries = [(tarfile.TarInfo(name), text) for name, text in forged.items()]

    with pytest.raises(HubError, match=r"warehouse\.duckdb has another digest"):
        unpacked(tar_of([(tarfile.TarInfo("manifest.json"), manifest.encoded()), *entries]))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["warehouse.duckdb", RECEIPT], r"receipts/latest\.json is missing"),
        ([RECEIPT, "warehouse.duckdb", "receipts/latest.json"], r"warehouse\.duckdb is missing"),
        ([*CONTENT, "receipts/more.json"], "more than its manifest lists"),
    ],
)
def test_members_are_those_of_the_manifest_in_its_order(unpacked, names, said):
    with pytest.raises(HubError, match=said):
        unpacked(of_names(*names, manifest=manifest_of(CONTENT)))


def test_a_link_is_no_member(unpacked, tmp_path):
    link = tarfile.TarInfo("warehouse.duckdb")
    link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "elsewhere")
    listed = (tarfile.TarInfo("manifest.json"), manifest_of(CONTENT).encoded())

    with pytest.raises(HubError, match=r"warehouse\.duckdb is missing"):
        unpacked(tar_of([listed, (link, b"")]))


@pytest.mark.parametrize(
    "name", ["../evil", "/tmp/evil", "receipts/../../evil.json", "receipts/x.json", "hub.py"]
)
def test_a_manifest_can_name_nothing_that_no_backup_has(unpacked, tmp_path, name):
    content = {"warehouse.duckdb": b"w", name: b"?"}

    with pytest.raises(HubError, match="which no backup has"):
        unpacked(packed(content))
    assert files_in(tmp_path) == {}


@pytest.mark.parametrize(
    "content", [{}, {RECEIPT: b"{}"}, {RECEIPT: b"{}", "warehouse.duckdb": b"w"}]
)
def test_the_warehouse_comes_first(unpacked, content):
    with pytest.raises(HubError, match="does not list one warehouse"):
        unpacked(packed(content))


def test_another_format_is_told_before_anything_is_written(unpacked, tmp_path):
    later = manifest_of(CONTENT, format=BACKUP_FORMAT + 1)

    with pytest.raises(HubError, match=r"it has format 2.*a newer one"):
        unpacked(packed(CONTENT, later))
    assert files_in(tmp_path) == {}


def test_a_manifest_that_is_none_is_told(unpacked):
    with pytest.raises(HubError, match="its manifest cannot be read"):
        unpacked(tar_of([(tarfile.TarInfo("manifest.json"), b'{"format": 1}')]))


def test_any_other_archive_is_no_backup(unpacked):
    with pytest.raises(HubError, match="no backup of the hub"):
        unpacked(tar_of([(tarfile.TarInfo("README.md"), b"hello")]))
    with pytest.raises(HubError, match="cannot be read to its end"):
        unpacked(zstandard.ZstdCompressor().compress(b"no tar at all" * 1000))
    with pytest.raises(HubError, match="no backup of the hub"):
        unpacked(tar_of([]))


def test_the_check_of_the_manifest_ends_it_before_anything_is_written(tmp_path):
    def refuse(manifest: Manifest) -> None:
        raise HubError("b", manifest.run_id, "Stop.")

    with pytest.raises(HubError, match="0123abcd"):
        unpack(io.BytesIO(packed(CONTENT)), tmp_path / "made", "b", refuse)
    assert files_in(tmp_path) == {}
