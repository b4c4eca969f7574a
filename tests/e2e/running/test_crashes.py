"""Short versions of what `make torture` does: a hub that was killed, failed or starved is, after
the next run, one that nothing ever happened to.

Moments and records come from fixed seeds; `python -m tests.torture --help` tells how to try others.
"""

import random
import re
import signal
from collections.abc import Iterator

import pytest

from tests.torture.concurrency import AtAnOpening, AtOnce
from tests.torture.deliveries import Delivery, Task, measure_other_lives, write_reference
from tests.torture.faults import MODES
from tests.torture.kills import Kill
from tests.torture.limits import Limited
from tests.torture.playground import BUILD, DISCARD, LAND, REDRIVE, RUN, RUN_BY_DBT, Playground
from tests.torture.signals import Interrupted
from tests.torture.steps import Failed, FailedNodes, KilledBefore, steps_of
from tests.torture.verdicts import Verdict

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    with pytest.MonkeyPatch.context() as patch:
        yield Playground(tmp_path_factory.mktemp("ground"), patch=patch)


@pytest.fixture(scope="module")
def delivery(ground: Playground) -> Delivery:
    delivery = Delivery(1, 300, ground.folder / "reference")
    write_reference(ground, delivery)
    measure_other_lives(ground, delivery)
    return delivery


def assert_good(verdict: Verdict) -> None:
    counted = (verdict.lost, verdict.doubled, verdict.different, verdict.unclear)
    assert counted == (0, 0, 0, 0), "\n".join(verdict.notes)
    assert verdict.times > 0


def test_a_landing_killed_again_and_again_is_completed(ground, delivery):
    assert_good(Kill(Task(delivery, LAND), seed=1, kills=6, then=LAND).carry_out(ground))


@pytest.mark.parametrize("incremental", [False, True], ids=["first", "second"])
def test_a_run_killed_again_and_again_is_completed(ground, delivery, incremental):
    killed = Kill(Task(delivery, RUN, incremental), seed=3, kills=2)

    assert_good(killed.carry_out(ground))


@pytest.mark.parametrize("command", [BUILD, REDRIVE, DISCARD], ids=lambda command: command[0])
def test_a_command_that_lands_nothing_has_done_all_or_nothing_when_killed(
    ground, delivery, command
):
    assert_good(Kill(Task(delivery, command), seed=5).carry_out(ground))


def test_what_a_kill_of_a_landing_leaves_on_the_disk_is_completed(ground, delivery):
    verdict = KilledBefore(Task(delivery, LAND), part=7, parts=60).carry_out(ground)

    assert_good(verdict)


def test_what_a_kill_of_a_run_leaves_on_the_disk_is_completed(ground, delivery):
    verdict = KilledBefore(Task(delivery, RUN, incremental=True), part=11, parts=20).carry_out(
        ground
    )

    assert_good(verdict)
    assert "while building" in verdict.moments


def test_a_run_whose_targets_failed_is_completed(ground, delivery):
    """What reads no target is built all the same, and must not finish the loads."""
    targets = tuple(f"model.hub.{name}" for name in ("events", "orders", "clicks", "measurements"))

    assert_good(FailedNodes(Task(delivery, RUN), targets).carry_out(ground))


@pytest.mark.parametrize("mode", MODES)
def test_a_landing_of_which_a_step_failed_says_so_and_is_completed(ground, delivery, mode):
    landing = Task(delivery, LAND)
    steps = [number for number, _ in enumerate(steps_of(ground, landing), start=1)]

    for step in random.Random(mode).sample(steps, 5):
        assert_good(Failed(landing, step, mode, LAND).carry_out(ground))


def test_a_file_that_a_disk_could_not_read_lands_with_the_next_run(ground, delivery):
    landing = Task(delivery, LAND)
    reads = [
        number
        for number, step in enumerate(steps_of(ground, landing), start=1)
        if re.fullmatch(r"read \d+", step)
    ]

    for step in random.Random(0).sample(reads, 3):
        assert_good(Failed(landing, step, "once", LAND).carry_out(ground))


@pytest.mark.parametrize(
    ("command", "what", "size"),
    [
        (LAND, "file", 8 << 10),  # too little for an empty database
        (LAND, "file", 64 << 10),
        (RUN, "file", 256 << 10),
        (RUN, "duckdb", 2 << 20),
    ],
)
def test_too_little_room_or_memory_is_told_and_made_up_for(ground, delivery, command, what, size):
    verdict = Limited(Task(delivery, command, first_day=True), what, size).carry_out(ground)

    assert_good(verdict)
    assert verdict.moments == ("failed",)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_landing_stopped_anywhere_is_closed_and_completed(ground, delivery, number):
    assert_good(Interrupted(Task(delivery, LAND), number, seed=number).carry_out(ground))


def test_of_two_commands_at_once_one_says_who_has_the_warehouse(ground, delivery):
    assert_good(AtOnce(Task(delivery, LAND), LAND, seed=1).carry_out(ground))


def test_nobody_takes_a_run_for_a_killed_one_while_it_opens_the_warehouse(ground, delivery):
    run = Task(delivery, RUN_BY_DBT, incremental=True)
    assert_good(AtAnOpening(run, LAND, time=2).carry_out(ground))
