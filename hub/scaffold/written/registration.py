"""Registers sources under `vars: sources` of dbt_project.yml, with all that stands there kept."""

import io

from loader.errors import WrongUse

FILE = "dbt_project.yml"


def with_source(text: str, entity: str, source: str) -> str:
    """The text of dbt_project.yml with one source more for an entity, new or known.

    Raises WrongUse where `vars: sources` is written in a form that cannot be added to.
    """
    # takes 0.1 s to import
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1_000_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    content = yaml.load(text)
    registered = content["vars"]["sources"]
    if not isinstance(registered, CommentedMap):
        raise WrongUse(f"{FILE}: vars: sources", "it is no mapping", "Write `entity: [source]`.")
    if entity not in registered:
        names = CommentedSeq()
        names.fa.set_flow_style()
        registered[entity] = names
    registered[entity].append(source)
    written = io.StringIO()
    yaml.dump(content, written)
    return written.getvalue()
