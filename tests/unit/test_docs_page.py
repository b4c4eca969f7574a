"""The page of the data documentation: which graphs it offers, and what it leaves out."""

from typing import Any

import pytest

from hub.docs_page import CATALOG, MANIFEST, graphs, join_page
from loader.errors import HubError


def manifest() -> dict[str, Any]:
    def model(name: str, *tags: str) -> dict[str, Any]:
        return {"resource_type": "model", "name": name, "tags": list(tags)}

    def source(path: str) -> dict[str, Any]:
        return {"resource_type": "source", "original_file_path": path}

    return {
        "nodes": {
            "model.hub.orders": model("orders", "orders"),
            "model.hub.orders_decisions": model("orders_decisions", "orders"),
            "model.hub.clicks": model("clicks", "clicks"),
            "model.hub.run_log": model("run_log"),
        },
        "sources": {
            "source.hub.raw.web": source("models/staging/web/web.yml"),
            "source.hub.raw.loads": source("models/ops/_loader_tables.yml"),
        },
        "unit_tests": {"unit_test.hub.clicks.says_so": {}},
        "parent_map": {
            "model.hub.clicks": ["source.hub.raw.web"],
            "unit_test.hub.clicks.says_so": ["model.hub.clicks"],
        },
        "child_map": {
            "model.hub.clicks": ["unit_test.hub.clicks.says_so"],
            "unit_test.hub.clicks.says_so": [],
        },
    }


def test_there_is_a_graph_of_all_entities_of_each_and_of_the_reports():
    titles = [graph.title for graph in graphs(manifest())]
    assert titles == ["all entities", "clicks", "orders", "the reports in ops"]


def test_an_address_has_what_a_graph_shows_and_leaves_out():
    graph = next(graph for graph in graphs(manifest()) if graph.title == "clicks")
    assert graph.address.startswith("#!/overview?g_v=1&g_i=%2Btag:clicks%20decisions%20")
    assert graph.address.endswith("&g_e=source:ops%20source:raw.loads%20source:raw.sources")


def test_unit_tests_are_no_part_of_the_page():
    page = join_page(f"<body>{MANIFEST} {CATALOG}</body>", manifest(), '{"the": "catalog"}')
    assert '{"the": "catalog"}' in page
    assert "model.hub.clicks" in page
    assert "says_so" not in page


def test_records_and_tables_of_the_loader_have_colours_of_their_own():
    page = join_page(f"{MANIFEST} {CATALOG}", manifest(), "{}")
    colours = {part.split('"')[2] for part in page.split("node_color")[1:]}
    assert len(colours) == 2


def test_a_page_without_places_for_its_data_is_refused():
    with pytest.raises(HubError, match="keeps the data of its page elsewhere"):
        join_page("<body></body>", manifest(), "{}")
