"""A column that its contract has no more."""

import pytest

from hub.scaffold.__main__ import main as write_derived_files
from tests.support.workbench import Workbench


@pytest.mark.nightly
def test_a_column_that_is_taken_out_is_null_in_new_rows(own_built: Workbench) -> None:
    bench = own_built
    click = {"event_id": "c1", "event_timestamp": "2025-01-15T08:00:00", "event_type": "search"}
    click |= {"user_id": "u", "product_id": "p"}
    bench.drop("web/1.ndjson", [click])
    bench.run()
    bench.edit(
        "macros/contracts/clicks.sql",
        "            'product_id': {\n"
        "                'type': 'string',\n"
        "                'description': 'On which product; NULL where there is none.',\n"
        "            },\n",
        "",
    )
    bench.edit(
        "models/staging/web/stg_web__clicks.sql",
        " as page_url,\n    {{ json_text('product_id') }} as product_id\n",
        " as page_url\n",
    )
    write_derived_files()
    for number in (2, 3):
        bench.drop(f"web/{number}.ndjson", [click | {"event_id": f"c{number}"}])
        receipt = bench.run()
        assert receipt["status"] == "succeeded", receipt["errors"]
    assert bench.sql("select event_id, product_id from marts.clicks order by 1") == [
        ("c1", "p"),
        ("c2", None),
        ("c3", None),
    ]
