"""A new source or entity as text."""

from collections.abc import Iterator

from hub.scaffold.additions import Addition, Guess, SampleOutcome
from hub.text.lines import counted, shortened, table, text_of

_LOOSEN = (
    "To loosen the contract: take 'required' or 'allowed' out of a column, or make its type "
    "'string'. To tighten it: add them, or 'min', 'max', 'pattern'. Then: make contracts"
)


def render_addition(addition: Addition) -> str:
    """The guesses with their evidence, what becomes of the samples, the files, what is next."""
    lines = ["guesses:"]
    lines += _guesses(addition.guesses)
    lines += ["", "samples:"]
    lines += [f"  {line}" for outcome in addition.outcomes for line in _outcome(outcome)]
    lines += ["", "files written:" if addition.written else "files to write:"]
    lines += [
        f"  {'new    ' if file.is_new else 'changed'}  {file.path}" for file in addition.files
    ]
    lines += ["", *_next_steps(addition)]
    return text_of(lines)


def _guesses(guesses: tuple[Guess, ...]) -> Iterator[str]:
    heads = table([(guess.about, guess.name, guess.guess) for guess in guesses])
    for head, guess in zip(heads, guesses, strict=True):
        yield f"  {shortened(head)}"
        if guess.evidence:
            yield f"      because: {shortened(guess.evidence)}"
        if guess.note:
            yield f"      note:    {shortened(guess.note)}"


def _outcome(outcome: SampleOutcome) -> Iterator[str]:
    read = "the first " if outcome.is_part else ""
    yield (
        f"{outcome.source}: {outcome.file}: {read}{counted(outcome.records, 'record')} read, "
        f"{outcome.accepted:,} would be accepted"
    )
    for problem, count in outcome.unreadable.items():
        yield f"    {count:,} cannot be read: {problem}"
    for reason, count in outcome.rejected.items():
        yield f"    {count:,} would be rejected: {reason}"


def _next_steps(addition: Addition) -> Iterator[str]:
    if any(file.path.startswith("macros/contracts/") for file in addition.files):
        yield _LOOSEN
    yamls = ", ".join(f"models/staging/{name}/{name}.yml" for name in addition.sources)
    yield f"Some records of the samples stand in {yamls} as golden rows: change what is secret."
    folders = ", ".join(f"landing/{name}/" for name in addition.sources)
    yield f"Next: put files into {folders} and run: hub run"
