"""The commands: each reads its part of the command line, calls the work, prints the result."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from hub import text
from hub.options import ProjectGroup, dead_letter_options
from loader import __version__
from loader.config.project import Project
from loader.errors import WrongUse

# The headings of `hub --help`, in the order in which commands of theirs first stand here.
_LOAD = "Take records in"
_ASK = "Ask"
_DEAD_LETTERS = "Dead letters"
_RULES = "After a change of rules"
_SERVE = "Let others read"

_FILE = click.Path(path_type=Path, dir_okay=False)


_no_plan = click.option(
    "--no-plan", is_flag=True, help="Let dbt build, also what its compiled plan could do."
)


@click.group(cls=ProjectGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hub")
def hub(**shared: object) -> None:
    """Land files verbatim, decide every record, and account for each of them.

    Exit codes: 0 done, 1 failed, 2 wrong use.
    """


@hub.command(section=_LOAD, epilog="Example: hub run --skip reconcile --now 2025-01-15T12:00:00")
@click.option("--skip", multiple=True, metavar="STAGE", help="Switch a stage off; repeatable.")
@click.option("--now", metavar="TIME", help="The moment that counts as now (UTC).")
@click.option("--dry-run", is_flag=True, help="Work on a copy; change nothing.")
@click.option("--force", is_flag=True, help="Build even if nothing is new.")
@_no_plan
@click.option("--output", type=click.Path(path_type=Path), help="Write the receipt here, too.")
def run(
    project: Project,
    skip: tuple[str, ...],
    now: str | None,
    dry_run: bool,
    force: bool,
    no_plan: bool,
    output: Path | None,
    as_json: bool,
) -> None:
    """Land everything new, build and test it, print the receipt.

    Stages: adapt, deduplicate (or cache), validate, freshness, reconcile.
    """
    from hub import commands
    from hub.runs.receipt_files import write_json
    from loader.warehouse.run_log import parse_clock

    if output is not None and (output.is_dir() or not output.absolute().parent.is_dir()):
        raise WrongUse(
            f"--output {output}",
            "it is a folder" if output.is_dir() else "its folder does not exist",
            "Name a file in a folder that exists.",
        )
    result = commands.run(
        project,
        skip=skip,
        clock=None if now is None else parse_clock(now),
        force=force,
        dry=dry_run,
        by_dbt=no_plan,
    )
    if output is not None:
        write_json(output, result.receipt)
    shown = (
        text.render_nothing_new(result.receipt)
        if result.did_nothing
        else text.render_receipt(result.receipt)
    )
    _print(result.receipt, text.render_dry_run(shown) if dry_run else shown, as_json)
    if result.failed:
        sys.exit(1)


@hub.command(section=_LOAD, epilog="Example: hub land app web")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
def land(project: Project, sources: tuple[str, ...], as_json: bool) -> None:
    """Land what is new in the landing folder, for `dbt build`."""
    from dataclasses import asdict

    from hub import commands

    landing = commands.land_files(project, sources)
    _print(asdict(landing), text.render_landing(landing), as_json)


@hub.command(section=_LOAD, epilog="Example: hub stream web   or: hub stream --once")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--once", is_flag=True, help="Take what is there, then stop.")
@_no_plan
def stream(
    project: Project, sources: tuple[str, ...], once: bool, no_plan: bool, as_json: bool
) -> None:
    """Take up what Kafka topics bring, until Ctrl-C or SIGTERM.

    Records and their offsets are stored together: whatever stops it, the next stream goes on with
    the first record that is not in the warehouse.
    """
    from dataclasses import asdict

    from hub import commands

    summary = commands.stream(project, sources, once=once, by_dbt=no_plan)
    _print(asdict(summary), text.render_stream(asdict(summary)), as_json)


@hub.command(section=_LOAD, epilog="Example: hub pull partner")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--full", is_flag=True, help="Ask for everything, not only for what is new.")
def pull(project: Project, sources: tuple[str, ...], full: bool, as_json: bool) -> None:
    """Pull what is new from HTTP APIs and land it, for `hub run`.

    A pull that failed or was killed is continued where it stopped.
    """
    from dataclasses import asdict

    from hub import commands

    result = commands.pull(project, sources, full=full)
    _print(asdict(result), text.render_pull(result), as_json)
    if result.exit_code:
        sys.exit(result.exit_code)


@hub.command(section=_ASK, epilog="Example: hub report --entity events --json")
@click.option("--entity", metavar="E", help="Only this entity, in full.")
@click.option("--run", "run_id", metavar="ID", help="A certain run instead of the latest build.")
@click.option(
    "--history", metavar="N", type=click.IntRange(min=1), help="List the latest N runs instead."
)
def report(
    project: Project,
    entity: str | None,
    run_id: str | None,
    history: int | None,
    as_json: bool,
) -> None:
    """Print the receipt of a run again."""
    from hub import commands
    from hub.queries.receipt import entity_receipt

    if history:
        entries = commands.history(project, history)
        _print(entries, text.render_history(entries), as_json)
        return
    # people ask what was built last, programs how things stand now
    receipt = (
        commands.report(project, run_id) if as_json else commands.report_build(project, run_id)
    )
    if entity is None:
        _print(receipt, text.render_receipt(receipt), as_json)
        return
    part = entity_receipt(receipt, entity)
    if "as_of" in receipt:
        part["as_of"] = receipt["as_of"]
    _print(part, text.render_entity(part), as_json)


@hub.command(
    section=_RULES,
    epilog="Example: hub reprocess --entity events --since 2025-01-15 --dry-run",
)
@click.option("--entity", required=True, metavar="E", help="Keys of this entity.")
@click.option("--source", metavar="S", help="Those of records from this source.")
@click.option("--key", metavar="K", help="This key alone.")
@click.option("--since", metavar="TIME", help="Those of records that landed then or later (UTC).")
@click.option("--until", metavar="TIME", help="Those of records that landed before (UTC).")
@click.option("--now", metavar="TIME", help="The moment that counts as now (UTC).")
@click.option("--dry-run", is_flag=True, help="Work on a copy; change nothing.")
def reprocess(
    project: Project,
    entity: str,
    source: str | None,
    key: str | None,
    since: str | None,
    until: str | None,
    now: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Decide records again, under the present rules.

    The present rules are those of contract and adapters. All records of a chosen key are decided
    from their raw text, in the order in which they arrived; none is late. Without --source, --key,
    --since and --until: the keys of records that were decided under older rules or came too late,
    or all if the order of records has changed.
    """
    from hub import commands
    from hub.queries.reprocess import ReprocessChoice
    from loader.warehouse.run_log import parse_clock

    choice = ReprocessChoice(
        entity,
        source,
        key,
        since=None if since is None else parse_clock(since, "--since"),
        until=None if until is None else parse_clock(until, "--until"),
    )
    result = commands.reprocess(
        project, choice, clock=None if now is None else parse_clock(now), dry=dry_run
    )
    data = {"run": result.receipt, "changes": result.afterwards, "dry_run": dry_run}
    shown = text.render_reprocess(result.afterwards, result.receipt)
    _print(data, text.render_dry_run(shown) if dry_run else shown, as_json)
    if result.failed:
        sys.exit(1)


@hub.command(name="rename-source", section=_RULES, epilog="Example: hub rename-source alpha north")
@click.argument("old")
@click.argument("new")
def rename_source(project: Project, old: str, new: str, as_json: bool) -> None:
    """Give a source that you have renamed its new name in the warehouse.

    First end `hub stream`, rename models/staging/OLD, its files, landing/OLD and the name in vars:
    sources. Then this command, and `hub run`. Nothing lands twice, and no dead letter is lost.
    """
    from dataclasses import asdict

    from hub import commands

    renamed = commands.rename_source(project, old, new)
    _print(asdict(renamed), text.render_renamed(renamed), as_json)


def _choice(
    project: Project,
    entity: str | None,
    source: str | None,
    reason: str | None,
    record_id: int | None,
) -> Any:
    from hub.queries.dead_letters import DeadLetterChoice

    _require_known("entity", entity, project.entities)
    return DeadLetterChoice(entity, source, reason, record_id)


@hub.command(
    section=_DEAD_LETTERS,
    epilog="Example: hub redrive --entity events --reason invalid_value --dry-run",
)
@dead_letter_options
@click.option("--now", metavar="TIME", help="The moment that counts as now (UTC).")
@click.option("--dry-run", is_flag=True, help="Work on a copy; change nothing.")
def redrive(
    project: Project,
    entity: str | None,
    source: str | None,
    reason: str | None,
    record_id: int | None,
    now: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Decide open dead letters again, after a fix.

    The fix may be in the contract or in the adapter: records are decided from their raw text.
    Newer rows are never overwritten. A second redrive under the same rules changes nothing.
    """
    from hub import commands
    from loader.warehouse.run_log import parse_clock

    result = commands.redrive(
        project,
        _choice(project, entity, source, reason, record_id),
        clock=None if now is None else parse_clock(now),
        dry=dry_run,
    )
    data = {
        "run": result.receipt,
        "dead_letters": result.afterwards,
        "left_out": result.warnings,
        "dry_run": dry_run,
    }
    shown = text.render_redrive(
        result.afterwards, None if result.did_nothing else result.receipt, result.warnings
    )
    _print(data, text.render_dry_run(shown) if dry_run else shown, as_json)
    if result.failed:
        sys.exit(1)


@hub.command(
    section=_DEAD_LETTERS, epilog='Example: hub discard --id 10000000004 --by mia --why "test data"'
)
@dead_letter_options
@click.option("--by", "discarded_by", required=True, metavar="WHO", help="Who decides so.")
@click.option("--why", "because", required=True, metavar="TEXT", help="Why.")
def discard(
    project: Project,
    entity: str | None,
    source: str | None,
    reason: str | None,
    record_id: int | None,
    discarded_by: str,
    because: str,
    as_json: bool,
) -> None:
    """Mark open dead letters as discarded, with who and why.

    Nothing is deleted.
    """
    from hub import commands

    choice = _choice(project, entity, source, reason, record_id)
    if not any(vars(choice).values()):
        raise WrongUse(
            "hub discard",
            "no dead letters were chosen",
            "Give --entity, --source, --reason or --id.",
        )
    dead_letters = commands.discard(project, choice, discarded_by, because)
    _print(dead_letters, text.render_discard(dead_letters), as_json)


@hub.command(
    section=_ASK,
    epilog="Example: hub why evt-003   or: hub why app/events.json:4   or: hub why clicks/0@17",
)
@click.argument("asked", required=False, metavar="KEY|FILE:ROW|TOPIC/PARTITION@OFFSET")
@click.option("--record", "record_id", type=int, metavar="ID", help="A record by its record_id.")
def why(project: Project, asked: str | None, record_id: int | None, as_json: bool) -> None:
    """Explain what became of a record, oldest first.

    Exits with 1 if no such record was seen.
    """
    from hub import commands
    from hub.queries.explain import parse_question

    story = commands.why(project, parse_question(asked, record_id))
    _print(story, text.render_explanation(story), as_json)
    if not story["records"]:
        sys.exit(1)


@hub.group(section=_ASK)
def contract(**shared: object) -> None:
    """Ask what a contract would change, before it does."""


@contract.command(epilog="Example: hub contract diff --entity events")
@click.option("--entity", required=True, metavar="E", help="The entity whose contract it is.")
def diff(project: Project, entity: str, as_json: bool) -> None:
    """Compare the contract as it is written now with what is stored.

    Tells which records would be rejected that were accepted, and the reverse. Builds nothing.
    """
    from hub import commands

    _require_known("entity", entity, project.entities)
    difference = commands.contract_diff(project, entity)
    _print(difference, text.render_difference(difference), as_json)


@hub.command(section=_SERVE, epilog="Example: hub publish   or: hub publish --watch")
@click.option("--watch", is_flag=True, help="Publish what plain `dbt build` changes, until Ctrl-C.")
def publish(project: Project, watch: bool, as_json: bool) -> None:
    """Publish the warehouse for readers, as published/current.duckdb.

    Every hub command that changes something does that by itself. A snapshot never changes and
    keeps nobody waiting: open it with anything that reads DuckDB files.
    """
    from dataclasses import asdict

    from hub import commands

    if watch:
        count = commands.watch(project)
        _print({"published": count}, f"published {count} times", as_json)
        return
    published = commands.publish_now(project)
    data = None if published is None else asdict(published)
    _print(data, text.render_publication(published), as_json)


@hub.command(section=_ASK, epilog="Example: hub doctor --json")
def doctor(project: Project, as_json: bool) -> None:
    """Examine the warehouse and say what to do.

    Prints ok, warn or fail for each check, with the remedy. Exits with 1 if a check fails.
    """
    from dataclasses import asdict

    from hub import commands

    findings = commands.doctor(project)
    _print([asdict(finding) for finding in findings], text.render_findings(findings), as_json)
    if any(finding.status == "fail" for finding in findings):
        sys.exit(1)


@hub.command(
    section=_SERVE,
    logs_requests=True,
    epilog="Example: hub serve --port 8000",
)
@click.option("--host", metavar="ADDRESS", help="Listen here (API_HOST; 127.0.0.1).")
@click.option("--port", metavar="N", type=click.IntRange(0, 65535), help="(API_PORT; 8000).")
@click.option("--tls-cert", type=_FILE, metavar="FILE", help="The certificate, as PEM.")
@click.option("--tls-key", type=_FILE, metavar="FILE", help="Its key, as PEM.")
@click.option("--behind-proxy", is_flag=True, help="A proxy in front of it speaks TLS.")
def serve(
    project: Project,
    host: str | None,
    port: int | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    behind_proxy: bool,
    as_json: bool,
) -> None:
    """Serve the API and the page until Ctrl-C or SIGTERM.

    It reads published snapshots, so no run waits for it. Settings come from the environment:
    docs/serving.md has them.
    """
    from hub.serve.extra import require_extra

    require_extra()
    from hub.serve.server import Listening, serve

    serve(project, Listening(host, port, tls_cert, tls_key, behind_proxy))


@hub.command(section=_SERVE, epilog="Example: hub token --role reader --days 30 --subject mia")
@click.option(
    "--role",
    required=True,
    type=click.Choice(["scrape", "reader", "operator"]),
    metavar="ROLE",
    help="scrape, reader or operator.",
)
@click.option("--days", required=True, type=click.IntRange(1, 3650), metavar="N", help="Valid for.")
@click.option("--subject", required=True, metavar="NAME", help="Who it is for.")
def token(project: Project, role: str, days: int, subject: str, as_json: bool) -> None:
    """Print a token for the server, signed with SECRET_KEY.

    scrape: metrics. reader: all reads, too. operator: writes, too.
    """
    from hub.serve.extra import require_extra

    require_extra()
    from hub.serve.access import issue

    printed = issue(subject, role, days)
    _print({"token": printed}, printed, as_json)


def _require_known(what: str, given: str | None, known: tuple[str, ...]) -> None:
    if given is not None and given not in known:
        raise WrongUse(f"{what} '{given}'", "there is none", f"Known are {', '.join(known)}.")


def _print(data: Any, shown: str, as_json: bool) -> None:
    if isinstance(data, dict) and (as_of := data.get("as_of")):
        shown = f"{text.render_as_of(as_of)}\n{shown}"
    click.echo(json.dumps(data, indent=2, default=str) if as_json else shown)
