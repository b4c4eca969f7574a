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


def write_trivial_project(root: Path, target: Path) -> Counter[str]:
    """Write it, with one node for each that another project ran; returns how many of which kind.

    target: the target folder of that project, after a `dbt build`.
    """
    manifest = json.loads((target / "manifest.json").read_text())
    results = json.loads((target / "run_results.json").read_text())["results"]
    kinds: Counter[str] = Counter()
    for result in results:
        node = manifest["nodes"].get(result["unique_id"])
        # what is in no list of nodes is a hook
        kind = node["resource_type"] if node else "hook"
        kinds[node["config"]["materialized"] if kind == "model" else kind] += 1

    for folder in ("models", "tests", "seeds", "snapshots"):
        (root / folder).mkdir(parents=True)
    hooks = ['"select 1"'] * kinds["hook"]
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
    return kinds
