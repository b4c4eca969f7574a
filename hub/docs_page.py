"""Write the data documentation as one page, target/static_index.html, with a readable graph.

`dbt docs generate` writes the parts, and `--static` would join them as they are. The graph of that
page shows each unit test as a node (half of all nodes), draws arrows in almost the colour of the
background, and gives the loader's own tables, which every model reads, the same green as the raw
records. This module joins the same parts with that put right.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from loader.errors import HubError

# Where the page of dbt-core 1.11 wants its data.
MANIFEST, CATALOG = '"MANIFEST.JSON INLINE DATA"', '"CATALOG.JSON INLINE DATA"'
# What is replaced in that page, and by what. A test fails when a new page lacks one of them.
REPLACEMENTS = (
    # arrows that can be seen, and that leave room for names
    ('"#006f8a"', '"#8fc7d8"'),
    ('name:"dagre",rankDir:"LR",rankSep:200', 'name:"dagre",rankDir:"LR",rankSep:70'),
    # the button at the lower right shows everything, and highlights what was asked for
    (
        '(t.include="",t.exclude="");var n=f(t,"horizontal",!0)',
        '(t.include="{include}",t.exclude="{exclude}");var n=f(t,"horizontal",!!e)',
    ),
    # the page opens a graph only as it loads, so a link to one must load it
    (
        "</body>",
        """<script>
addEventListener("click", (event) => {{
    const link = event.target.closest('[marked] a[href*="g_v=1"]');
    if (link) {{ location.href = link.href; location.reload(); }}
}});
</script></body>""",
    ),
)

RAW_RECORDS, LOADER_TABLES = "#3f7d1a", "#5b6770"
_LOADER_TABLES = "source:ops source:raw.loads source:raw.sources"
_REPORTS = "decisions record_outcomes dead_letters lineage"


@dataclass(frozen=True)
class Graph:
    """A part of the lineage graph: its title, what it shows and what it leaves out."""

    title: str
    include: str
    exclude: str = ""

    @property
    def address(self) -> str:
        """What follows the page's own address, so that it opens as this graph."""
        exclude = f"&g_e={_quoted(self.exclude)}" if self.exclude else ""
        return f"#!/overview?g_v=1&g_i={_quoted(self.include)}{exclude}"


def graphs(manifest: dict[str, Any]) -> list[Graph]:
    """Return the graphs that can be read: all entities, each of them, and the reports in ops."""
    entities = sorted(
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["name"] in node["tags"]
    )
    chains = [f"+tag:{entity}" for entity in entities]
    return [
        Graph("all entities", " ".join([*chains, _REPORTS]), _LOADER_TABLES),
        *(
            Graph(entity, f"{chain} {_REPORTS}", _LOADER_TABLES)
            for entity, chain in zip(entities, chains, strict=True)
        ),
        Graph("the reports in ops", "path:models/ops", "source:ops source:raw"),
    ]


def join_page(index: str, manifest: dict[str, Any], catalog: str) -> str:
    """Return dbt's page with manifest and catalog in it, and with a readable graph."""
    if MANIFEST not in index or CATALOG not in index:
        raise HubError(
            "target/index.html",
            "this version of dbt keeps the data of its page elsewhere",
            "Run `dbt docs generate --static` instead, whose graph shows the unit tests, too.",
        )
    first = graphs(manifest)[0]
    for old, new in REPLACEMENTS:
        index = index.replace(old, new.format(include=first.include, exclude=first.exclude))
    return index.replace(CATALOG, catalog).replace(MANIFEST, json.dumps(_readable(manifest)))


def _readable(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest without unit tests, its sources coloured by who writes them."""
    tests = set(manifest["unit_tests"])
    edges = {
        name: {
            node: [other for other in others if other not in tests]
            for node, others in manifest[name].items()
            if node not in tests
        }
        for name in ("parent_map", "child_map")
    }
    sources = {
        name: {
            **source,
            "docs": {
                "show": True,
                "node_color": LOADER_TABLES
                if source["original_file_path"].startswith("models/ops/")
                else RAW_RECORDS,
            },
        }
        for name, source in manifest["sources"].items()
    }
    return {**manifest, **edges, "sources": sources, "unit_tests": {}}


def _quoted(selection: str) -> str:
    return quote(selection, safe=":./")


def main() -> None:
    """Join the parts in target/ into one page, and print the addresses of its graphs."""
    target = Path("target")
    manifest = json.loads((target / "manifest.json").read_text())
    page = target / "static_index.html"
    page.write_text(
        join_page(
            (target / "index.html").read_text(), manifest, (target / "catalog.json").read_text()
        )
    )
    address = page.absolute().as_uri()
    print(f"The documentation of every table, as one page:\n  {address}")
    for graph in graphs(manifest):
        print(f"The lineage graph of {graph.title}:\n  {address}{graph.address}")


if __name__ == "__main__":
    main()
