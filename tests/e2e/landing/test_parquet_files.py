"""Parquet files land exactly, or not at all, and the ledger says why."""

from decimal import Decimal

import pyarrow as pa
import pytest

from tests.support.landed import raw, reasons
from tests.support.parquet_files import first_page, parquet_of
from tests.support.workbench import Workbench


def one_bit_wrong() -> bytes:
    content = bytearray(parquet_of({"v": ["order_002"]}, write_page_checksum=True))
    _, page, _ = first_page(bytes(content))
    content[page] ^= 1
    return bytes(content)


def small_and_hungry() -> bytes:
    # each value takes more than a reader may have, whatever it reads at once
    text = pa.DictionaryArray.from_arrays(
        pa.array([0] * 20, pa.int32()), pa.array(["x" * 60_000_000])
    )
    return parquet_of({"v": text}, dictionary_pagesize_limit=64 << 20)


@pytest.mark.slow
def test_each_file_that_does_not_land_has_a_true_reason(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = parquet_of({"key": ["k1"], "": [Decimal("1.10")]})
    late = [0] * 5000 + [2**31 - 1]
    bench.drop("app/a.parquet", parquet_of({"d": pa.array([Decimal("9" * 39)])}))
    bench.drop("app/b.parquet", parquet_of({"d": pa.array(late, pa.date32())}))
    bench.drop("app/c.parquet", b"PARE" + whole[4:-4] + b"PARE")
    bench.drop("app/d.parquet", one_bit_wrong())
    bench.drop("app/e.parquet", whole[:-9])
    bench.drop("app/f.parquet", small_and_hungry())
    bench.drop("app/g.parquet", whole)
    monkeypatch.setenv("HUB_MEMORY_LIMIT", "100MB")

    found = reasons(bench.land())

    assert found == {
        "app/a.parquet": "unsupported_parquet",
        "app/b.parquet": "unsupported_parquet",
        "app/c.parquet": "encrypted_parquet",
        "app/d.parquet": "damaged_parquet",
        "app/e.parquet": "truncated_parquet",
        "app/f.parquet": "out_of_memory",
        "app/g.parquet": "",
    }
    assert raw(bench) == ['{"key":"k1","":1.10}']
    assert bench.sql("select file from raw.loads where status = 'held'") == [("app/f.parquet",)]
    assert "column d: the type DATE with the value 2147483647" in str(
        bench.sql("select reason from raw.loads where file = 'app/b.parquet'")
    )
