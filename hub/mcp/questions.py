"""What programs may ask, as tools: their parameters, and what is said of them to whoever picks one.

Each reads the newest published snapshot, and each answer says as of which run it is.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field

from hub.mcp.asking import Limits, as_of, asked
from hub.mcp.sql import Queries
from hub.published.reconciliation import reconciliation
from hub.published.snapshots import newest
from hub.published.tables import GREATEST_ID, KeyHash, describe, rows_of_key, target, targets
from hub.queries.catalog import columns_of, list_tables
from hub.queries.dead_letters import DeadLetterChoice, page_of_dead_letters
from hub.queries.explain import answer, parse_question
from hub.queries.health import examine_contents
from hub.queries.lists import list_runs, run_line
from hub.queries.raw_text import RawText, raw_text_for
from hub.queries.receipt import entity_receipt, receipt
from hub.queries.rows import rows
from hub.scaffold.contract import read_contract, sensitive_entities
from loader.config.project import Project
from loader.errors import WrongUse
from loader.warehouse.run_log import find_run

Answer = dict[str, Any]

Entity = Annotated[str, Field(description="An entity, such as events: list_entities has them.")]
Rows = Annotated[int, Field(ge=1, le=200, description="How many rows at most.")]


class Questions:
    """The questions about a project, each a tool.

    limits: of all but SQL.   queries: answers SQL.
    """

    def __init__(self, project: Project, limits: Limits, queries: Queries) -> None:
        self._project = project
        self._limits = limits
        self._queries = queries

    @property
    def all(self) -> list[Callable[..., Answer]]:
        """All tools, in the order in which they are shown."""
        return [
            self.list_entities,
            self.describe_contract,
            self.find_record,
            self.explain_record,
            self.list_dead_letters,
            self.compare_sources,
            self.check_health,
            self.list_runs,
            self.show_receipt,
            self.describe_tables,
            self.query_sql,
        ]

    def list_entities(self) -> Answer:
        """List the entities: what each is made of, its key, its sources, its number of rows, and
        the columns of its target table (marts.ENTITY). Start here."""
        with asked(self._project, self._limits) as ask:
            found = describe(ask.snapshot, ask.cursor, self._project.vars.sources)
            return ask.answer(entities=ask.whole(found))

    def describe_contract(self, entity: Entity) -> Answer:
        """Describe the contract of an entity: its columns with type and rules, which record wins a
        key, and in words each reason for which a record is rejected. It is the contract as the
        project's files have it now. `general_reasons` are those that records of any entity may be
        rejected for."""
        with asked(self._project, self._limits) as ask:
            self._project.require_entity(entity)
            contract = read_contract(self._project.root, entity)
            general = rows(
                ask.cursor, "select reason, meaning, what_to_do from ops.reasons order by reason"
            )
            return ask.answer(
                contract=ask.whole(asdict(contract)), general_reasons=ask.whole(general)
            )

    def find_record(
        self,
        key: Annotated[str, Field(min_length=1, description="The key, such as evt-003.")],
        entity: Annotated[
            str | None, Field(description="Only of this entity; without it, all are searched.")
        ] = None,
    ) -> Answer:
        """Find the row that a target holds for a key: the state that counts now. If there is none,
        explain_record tells what became of the records of that key."""
        with asked(self._project, self._limits) as ask:
            key_hash = self._key_hash.of(ask.cursor, key)
            found = [
                {"entity": table.entity, "row": row}
                for table in targets(ask.snapshot, entity)
                for row in rows_of_key(ask.cursor, table, key_hash, key)
            ]
            return ask.answer(found=ask.whole(found))

    def explain_record(
        self,
        about: Annotated[
            str,
            Field(
                min_length=1,
                description="A key (evt-003), a row of a file (app/events.json:4), or an offset of "
                "a topic (clicks/0@17).",
            ),
        ],
    ) -> Answer:
        """Explain why: everything that became of the records of a key or a place, oldest first.

        Each record has its raw text, where it came from, every decision on it (applied, superseded,
        outdated, late, rejected or duplicate) with the explanation in words, the reasons, whether
        it is the current row of its key, and its dead letter, if any. No records: none was seen."""
        with asked(self._project, self._limits) as ask:
            story = answer(
                ask.cursor,
                self._project,
                parse_question(about, None),
                self._raw_text,
                lambda key: self._key_hash.of(ask.cursor, key),
            )
            shown = ask.listed(story["records"])
            more = story["more_records"] or len(shown) < len(story["records"])
            parts = {"asked": ask.whole(story["asked"]), "records": shown, "more_records": more}
            return ask.answer(**story | parts)

    def list_dead_letters(
        self,
        entity: Annotated[str | None, Field(description="Of this entity.")] = None,
        source: Annotated[str | None, Field(description="Of this source.")] = None,
        reason: Annotated[
            str | None, Field(description="With this reason, such as missing_key.")
        ] = None,
        status: Annotated[
            Literal["open", "resolved", "discarded", "all"],
            Field(description="open: somebody should look; resolved: accepted since; discarded."),
        ] = "open",
        after: Annotated[
            int, Field(ge=0, le=GREATEST_ID, description="`next` of the page before.")
        ] = 0,
        limit: Rows = 20,
    ) -> Answer:
        """List dead letters: records that were rejected, each with its raw text, all reasons, and
        the explanation in words. Ask again with `after` = `next` until that is null."""
        if entity is not None:
            self._project.require_entity(entity)
        choice = DeadLetterChoice(entity, source, reason)
        wanted = None if status == "all" else status
        with asked(self._project, self._limits) as ask:
            found = page_of_dead_letters(
                ask.cursor, choice, wanted, after, limit + 1, self._raw_text
            )
            shown, following = ask.page(found, limit, "record_id")
            return ask.answer(dead_letters=shown, next=following)

    def compare_sources(
        self,
        entity: Entity,
        status: Annotated[
            Literal["matched", "mismatched", "single_source", "stale_source"] | None,
            Field(description="Only keys with this status."),
        ] = None,
        after: Annotated[str | None, Field(description="`next` of the page before.")] = None,
        limit: Rows = 20,
    ) -> Answer:
        """Compare what several sources say of the same keys (reconciliation): how many keys match,
        differ, or are known to one source only, and the keys with what each source says."""
        with asked(self._project, self._limits) as ask:
            found = reconciliation(
                ask.snapshot, ask.cursor, self._key_hash, entity, status, after, limit
            )
            key = target(ask.snapshot, entity).key
            shown, following = ask.page(found.rows, limit, key)
            return ask.answer(
                entity=entity, counts=found.counts, keys=shown, next=following or found.after
            )

    def check_health(self) -> Answer:
        """Check whether the warehouse adds up: every record accounted for, nothing unfinished,
        sources fresh, and what somebody should look at. Each finding is ok, warn or fail, with what
        to do. `hub doctor` looks at files, locks and the disk, too."""
        with asked(self._project, self._limits) as ask:
            findings = [asdict(finding) for finding in examine_contents(ask.cursor, self._project)]
            return ask.answer(findings=ask.whole(findings))

    def list_runs(
        self,
        before: Annotated[str | None, Field(description="`next` of the page before.")] = None,
    ) -> Answer:
        """List the runs, the latest first: command, status, times and errors."""
        with asked(self._project, self._limits) as ask:
            found, following = list_runs(ask.cursor, before)
            shown_of = self._raw_text.within(ask.cursor).of_run
            lines = [run_line(shown_of(run)) for run in found]
            shown, cut_at = ask.page(lines, len(lines), "run_id")
            return ask.answer(runs=shown, next=cut_at or following)

    def show_receipt(
        self,
        run_id: Annotated[
            str | None, Field(description="A run, as list_runs has it; without it, the latest.")
        ] = None,
        entity: Annotated[
            str | None, Field(description="Only of this entity, in full; shorter.")
        ] = None,
    ) -> Answer:
        """Show the receipt of a run: per source how many records came in and what became of them,
        per entity what its tables held then, quality, stages, warnings and errors."""
        with asked(self._project, self._limits) as ask:
            run = self._raw_text.within(ask.cursor).of_run(find_run(ask.cursor, run_id))
            found = receipt(ask.cursor, self._project, run, is_now=run_id is None)
            if entity is not None:
                found = entity_receipt(found, entity)
            return ask.answer(receipt=ask.whole(found))

    def describe_tables(
        self,
        table: Annotated[
            str | None,
            Field(description="One table or view with its schema, such as ops.decisions."),
        ] = None,
    ) -> Answer:
        """Describe what query_sql can ask: all tables and views with what they hold; or the columns
        of one. marts has the targets, ops what became of records, raw what came in."""
        with asked(self._project, self._limits) as ask:
            if table is None:
                return ask.answer(tables=ask.whole(list_tables(ask.cursor)))
            columns = columns_of(ask.cursor, table)
            if not columns:
                raise WrongUse(
                    f"table {table}", "there is none", "describe_tables without a table lists all."
                )
            return ask.answer(table=table, columns=ask.whole(columns))

    def query_sql(
        self,
        query: Annotated[
            str,
            Field(
                min_length=1,
                max_length=20_000,
                description="One query in DuckDB's SQL, such as: select outcome, count(*) from "
                "ops.record_outcomes group by outcome",
            ),
        ],
        limit: Annotated[int, Field(ge=1, le=1_000, description="How many rows at most.")] = 100,
    ) -> Answer:
        """Ask the newest snapshot a query in DuckDB's SQL. Only reading, one query at a time: no
        files, no network, no settings. Time, memory and the answer's length are limited: count and
        group rather than fetch rows. describe_tables has the tables; a query should name the schema
        (marts.events). Rows are lists in the order of `columns`; `more`: there are further rows."""
        with newest(self._project) as snapshot, closing(snapshot.cursor()) as cursor:
            open_sources = self._raw_text.within(cursor).open_sources()
            found = self._queries.answer(snapshot.path, query, limit, open_sources)
            return {
                "as_of": as_of(snapshot.run_id, snapshot.as_of),
                "columns": [{"name": each.name, "type": each.type} for each in found.columns],
                "rows": found.rows,
                "more": found.more,
                "texts_cut": found.cut,
            }

    @cached_property
    def _key_hash(self) -> KeyHash:
        return KeyHash(self._project)

    @cached_property
    def _raw_text(self) -> RawText:
        """Programs are readers: whatever they are shown may go anywhere."""
        return raw_text_for(self._project, sensitive_entities(self._project.root))
