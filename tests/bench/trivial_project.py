"""A dbt project that does nothing, in as many nodes as another: what dbt itself costs."""

import json
from collections import Counter
from pathlib import Path

_PROJECT = """
name: trivial
version: "1.0"
profile: trivial
flags: {{send_anonymous_usage_stats: false, use_colors: false}}
on-run-start: [{starting}]
on-run-end: [{ending}]
"""

_PROFILE = """
trivial:
  target: duckdb
  outputs:
    duckdb: {type: duckdb, path: trivial.duckdb, schema: main, threads: 1}
"""

_SNAPSHOT = """
{{% snapshot {name} %}}
{{{{ config(unique_key='id', strategy='check', check_cols=['n']) }}}}
select 1 as id, 1 as n
{{% endsnapshot %}}
"""

_MODEL = "{{{{ config(materialized='{kind}') }}}}\nselect 1 as n\n"
_INCREMENTAL = "{% if is_incremental() %}where 1 = 0{% endif %}\n"
_TEST = "select * from {{ ref('model_1') }} where n is null\n"


def kinds_of_nodes(target: Path) -> Counter[str]:
    """How many nodes of which kind dbt ran last. target: the target folder of the project."""
    nodes = json.loads((target / "manifest.json").read_text())["nodes"]
    results = json.loads((target / "run_results.json").read_text())["results"]
    ran = [nodes[result["unique_id"]] for result in results]
    return Counter(
        node["config"]["materialized"]
        if node["resource_type"] == "model"
        else node["resource_type"]
        for node in ran
    )


def write_trivial_project(root: Path, kinds: Counter[str]) -> None:
    """Write a project with so many nodes of each kind, as kinds_of_nodes() names them."""
    for folder in ("models", "tests", "seeds", "snapshots"):
        (root / folder).mkdir(parents=True)
    # dbt calls a hook an operation
    hooks = ['"select 1"'] * kinds["operation"]
    half = len(hooks) // 2
    project = _PROJECT.format(starting=", ".join(hooks[:half]), ending=", ".join(hooks[half:]))
    (root / "dbt_project.yml").write_text(project)
    (root / "profiles.yml").write_text(_PROFILE)
    models = [kind for kind in ("table", "view", "incremental") for _ in range(kinds[kind])]
    for number, kind in enumerate(models, start=1):
        sql = _MODEL.format(kind=kind) + (_INCREMENTAL if kind == "incremental" else "")
        (root / "models" / f"model_{number}.sql").write_text(sql)
    for number in range(kinds["test"]):
        (root / "tests" / f"test_{number}.sql").write_text(_TEST)
    for number in range(kinds["seed"]):
        (root / "seeds" / f"seed_{number}.csv").write_text("id,n\n1,1\n")
    for number in range(kinds["snapshot"]):
        name = f"snapshot_{number}"
        (root / "snapshots" / f"{name}.sql").write_text(_SNAPSHOT.format(name=name))
