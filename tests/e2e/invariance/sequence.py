"""A hub and the oracle that go through the same steps, in any order; after each they must agree."""

import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hub.commands import dead_letters, rules, runs
from hub.queries.dead_letters import DeadLetterChoice
from hub.queries.reprocess import ReprocessChoice
from tests.e2e.invariance.test_oracle import hold_to, start_over
from tests.support.oracle import (
    ENTITIES,
    SOURCES,
    Choice,
    File,
    Found,
    Letter,
    Oracle,
    Policy,
    in_order_of_landing,
    sources_of,
)
from tests.support.oracle.entities import Entity
from tests.support.record_strategies import DELETIONS, NOW, Sender, Shape
from tests.support.shipped import register
from tests.support.workbench import Workbench

WITH_HISTORY = ("events", "orders")
_FULL = {"events": "app", "clicks": "web"}  # what may be delivered in full, by one source alone


@dataclass(frozen=True)
class Change:
    """A change of a contract: in its text, and as the oracle knows it."""

    old: str
    new: str
    apply: Callable[[Entity], Entity]


def _column(name: str, **changes: Any) -> Callable[[Entity], Entity]:
    def apply(entity: Entity) -> Entity:
        column = replace(entity.columns[name], **changes)
        return replace(entity, columns={**entity.columns, name: column})

    return apply


def _deleting(entity: str) -> Change:
    column, word = DELETIONS[entity]
    # a column of the type json is handed over as JSON
    text = json.dumps(word) if ENTITIES[entity].columns[column].kind == "json" else word
    asked = f"'deleted_when': {{'column': '{column}', 'values': ['{text}']}}"
    shipped = "'deleted_when': {'column': 'category', 'values': ['withdrawn']}"
    return Change(
        *((shipped, asked) if entity == "measurements" else ("'prefer':", f"{asked}, 'prefer':")),
        lambda contract: replace(contract, deleted_when=(column, (word,))),
    )


def _optional(column: str, between: str) -> Change:
    return Change(
        f"'{column}': {{{between}'required': true,",
        f"'{column}': {{{between}",
        _column(column, required=False),
    )


_BLOCK = "\n                "
CHANGES: dict[str, dict[str, Change]] = {
    "events": {
        "deletions": _deleting("events"),
        "value is optional": _optional("value", "'type': 'number', "),
        "fewer names are allowed": Change(
            "'name': {'type': 'string', 'required': true,",
            "'name': {'type': 'string', 'required': true, 'allowed': ['signup', '7', 'D'],",
            _column("name", allowed=("signup", "7", "D")),
        ),
    },
    "orders": {
        "deletions": _deleting("orders"),
        "status is optional": _optional("status", f"{_BLOCK}'type': 'json',{_BLOCK}"),
        "updated_at is required": Change(
            f"'updated_at': {{{_BLOCK}'type': 'timestamp',",
            f"'updated_at': {{{_BLOCK}'type': 'timestamp', 'required': true,",
            _column("updated_at", required=True),
        ),
    },
    "clicks": {
        "deletions": _deleting("clicks"),
        "user_id is optional": _optional("user_id", "'type': 'string', "),
        "no searches": Change(
            "['page_view', 'add_to_cart', 'purchase', 'search']",
            "['page_view', 'add_to_cart', 'purchase']",
            _column("event_type", allowed=("page_view", "add_to_cart", "purchase")),
        ),
    },
    "measurements": {
        "deletions": _deleting("measurements"),
        "value is optional": _optional("value", f"{_BLOCK}'type': 'number',{_BLOCK}"),
        "timestamp is required": Change(
            f"'timestamp': {{{_BLOCK}'type': 'timestamp',",
            f"'timestamp': {{{_BLOCK}'type': 'timestamp', 'required': true,",
            _column("timestamp", required=True),
        ),
    },
}
# the columns that an adapter may be changed to give in lower case
_LOWERED = {
    "events": ("key", "name"),
    "orders": ("order_id",),
    "clicks": ("event_id", "event_type"),
    "measurements": ("id",),
}
_ZONES = ("UTC", "Asia/Kolkata", "America/New_York")
_NULLS = ((), ("1", "k1"), ("Signup", "shipped", "flow", "2025-05-01"))
_POLICIES = (
    *[Policy()] * 3,
    Policy(late="skip"),
    Policy(late="dead_letter", allowed_lateness=3 * 3600),
    Policy(late="dead_letter"),
)
_SKIPS = (("adapt",), ("deduplicate",), ("validate",), ("reconcile",), ("deduplicate", "validate"))


@dataclass(frozen=True)
class Pristine:
    """The files of a project that steps may change, as they were before the first."""

    root: Path
    files: dict[Path, str]

    @classmethod
    def of(cls, root: Path) -> "Pristine":
        paths = [
            root / "dbt_project.yml",
            *(root / "macros" / "contracts").glob("*.sql"),
            *(root / "models" / "staging").rglob("*.*"),
        ]
        return cls(root, {path: path.read_text() for path in paths})

    def restore(self) -> None:
        for path, text in self.files.items():
            write(path, text)

    def text(self, name: str) -> str:
        return self.files[self.root / name]


def write(path: Path, text: str) -> None:
    """Only where it is another: dbt parses anew what was written."""
    if path.read_text() != text:
        path.write_text(text)


class Sequence:
    """One sequence of steps, all of it given by its seed.

    Every step says what it does, for whoever has to find out what went wrong.
    """

    def __init__(self, bench: Workbench, pristine: Pristine, seed: int) -> None:
        self._bench = bench
        self._pristine = pristine
        self._rng = random.Random(seed)
        self._oracle = Oracle(NOW)
        self._now = NOW - timedelta(hours=2)
        self._found = Found(self._oracle.state())
        self._changes: dict[str, list[str]] = {entity: [] for entity in ENTITIES}
        self._waiting: dict[str, tuple[int, File]] = {}
        self._deliveries = 0
        self._sent: dict[str, list[File]] = defaultdict(list)
        self._out: set[str] = set()
        self._full = self._rng.choice([None, None, *_FULL])
        self._keys = self._rng.choice([3, 8, 20])
        shape = Shape(
            seed=seed,
            records=0,
            keys=self._keys,
            moments=self._rng.choice([2, 4, 12]),
            bad_share=self._rng.choice([10, 25, 40]),
            repeat_share=self._rng.choice([15, 40]),
            deletion_share=self._rng.choice([0, 15, 30]),
        )
        names = list(SOURCES)
        if self._full:
            names = [
                name
                for name in names
                if SOURCES[name].entity != self._full or name == _FULL[self._full]
            ]
        self._names = tuple(names)
        # what is delivered in full has few that are bad: one without a key deletes nothing
        self._senders = {
            name: Sender(
                name,
                replace(shape, bad_share=5) if self._is_full(name) else shape,
                self._rng,
            )
            for name in names
        }

    def play(self, steps: int) -> None:
        """Begin anew, and take so many steps that build something, with others between them."""
        start_over(self._bench)
        self._set_up()
        self._run(skip=())
        for _ in range(steps - 1):
            for change in self._rng.sample(self._ways_to_change(), self._rng.choice([0, 1, 1, 2])):
                change()
            self._rng.choice(self._ways_to_build())()

    # -- what a project is like

    def _set_up(self) -> None:
        self._pristine.restore()
        for name in self._names:
            policy = self._rng.choice(_POLICIES) if self._is_timed(name) else Policy()
            if self._is_full(name):
                policy = Policy(delivery="full")
            self._set_policy(name, policy)
        for entity in ENTITIES:
            if self._rng.random() < 0.5:
                self._change_contract(entity, "deletions")
        self._register()

    def _is_full(self, source: str) -> bool:
        return SOURCES[source].entity == self._full

    def _is_timed(self, source: str) -> bool:
        return ENTITIES[SOURCES[source].entity].event_time is not None

    def _register(self) -> None:
        names = [name for name in self._names if name not in self._out]
        register(self._bench.root, {entity: sources_of(entity, names) for entity in ENTITIES})
        self._oracle.registered = set(names)

    def _set_policy(self, source: str, policy: Policy) -> None:
        if policy == self._oracle.policies.get(source, Policy()):
            return
        self._say(f"{source}: {policy}")
        self._oracle.policies[source] = policy
        settings: dict[str, Any] = {
            "late": policy.late,
            "allowed_lateness": policy.allowed_lateness,
            "timezone": policy.zone,
            "nulls": list(policy.nulls) or None,
        }
        if policy.delivery != "incremental":
            # a topic has no files that could be the whole state
            settings |= {"delivery": policy.delivery, "kafka": None}
        self._bench.set_meta(source, **settings)

    # -- steps that change something

    def _ways_to_change(self) -> list[Callable[[], None]]:
        return [
            self._change_some_contract,
            self._change_some_contract,
            self._change_some_adapter,
            self._change_some_reading,
            self._take_out_or_put_back,
            self._discard,
        ]

    def _change_some_contract(self) -> None:
        entity = self._rng.choice(list(ENTITIES))
        self._change_contract(entity, self._rng.choice(list(CHANGES[entity])))

    def _change_contract(self, entity: str, name: str) -> None:
        """Make a change, or undo it."""
        changes = self._changes[entity]
        self._say(f"{entity}: {'not any more: ' if name in changes else ''}{name}")
        if name in changes:
            changes.remove(name)
        else:
            changes.append(name)
        text = self._pristine.text(f"macros/contracts/{entity}.sql")
        contract = replace(ENTITIES[entity], prefer=self._oracle.contracts[entity].prefer)
        for each in changes:
            change = CHANGES[entity][each]
            assert change.old in text, change.old
            text = text.replace(change.old, change.new)
            contract = change.apply(contract)
        if contract.prefer:
            text = text.replace("'prefer': 'newest'", f"'prefer': {list(contract.prefer)}")
        write(self._bench.root / f"macros/contracts/{entity}.sql", text)
        self._oracle.contracts[entity] = contract

    def _change_some_adapter(self) -> None:
        source = self._rng.choice(self._names)
        adapter = self._oracle.adapters[source]
        column = self._rng.choice(_LOWERED[adapter.entity])
        lowered = adapter.lowered ^ {column}
        self._say(f"{source}: lower case of {sorted(lowered) or 'nothing'}")
        name = f"models/staging/{source}/stg_{source}__{adapter.entity}.sql"
        text = self._pristine.text(name)
        for each in lowered:
            text, count = re.subn(
                rf"(\{{\{{ json_text\('\w+'\) \}}\}}) as {each}\b", rf"lower(\1) as {each}", text
            )
            assert count == 1, f"{name}: {each}"
        write(self._bench.root / name, text)
        self._oracle.adapters[source] = replace(adapter, lowered=frozenset(lowered))

    def _change_some_reading(self) -> None:
        """Change the zone of a source, or the texts that mean nothing to it."""
        source = self._rng.choice(self._names)
        policy = self._oracle.policies.get(source, Policy())
        if self._rng.random() < 0.5:
            self._set_policy(source, replace(policy, zone=self._rng.choice(_ZONES)))
        else:
            self._set_policy(source, replace(policy, nulls=self._rng.choice(_NULLS)))

    def _take_out_or_put_back(self) -> None:
        source = self._rng.choice([name for name in self._names if not self._is_full(name)])
        self._say(f"{source}: {'put back' if source in self._out else 'taken out'}")
        self._out ^= {source}
        self._register()

    def _discard(self) -> None:
        choice, letters = self._some_letters(self._names)
        self._say(f"discard {choice}: {len(letters)} letters")
        dead_letters.discard(self._bench.project, choice, "mia", "a test")
        self._oracle.discard(letters)
        self._compare()

    # -- steps that build something

    def _ways_to_build(self) -> list[Callable[[], None]]:
        return [
            *[self._run] * 4,
            *[self._redrive] * 2,
            *[self._reprocess] * 4,
            self._prefer_others,
            self._full_refresh,
        ]

    def _run(self, skip: Iterable[str] | None = None) -> None:
        if skip is None:
            skip = self._rng.choice([*[()] * 8, *_SKIPS])
        files = self._some_files()
        self._pass_time()
        self._say(f"run with {[file.path for file in files]}{f', without {skip}' if skip else ''}")
        for file in files:
            self._oracle.land(file)
        self._oracle.run((), skip, self._now)
        self._succeed(runs.run(self._bench.project, skip=tuple(skip), clock=self._now))

    def _redrive(self) -> None:
        # what a source sent that is not registered is refused, if asked for by name
        choice, letters = self._some_letters(self._oracle.registered)
        self._pass_time()
        self._say(f"redrive {choice}: {len(letters)} letters")
        self._oracle.redrive(letters, now=self._now)
        self._succeed(dead_letters.redrive(self._bench.project, choice, clock=self._now))

    def _reprocess(self, choice: Choice | None = None) -> None:
        if choice is None:
            choice = self._some_choice()
        self._pass_time()
        self._say(f"reprocess {choice}")
        self._oracle.reprocess(choice, now=self._now)
        result = rules.reprocess(
            self._bench.project,
            ReprocessChoice(choice.entity, choice.source, choice.key, choice.since, choice.until),
            clock=self._now,
        )
        self._succeed(result)

    def _prefer_others(self) -> None:
        """Change who wins a key, which asks for everything to be decided again."""
        entity = self._rng.choice([name for name in ENTITIES if name != self._full])
        names = sources_of(entity)
        self._rng.shuffle(names)
        prefer = tuple(names[: self._rng.choice([0, 1, 2])])
        self._say(f"{entity}: prefer {prefer}")
        self._oracle.contracts[entity] = replace(self._oracle.contracts[entity], prefer=prefer)
        # a change made and undone writes the contract
        for _ in range(2):
            self._change_contract(entity, "deletions")
        self._reprocess(Choice(entity))

    def _full_refresh(self) -> None:
        files = self._some_files()
        self._pass_time()
        self._say(f"full refresh with {[file.path for file in files]}")
        for file in files:
            self._oracle.land(file)
        self._oracle.full_refresh(now=self._now)
        self._bench.land()
        result = self._bench.dbt(
            "build",
            "--full-refresh",
            *("--exclude-resource-type", "unit_test"),
            *("--vars", json.dumps({"now": self._now.isoformat()})),
        )
        assert result.success, result.exception or [
            f"{each.node.name}: {each.message}"
            for each in result.result
            if each.status in ("error", "fail")
        ]
        self._compare()

    def _succeed(self, result: Any) -> None:
        assert result.receipt["status"] == "succeeded", result.receipt["errors"]
        self._compare()

    def _pass_time(self) -> None:
        hours = self._rng.choice([0, 1, 1, 24])
        self._now += timedelta(hours=hours)

    # -- what steps are about

    def _some_files(self) -> list[File]:
        """New files in the landing folder, in the order in which they land; those of sources that
        are not registered wait there."""
        self._deliveries += 1
        for source in self._rng.sample(self._names, self._rng.choice([0, 2, 4, len(self._names)])):
            file = self._some_file(source)
            if self._is_full(source):
                # all files that lie there are looked at again, and only the newest is known
                for old in (self._bench.root / "landing" / source).glob("*"):
                    old.unlink()
            self._bench.drop(file.path, file.content)
            self._waiting[file.path] = (self._deliveries, file)
        visible: dict[int, list[File]] = defaultdict(list)
        for path, (delivery, file) in list(self._waiting.items()):
            if file.source not in self._out:
                visible[delivery].append(file)
                del self._waiting[path]
        # what came first lands first; what came together, by source and name
        return [file for _, files in sorted(visible.items()) for file in in_order_of_landing(files)]

    def _some_file(self, source: str) -> File:
        sent = self._sent[source]
        new = self._senders[source].file(self._rng.randint(1, 30))
        if sent and self._rng.random() < 0.4:
            earlier = self._rng.choice(sent)
            if earlier.header == new.header and earlier.name.endswith(new.name):
                # a later version: longer, now and then with something else in the middle
                kept = list(earlier.records)
                if self._rng.random() < 0.3:
                    kept[self._rng.randrange(len(kept))] = new.records[0]
                new = replace(earlier, records=(*kept, *new.records))
                sent.remove(earlier)
        if new.name.startswith("."):
            new = replace(new, name=f"{len(self._oracle.loads) + len(sent):03}{new.name}")
        sent.append(new)
        return new

    def _some_letters(
        self, sources: Collection[str]
    ) -> tuple[DeadLetterChoice, list[tuple[str, str]]]:
        """A choice of open letters, in the hub's words and in the oracle's.

        sources: of which one may be asked for by name.
        """
        open_letters = {
            key: letter for key, letter in self._oracle.letters().items() if letter.status == "open"
        }
        choice = DeadLetterChoice()
        named = [key for key in open_letters if key[0] in sources]
        if named:
            (source, text) = self._rng.choice(named)
            letter = open_letters[source, text]
            choice = self._rng.choice(
                [
                    choice,
                    DeadLetterChoice(entity=SOURCES[source].entity),
                    DeadLetterChoice(source=source),
                    DeadLetterChoice(reason=min(letter.reasons)),
                    DeadLetterChoice(record_id=self._found.record_ids[letter.row_id]),
                ]
            )
        chosen = [
            key for key, letter in open_letters.items() if self._is_meant(key[0], letter, choice)
        ]
        return choice, chosen

    def _is_meant(self, source: str, letter: Letter, choice: DeadLetterChoice) -> bool:
        return (
            choice.entity in (None, SOURCES[source].entity)
            and choice.source in (None, source)
            and (choice.reason is None or choice.reason in letter.reasons)
            and choice.record_id in (None, self._found.record_ids[letter.row_id])
        )

    def _some_choice(self) -> Choice:
        entity = self._rng.choice(list(ENTITIES))
        choice = Choice(entity)
        if self._rng.random() < 0.4:
            return choice
        if self._rng.random() < 0.4:
            choice = replace(
                choice,
                source=self._rng.choice([*sources_of(entity, self._names)]),
            )
        if self._rng.random() < 0.4:
            keys = [f"k{number}" for number in range(self._keys)]
            choice = replace(choice, key=self._rng.choice([*keys, "K1", "17"]))
        if self._rng.random() < 0.5 and self._oracle.loads:
            moments: list[datetime] = [
                load.landed_at for load in self._oracle.loads if load.landed_at
            ]
            since, until = self._rng.choice(moments), self._rng.choice(moments)
            choice = self._rng.choice(
                [
                    replace(choice, since=since),
                    replace(choice, until=until),
                    replace(choice, since=min(since, until), until=max(since, until)),
                ]
            )
        return choice

    # -- afterwards

    def _compare(self) -> None:
        """Hub and oracle agree in every table."""
        self._found = hold_to(self._oracle, self._bench)
        for load in self._oracle.loads:
            load.landed_at = self._found.landed_at[load.name]
        for entity in WITH_HISTORY:
            columns = ", ".join(ENTITIES[entity].columns)
            different = self._bench.sql(
                f"(select {columns} from marts.{entity} except all "
                f"select {columns} from marts.{entity}_history where dbt_valid_to is null) "
                f"union all (select {columns} from marts.{entity}_history "
                f"where dbt_valid_to is null except all select {columns} from marts.{entity})"
            )
            assert not different, f"marts.{entity} and the open periods of its history"

    def _say(self, what: str) -> None:
        # shown by pytest where the test fails
        print(f"  {what}")
