"""The models of an entity's chain, and its history, as they follow from its contract."""

from collections.abc import Sequence

from hub.scaffold.contract import Contract
from hub.scaffold.derived.columns import (
    ACCEPTED,
    CHECKED,
    DECISIONS,
    ENDED,
    HISTORY,
    LINEAGE,
    RECONCILED,
    RECONCILING,
    UNIONED,
    comparable,
    described,
    own,
)
from hub.scaffold.derived.relation import DerivedColumn, Relation
from hub.scaffold.vocabulary import Vocabulary
from loader.errors import WrongUse

# a column of a target that has another name in the records applied
_APPLIED_AS = {"ingested_at": "landed_at", "applied_at": "decided_at"}
_AFTER_DECISIONS = (
    "forget_completed",
    "remember_order",
    "remember_sensitive_columns",
    "note_dead_letters",
)
_STATUSES = ("matched", "mismatched", "stale_source", "single_source")


def chain_of(contract: Contract, words: Vocabulary) -> list[Relation]:
    """Every model of an entity's chain, in the order of the chain, and its history if it has one.

    contract: the entity's contract.   words: what the shared columns hold.
    Raises WrongUse where a column of the contract has the name of one of the chain's own.
    """
    _check_names(contract)
    chain = [unioned(contract, words), checked(contract, words), decisions(contract, words)]
    if contract.compared:
        chain.append(accepted(contract, words))
    if contract.has_history:
        chain.append(ended(contract, words))
    chain.append(target(contract, words))
    if contract.compared:
        chain.append(reconciliation(contract, words))
    if contract.has_history:
        chain.append(history(contract, words))
    return chain


def unioned(contract: Contract, words: Vocabulary) -> Relation:
    """int_<entity>__unioned: what all sources sent, as text."""
    entity = contract.entity
    return Relation(
        "models/intermediate",
        f"int_{entity}__unioned",
        entity,
        contract.file,
        f"The {entity} of all registered sources in the shape of the contract, as text. "
        "One row per record.",
        f"{{{{ union_sources('{entity}') }}}}",
        (
            *described(UNIONED, words),
            *(own(column, data_type="string") for column in contract.columns),
        ),
        config=(
            "# not ephemeral: dbt takes longer to paste its text into the next model",
            "materialized: view",
        ),
    )


def checked(contract: Contract, words: Vocabulary) -> Relation:
    """int_<entity>__checked: the records not decided yet, typed, with their reasons."""
    entity = contract.entity
    # key and event time stand there under their general names
    general = (contract.key, contract.event_time)
    return Relation(
        "models/intermediate",
        f"int_{entity}__checked",
        entity,
        contract.file,
        f"The records of {entity} that are not decided yet, typed and checked against the "
        "contract. One row per record and attempt.",
        f"{{{{ check_records('{entity}') }}}}",
        (
            *described(CHECKED, words, record="checked_record"),
            *(comparable(column) for column in contract.columns if column.has_comparable),
            *(
                own(column)
                for column in contract.columns
                if column.is_compared or column.name not in general
            ),
        ),
        config=(
            "database: scratch",
            "# it writes to the warehouse, and a transaction may write to one database only",
            f"pre_hook: {{sql: \"{{{{ begin_entity('{entity}') }}}}\", transaction: false}}",
        ),
    )


def decisions(contract: Contract, words: Vocabulary) -> Relation:
    """ops.<entity>_decisions: what became of each record."""
    entity = contract.entity
    return Relation(
        "models/ops",
        f"{entity}_decisions",
        entity,
        contract.file,
        f"What became of every record of {entity}, and why. One row per record and attempt.",
        f"{{{{ decide_records('{entity}') }}}}",
        tuple(
            described(
                DECISIONS,
                words,
                row_number="decided_row_number",
                record="dead_letter_record",
                run_id="deciding_run_id",
            )
        ),
        config=(
            "# the loader creates the table from this file, empty, before dbt starts",
            "materialized: incremental",
            "incremental_strategy: append",
            "on_schema_change: append_new_columns",
            *_hooks("pre_hook", ("forget_removed",), entity),
            *_hooks("post_hook", _AFTER_DECISIONS, entity),
        ),
    )


def accepted(contract: Contract, words: Vocabulary) -> Relation:
    """int_<entity>__accepted: what each source said last of a key."""
    entity = contract.entity
    columns = list(described(ACCEPTED, words))
    for column in contract.compared:
        columns.append(own(column))
        if column.has_comparable:
            columns.append(comparable(column))
    return Relation(
        "models/intermediate",
        f"int_{entity}__accepted",
        entity,
        contract.file,
        "Per source and key the latest record that passed the contract, whether or not it won. "
        f"One row per source and {contract.key}.",
        f"{{{{ latest_accepted('{entity}') }}}}",
        (*columns, *described({"source_key_hash": "bigint"}, words)),
        config=(
            "materialized: incremental",
            "incremental_strategy: project",
            "on_schema_change: append_new_columns",
            "unique_key: source_key_hash",
        ),
    )


def ended(contract: Contract, words: Vocabulary) -> Relation:
    """int_<entity>__ended: the states of rows of the target that stand no more."""
    entity = contract.entity
    return Relation(
        "models/intermediate",
        f"int_{entity}__ended",
        entity,
        contract.file,
        f"The states of the {entity} that stand no more. One row per {contract.key} and period of "
        "validity.",
        f"{{{{ no_states('{entity}') }}}}",
        (*(own(column) for column in contract.columns), *described(ENDED, words)),
        config=(
            "# the projection of the target fills it, in the same transaction",
            "materialized: incremental",
            "incremental_strategy: append",
            "on_schema_change: append_new_columns",
            "# nothing else holds these states",
            "full_refresh: false",
        ),
    )


def target(contract: Contract, words: Vocabulary) -> Relation:
    """marts.<entity>: the rows as they stand."""
    entity = contract.entity
    never_null = (contract.key, contract.event_time)
    general = {contract.key: "record_key", contract.event_time: "event_time"}
    columns = (
        *(own(column, never_null=column.name in never_null) for column in contract.columns),
        *described(LINEAGE, words),
    )
    is_last = not contract.compared
    before = ("note_all_displaced",) if contract.has_history else ()
    after = [
        *(("end_states",) if contract.has_history else ()),
        *(("complete_loads",) if is_last else ()),
    ]
    return Relation(
        "models/marts",
        entity,
        entity,
        contract.file,
        f"The {entity} as they stand, each with the identity of the record that won its key. "
        f"One row per {contract.key}.",
        _select(
            "applied",
            f"applied_records('{entity}')",
            {column.name: (general | _APPLIED_AS).get(column.name) for column in columns},
        ),
        columns,
        config=(
            "unique_key: key_hash",
            "contract: {enforced: true}",
            *_hooks("pre_hook", before, entity),
            *_hooks("post_hook", after, entity),
        ),
        data_tests=_proofs(entity) if is_last else (),
    )


def reconciliation(contract: Contract, words: Vocabulary) -> Relation:
    """marts.<entity>_reconciliation: whether the sources agree on a key."""
    entity = contract.entity
    key = next(column for column in contract.columns if column.name == contract.key)
    columns = [
        own(key),
        DerivedColumn("status", "string", words["reconciliation_status"], allowed=_STATUSES),
        *described(RECONCILED, words),
    ]
    for column in contract.compared:
        columns.append(
            DerivedColumn(
                f"{column.name}_by_source",
                "string[]",
                f"What each source says of {column.name}, as source=value.",
            )
        )
        if column.is_number:
            columns.append(
                DerivedColumn(
                    f"{column.name}_spread",
                    "double",
                    f"The greatest {column.name} less the smallest.",
                )
            )
    columns += described(RECONCILING, words, run_id="reconciling_run_id")
    return Relation(
        "models/marts",
        f"{entity}_reconciliation",
        entity,
        contract.file,
        f"What the sources of {entity} say of one key, compared within the tolerances of the "
        f"contract. One row per {contract.key}.",
        _select(
            "reconciled",
            f"reconcile_sources('{entity}')",
            {column.name: None for column in columns},
        ),
        tuple(columns),
        config=(
            "unique_key: key_hash",
            *_hooks("post_hook", ("complete_loads", "complete_reconciliation"), entity),
        ),
        # here and not at the target: what fails there holds back the completion of loads
        data_tests=_proofs(entity),
    )


def history(contract: Contract, words: Vocabulary) -> Relation:
    """marts.<entity>_history: every state of a row that a build saw."""
    entity = contract.entity
    return Relation(
        "snapshots",
        f"{entity}_history",
        entity,
        contract.file,
        f"Every state of the {entity} that a build ever saw (SCD2). "
        f"One row per {contract.key} and period of validity.",
        f"""\
{{% snapshot {entity}_history %}}
{{{{ config(unique_key='key_hash', strategy='states') }}}}
{{{{ states_of('{entity}') }}}}
{{% endsnapshot %}}""",
        (*(own(column) for column in contract.columns), *described(HISTORY, words)),
        kind="snapshots",
    )


def _hooks(kind: str, macros: Sequence[str], entity: str) -> tuple[str, ...]:
    """Lines of the config: macros that are called with the entity before a model is built, or
    after."""
    calls = [f"\"{{{{ {macro}('{entity}') }}}}\"" for macro in macros]
    if len(calls) > 1:
        return (f"{kind}:", *(f"  - {call}" for call in calls))
    return tuple(f"{kind}: {call}" for call in calls)


def _proofs(entity: str) -> tuple[str, ...]:
    """What the last model of a chain proves of the whole."""
    return tuple(
        f"- {claim}: {{arguments: {{entity: {entity}}}}}"
        for claim in ("holds_the_greatest_of_each_key", "accounts_for_every_record")
    )


def _select(name: str, macro: str, columns: dict[str, str | None]) -> str:
    """A query that lists its columns: column -> its name in what the macro gives, None for the
    same."""
    listed = ",\n".join(
        f"    {inner} as {column}" if inner and inner != column else f"    {column}"
        for column, inner in columns.items()
    )
    return f"""\
with

{name} as (

    {{{{ {macro} | indent(4) }}}}

)

select
{listed}
from {name}"""


def _check_names(contract: Contract) -> None:
    general = {"record_key": contract.key, "event_time": contract.event_time}
    taken = {*CHECKED, *LINEAGE, *ENDED, *HISTORY, *UNIONED, *_APPLIED_AS.values()}
    for column in contract.columns:
        if column.name in taken and general.get(column.name) != column.name:
            raise WrongUse(
                f"{contract.file}: {column.name}",
                "the hub has a column of this name beside the contract's",
                "Choose another name; the adapters may keep the source's.",
            )
