"""The oracle: the records of one run after the other, each with its decision."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from tests.support.oracle.checking import Checked, Rules, check
from tests.support.oracle.entities import ENTITIES, SOURCES, Policy, sources_of
from tests.support.oracle.files import File, Read, RowId, read_record
from tests.support.oracle.letters import Discard, Letter, letters_among
from tests.support.oracle.reconciliation import Reconciled, reconciled
from tests.support.oracle.records import Decision, Load, Record, Run, place_of

_ROWS_PER_LOAD = 10**10


@dataclass(frozen=True)
class Choice:
    """Whose keys are to be decided again: those of the records that fit all that is given. A key is
    chosen by its old and by its new name, a time by when the record landed. Where nothing is given,
    those that the present rules may decide otherwise."""

    entity: str
    source: str | None = None
    key: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class State:
    """All that users see of a hub, in comparable form.

    outcomes:       row -> outcome, reasons, and the words "tie" and "deletion" where they apply.
    implied:        file and key of each deletion that a full delivery implies -> outcome.
    targets:        entity -> key -> business columns.
    letters:        source and raw text -> the letter.
    reconciliation: entity -> key -> status and the columns that differ.
    watermarks:     source -> greatest event time accepted.
    """

    outcomes: dict[RowId, tuple[str, frozenset[str], frozenset[str]]]
    implied: dict[tuple[str, str], str]
    targets: dict[str, dict[str, dict[str, Any]]]
    letters: dict[tuple[str, str], Letter]
    reconciliation: dict[str, dict[str, Reconciled]]
    watermarks: dict[str, datetime]


class Oracle:
    """Decides the records of one run after the other.

    What the rules are may be changed between two runs: `contracts` by entity, `adapters` and
    `policies` by source, and which sources are `registered`.

    now:      the moment that counts as now, where a run names no other.
    policies: the settings of sources that do not have the usual ones.
    prefer:   entity -> sources, the most trusted first, where the newest record does not win.
    """

    def __init__(
        self,
        now: datetime,
        policies: Mapping[str, Policy] | None = None,
        prefer: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.now = now
        self.policies = dict(policies or {})
        self.contracts = {
            name: replace(entity, prefer=(prefer or {}).get(name, entity.prefer))
            for name, entity in ENTITIES.items()
        }
        self.adapters = dict(SOURCES)
        self.registered = set(SOURCES)
        self.rows: dict[str, list[Record]] = {entity: [] for entity in ENTITIES}
        self.loads: list[Load] = []
        self._took_part: set[str] = set()
        self._orders: dict[str, Any] = {}
        self._runs = 0
        self._discards: list[Discard] = []
        self._reconciliation: dict[str, dict[str, Reconciled]] = {
            "orders": {},
            "measurements": {},
        }

    # -- the steps

    def run(
        self, files: Iterable[File] = (), skip: Iterable[str] = (), now: datetime | None = None
    ) -> None:
        """One run over these files in the order of arrival, with these stages switched off."""
        for file in files:
            self.land(file)
        self._build(skip, now)

    def land(self, file: File) -> None:
        """Take up a file of a registered source, unless it is known."""
        assert file.source in self.registered, f"{file.source} is registered no more"
        policy = self._policy(file.source)
        earlier = [load for load in self.loads if load.source == file.source]
        known = earlier[-1:] if policy.delivery == "full" else earlier
        # the same bytes again, under whatever name, land nothing
        if any(load.file.content == file.content for load in known):
            return
        versions = [load for load in earlier if load.file.name == file.name]
        name = f"{file.path} ({len(versions) + 1})" if versions else file.path
        load = Load(len(self.loads) + 1, name, file.source, file)
        self.loads.append(load)
        entity = SOURCES[file.source].entity
        before = {row.number: row for row in self.rows[entity] if row.load in versions[-1:]}
        for number, raw in enumerate(file.records, start=1):
            read = read_record(file, raw)
            twin = before.get(number)
            is_same = twin is not None and (twin.read.text, twin.read.problem) == (
                read.text,
                read.problem,
            )
            self.rows[entity].append(
                Record(
                    entity,
                    file.source,
                    load,
                    number,
                    load.number * _ROWS_PER_LOAD + number,
                    read,
                    before=twin if is_same else None,
                )
            )

    def redrive(
        self,
        texts: Iterable[tuple[str, str]],
        skip: Iterable[str] = (),
        now: datetime | None = None,
    ) -> None:
        """Decide the letters with these sources and texts again, and their duplicates."""
        wanted = set(texts)
        chosen = [
            row
            for rows in self.rows.values()
            for row in rows
            if row.is_decided
            and row.source in self.registered
            and (row.source, row.text) in wanted
            and (row.last.is_letter or row.outcome == "duplicate")
        ]
        self._build(skip, now, again=chosen)

    def discard(self, texts: Iterable[tuple[str, str]]) -> None:
        """Leave the letters with these sources and texts."""
        letters = self.letters()
        self._discards += [
            Discard(source, text, letters[source, text].reasons) for source, text in texts
        ]

    def reprocess(
        self, choice: Choice, skip: Iterable[str] = (), now: datetime | None = None
    ) -> None:
        """Decide all records of the keys of a choice again, under the present rules."""
        names = {
            row: self._names(row, now or self.now)
            for row in self.rows[choice.entity]
            if row.decisions and not row.is_implied
        }
        selected = [row for row in names if self._fits(row, names[row], choice)]
        keys = {key for row in selected for key in names[row]}
        while True:
            chosen = [row for row in names if names[row] & keys]
            wider = keys | {key for row in chosen for key in names[row]}
            if wider == keys:
                break
            keys = wider
        self._build(skip, now, again=chosen, keys_of={choice.entity: keys})

    def full_refresh(self, skip: Iterable[str] = (), now: datetime | None = None) -> None:
        """Decide all that ever landed anew in one run; of sources that are registered no more,
        nothing is left."""
        for entity, rows in self.rows.items():
            self.rows[entity] = [row for row in rows if not row.is_implied]
            for row in self.rows[entity]:
                row.decisions.clear()
        self._build(skip, now)

    # -- a build

    def _build(
        self,
        skip: Iterable[str],
        now: datetime | None,
        again: Iterable[Record] = (),
        keys_of: Mapping[str, set[Any]] | None = None,
    ) -> None:
        """again: the records to decide again, besides those that are not decided yet.
        keys_of: entity -> keys of which all records are decided again."""
        self._runs += 1
        run = Run(self._runs, now or self.now)
        if "adapt" not in skip:
            for entity, rows in self.rows.items():
                new = [row for row in rows if not row.decisions and row.source in self.registered]
                repeated = [row for row in again if row.entity == entity]
                keys = (keys_of or {}).get(entity, set())
                _Build(self, entity, run, set(skip), keys).decide(new, repeated)
                self._orders[entity] = self._order_of(entity)
        self._took_part |= self.registered
        if "reconcile" not in skip:
            for entity in self._reconciliation:
                # a single source has nothing to be compared with, and never had
                if len(sources_of(entity, self._took_part)) > 1:
                    self._reconciliation[entity] = reconciled(
                        self.contracts[entity], self.rows[entity], self.registered, self.order
                    )

    def rules(self, source: str, *, is_validated: bool) -> Rules:
        """What a record of a source is decided under now. Who wins a key is no part of it."""
        return Rules(
            replace(self.contracts[SOURCES[source].entity], prefer=()),
            self.adapters[source],
            self._policy(source).zone,
            self._policy(source).nulls,
            is_validated,
        )

    def _policy(self, source: str) -> Policy:
        return self.policies.get(source, Policy())

    def goes_by_time(self, entity: str) -> bool:
        """Whether event time orders the records of a key; if not, arrival does."""
        return self.contracts[entity].event_time is not None and not self.is_full(entity)

    def is_full(self, entity: str) -> bool:
        """Whether each file is the whole state of the entity."""
        return any(
            self._policy(source).delivery == "full"
            for source in sources_of(entity, self.registered)
        )

    def order(self, row: Record) -> tuple[Any, ...]:
        """The greatest of the records of a key is what the key holds."""
        entity = row.entity
        trusted = self.contracts[entity].prefer
        trust = -trusted.index(row.source) if row.source in trusted else -len(trusted)
        arrival = (place_of(row), row.arrival)
        if not self.goes_by_time(entity):
            return (trust, *arrival)
        return (trust, row.event_time, -sources_of(entity).index(row.source), *arrival)

    def _order_of(self, entity: str) -> tuple[Any, ...]:
        """What orders the records of a key."""
        return (self.contracts[entity].prefer, self.is_full(entity))

    # -- choosing what to decide again

    def _names(self, row: Record, now: datetime) -> frozenset[Any]:
        """The key of a record as it was decided, and as it would be now. Records without a key have
        one for each content."""
        checks = [row.last.checked]
        if row.source in self.registered:
            checks.append(check(row.read, self.rules(row.source, is_validated=True), now))
        keys = [self._readable_key(row.entity, each) for each in checks]
        names: set[Any] = {key for key in keys if key is not None}
        return frozenset(names | {(row.source, row.content)} if keys[0] is None else names)

    def _readable_key(self, entity: str, checked: Checked) -> str | None:
        is_missing = f"missing_{self.contracts[entity].key}" in checked.reasons
        return None if is_missing else checked.key

    def _fits(self, row: Record, names: frozenset[Any], choice: Choice) -> bool:
        is_whole = choice == Choice(choice.entity)
        is_in_order = self._orders.get(row.entity) == self._order_of(row.entity)
        if self.is_full(choice.entity) or (is_whole and not is_in_order):
            # what a key holds depends on the other keys, or may be another record
            return True
        if is_whole:
            return (
                row.source not in self.registered
                or row.last.rules != self.rules(row.source, is_validated=True)
                or row.outcome == "late"
            )
        landed_at = row.load.landed_at
        if choice.since or choice.until:
            assert landed_at, f"nobody has told when {row.load.name} landed"
        return (
            choice.source in (None, row.source)
            and (choice.key is None or choice.key in names)
            and (choice.since is None or (landed_at is not None and landed_at >= choice.since))
            and (choice.until is None or (landed_at is not None and landed_at < choice.until))
        )

    # -- what follows from the decisions

    def state(self) -> State:
        """All that users see."""
        rows = [row for rows in self.rows.values() for row in rows if row.is_decided]
        return State(
            outcomes={
                row.row_id: (
                    row.outcome,
                    row.last.checked.reasons if row.outcome == "rejected" else frozenset(),
                    frozenset(
                        word
                        for word, applies in (
                            ("tie", row.last.is_tie),
                            ("deletion", row.last.checked.is_deletion),
                        )
                        # what is said of a record that was not accepted has no effect
                        if applies and row.last.is_accepted
                    ),
                )
                for row in rows
                if not row.is_implied
            },
            implied={(row.load.name, str(row.key)): row.outcome for row in rows if row.is_implied},
            targets={
                entity: {
                    str(key): row.last.checked.values
                    for key, row in self.held(entity).items()
                    if not row.last.checked.is_deletion
                }
                for entity in ENTITIES
            },
            letters=self.letters(),
            reconciliation={name: dict(each) for name, each in self._reconciliation.items()},
            watermarks={
                source: watermark
                for entity in ENTITIES
                for source, watermark in self.watermarks(entity).items()
            },
        )

    def letters(self) -> dict[tuple[str, str], Letter]:
        """The dead letters, by source and text."""
        return {
            key: letter
            for entity, rows in self.rows.items()
            for key, letter in letters_among(
                rows, self._discards, by_time=self.goes_by_time(entity)
            ).items()
        }

    def held(self, entity: str) -> dict[str | None, Record]:
        """What each key holds: its greatest record, which may be a deletion."""
        held: dict[str | None, Record] = {}
        for row in self.rows[entity]:
            if row.is_decided and row.last.contends:
                other = held.get(row.key)
                held[row.key] = row if other is None else max(other, row, key=self.order)
        return held

    def holds(self, row: Record) -> bool:
        """Whether the row is what its key holds."""
        return self.held(row.entity).get(row.key) is row

    def watermarks(self, entity: str, *, capped: bool = False) -> dict[str, datetime]:
        """Per source the greatest event time accepted so far.

        capped: each counts with at most what was now when it was accepted.
        """
        greatest: dict[str, datetime] = {}
        for row in self.rows[entity]:
            if row.is_decided and row.last.is_accepted and row.event_time is not None:
                moment = min(row.event_time, row.last.run.now) if capped else row.event_time
                greatest[row.source] = max(greatest.get(row.source, moment), moment)
        return greatest

    def history(self, entity: str, key: str) -> list[str]:
        """All rows of a key in the order of arrival, for the message of a test that fails."""
        return [
            f"{row.row_id[0]}:{row.row_id[1]} {_told(row)} {row.text!r}"
            for row in self.rows[entity]
            if any(decision.checked.key == key for decision in row.decisions)
        ]


class _Build:
    """The records of one entity in one run, among each other and against what was decided before.

    keys: those of which all records are decided again.
    """

    def __init__(
        self, oracle: Oracle, entity: str, run: Run, skip: set[str], keys: set[Any]
    ) -> None:
        self._oracle = oracle
        self._entity = entity
        self._run = run
        self._skip = skip
        self._keys = keys
        self._watermarks = oracle.watermarks(entity, capped=True)
        self._by_content: dict[Any, list[Record]] = defaultdict(list)
        self._by_text: dict[Any, list[Record]] = defaultdict(list)
        self._by_key: dict[str | None, list[Record]] = defaultdict(list)

    def decide(self, new: list[Record], again: list[Record]) -> None:
        rows = self._oracle.rows[self._entity]
        # those that full deliveries imply for these keys are implied anew
        rows[:] = [row for row in rows if not (row.is_implied and row.key in self._keys)]
        for row in again:
            if row.source not in self._oracle.registered:
                # nobody can tell any more what it says; it waits until somebody can
                row.decisions.clear()
        pending = {row for row in new + again if row.source in self._oracle.registered}
        for row in rows:
            if row.is_decided and row not in pending:
                self._remember(row)
        contenders: list[Record] = []
        for load in self._oracle.loads:
            for row in sorted((row for row in pending if row.load is load), key=self._turn):
                self._decide(row)
                self._remember(row)
                if row.outcome == "":
                    contenders.append(row)
            if self._oracle.is_full(self._entity) and SOURCES[load.source].entity == self._entity:
                is_new = any(row.load is load for row in new)
                contenders += self._imply(load, None if is_new else self._keys)
        self._find_ties(contenders)
        by_key: dict[str | None, list[Record]] = defaultdict(list)
        for row in contenders:
            by_key[row.key].append(row)
        for rivals in by_key.values():
            self._settle(rivals)

    def _at_its_place(self, row: Record) -> Record | None:
        """What a row of an appended file repeats by standing where it stood."""
        before = row.before
        # a full delivery says all of its rows anew
        if before is None or not before.is_decided or self._oracle.is_full(self._entity):
            return None
        return before

    def _turn(self, row: Record) -> tuple[int, int]:
        """What orders the records of a load. Without event times, a row that stands at its place
        came before all that its file says anew."""
        before = None if self._oracle.goes_by_time(self._entity) else self._at_its_place(row)
        return (place_of(before) if before else row.arrival, row.arrival)

    def _decide(self, row: Record) -> None:
        rules = self._oracle.rules(row.source, is_validated="validate" not in self._skip)
        checked = check(row.read, rules, self._run.now)
        was_rejected = bool(row.decisions) and row.outcome == "rejected"
        if was_rejected and checked.reasons and row.last.rules == rules:
            # to be rejected once more by the same rules is no new decision
            return
        original, twin = self._find_repeated(row, rules, checked)
        decision = Decision(
            self._run,
            len(row.decisions) + 1,
            rules,
            checked,
            # under other rules the same is decided anew, and takes the place of what it repeats
            arrival=row.arrival if original is not None or twin is None else place_of(twin),
        )
        policy = self._oracle.policies.get(row.source, Policy())
        if original is not None and "deduplicate" not in self._skip:
            decision.outcome = "duplicate"
            decision.original = original
        elif checked.reasons:
            decision.outcome = "rejected"
        elif decision.attempt == 1 and self._is_late(row.source, checked, policy):
            decision.outcome = "late"
        elif original is not None:
            decision.outcome = "outdated"
            decision.is_repeat = True
        decision.is_text_kept = bool(checked.reasons) or policy.late == "dead_letter"
        decision.is_letter = decision.outcome == "rejected" or (
            decision.outcome == "late" and policy.late == "dead_letter"
        )
        row.decisions.append(decision)

    def _find_repeated(
        self, row: Record, rules: Rules, checked: Checked
    ) -> tuple[Record | None, Record | None]:
        """What the record repeats under the same rules, and what under any."""
        before = self._at_its_place(row)
        if checked.reasons:
            said = [
                other
                for other in self._by_text[row.source, row.text]
                if other.arrival < row.arrival and other.outcome == "rejected"
            ]
        elif self._oracle.goes_by_time(self._entity):
            said = [
                other
                for other in self._by_content[row.source, checked.content]
                if other.arrival < row.arrival and other.outcome != "rejected"
            ]
        else:
            # shipped, returned, shipped ends as shipped: only the latest accepted one is repeated
            place = self._turn(row)
            accepted = [
                other
                for other in self._by_key[checked.key]
                if other.source == row.source
                and other.last.contends
                and (place_of(other), other.arrival) < place
            ]
            latest = max(accepted, key=lambda other: (place_of(other), other.arrival), default=None)
            said = [latest] if latest is not None and latest.content == checked.content else []
        if not checked.reasons:
            said = [
                other for other in said if not self._was_deleted_between(other, row, checked.key)
            ]
        same_rules = [other for other in said if other.last.rules == rules]
        # what was rejected has no place that another could take
        twins = [] if checked.reasons else said
        if before is not None:
            same_rules += [before] if before.last.rules == rules else []
            twins = [*twins, before]
        return (
            min(same_rules, key=_arrival, default=None),
            min(twins, key=place_of, default=None),
        )

    def _was_deleted_between(self, earlier: Record, row: Record, key: str | None) -> bool:
        return any(
            other.last.checked.is_deletion
            and other.last.contends
            and earlier.arrival < other.arrival < row.arrival
            for other in self._by_key[key]
        )

    def _is_late(self, source: str, checked: Checked, policy: Policy) -> bool:
        return (
            policy.late != "apply"
            and checked.event_time is not None
            and source in self._watermarks
            and checked.event_time
            <= self._watermarks[source] - timedelta(seconds=policy.allowed_lateness)
        )

    def _remember(self, row: Record) -> None:
        if row.outcome == "duplicate" or row.last.is_repeat:
            return
        self._by_content[row.source, row.content].append(row)
        self._by_text[row.source, row.text].append(row)
        self._by_key[row.key].append(row)

    def _imply(self, load: Load, only: set[Any] | None) -> list[Record]:
        """The deletions of the keys that a full delivery lacks, or of these only."""
        rows = [row for row in self._oracle.rows[self._entity] if row.load is load]
        missing_key = f"missing_{self._oracle.contracts[self._entity].key}"
        sent = {row.key for row in rows if row.is_decided and not row.is_implied}
        if (
            not rows
            or not all(row.is_decided for row in rows)
            or None in sent
            or any(missing_key in row.last.checked.reasons for row in rows)
        ):
            return []
        implied = []
        for key in sorted(key for key in self._by_key if key is not None and key not in sent):
            present = [
                row
                for row in self._by_key[key]
                if row.last.contends and row.arrival < (load.number + 1) * _ROWS_PER_LOAD
            ]
            if (only is not None and key not in only) or not present:
                continue
            if max(present, key=self._oracle.order).last.checked.is_deletion:
                continue
            arrival = load.number * _ROWS_PER_LOAD + len(rows) + len(implied) + 1
            row = Record(self._entity, load.source, load, 0, arrival, Read("", None, "implied"))
            row.decisions.append(
                Decision(
                    self._run,
                    1,
                    self._oracle.rules(load.source, is_validated=True),
                    Checked(("implied",), frozenset(), key=key, is_deletion=True),
                    arrival,
                )
            )
            implied.append(row)
        for row in implied:
            self._remember(row)
        self._oracle.rows[self._entity] += implied
        return implied

    def _find_ties(self, contenders: list[Record]) -> None:
        if not self._oracle.goes_by_time(self._entity):
            return
        for row in contenders:
            row.last.is_tie = any(
                other.last.contends
                and other.event_time == row.event_time
                and (other.source, other.content) != (row.source, row.content)
                # under other rules, what stands at the same place has another content
                and place_of(other) != place_of(row)
                for other in self._by_key[row.key]
            )

    def _settle(self, contenders: list[Record]) -> None:
        order = self._oracle.order
        held_before = [
            row
            for row in self._by_key[contenders[0].key]
            if row.last.contends and row not in contenders
        ]
        held = max(held_before, key=order, default=None)
        greatest = max(contenders, key=order)
        for row in contenders:
            if held is not None and order(row) <= order(held):
                row.last.outcome = "outdated"
            elif row is greatest:
                row.last.outcome = "applied"
            else:
                row.last.outcome = "superseded"


def _arrival(row: Record) -> int:
    return row.arrival


def _told(row: Record) -> str:
    told = [
        f"{each.outcome} {sorted(each.checked.reasons) or ''}".strip() for each in row.decisions
    ]
    words = [" then ".join(told)]
    if row.event_time:
        words.append(f"at {row.event_time}")
    if row.last.arrival != row.arrival:
        words.append("in another's place")
    return " ".join(words)
