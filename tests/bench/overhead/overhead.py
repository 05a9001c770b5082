#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the Python package and the Go package cost over C.

A worker in each language stays alive and runs a case whenever it is told to, one worker at a
time, in rounds, in each order there is.  A machine that gets slower for a moment does so to all
of them, and a figure compares times of the same round.

The median of the rounds is what a case shows.  A goal counts as missed when even the favourable
end of the median's confidence interval (19 in 20) misses it, three times, each with new workers;
so a busy machine fails nobody, and a cost that is there fails always.
"""

import argparse
import contextlib
import fcntl
import itertools
import math
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Callable, Dict, Iterator, List, NamedTuple, Sequence, Set, Tuple

BOARDS, VGPUS_EACH = 8, 32
FRAMEBUFFER_MIB = 128
MIB = 1 << 20
F_SETPIPE_SZ = 1031  # the fcntl module has it since Python 3.10
# Of new workers each: on two processors it is their chance whether who writes into a pipe and who
# reads it share one, which is worth a quarter.  What is slow in earnest misses each time.
ATTEMPTS = 6
LEAST_ROUNDS = 9
CASE_SECONDS = 7  # after which a case gets no more rounds than the least


class Times(NamedTuple):
    """Nanoseconds of one round; objects: creating the objects of an enumeration."""

    ours: float
    reference: float
    objects: float


class Figure(NamedTuple):
    """What is made of the times of a round, and which end of it is the good one."""

    name: str
    form: str
    low_is_good: bool
    of: Callable[[Times], float]

    def misses(self, value: float, goal: float) -> bool:
        return value > goal if self.low_is_good else value < goal

    def best_median(self, ordered: Sequence[float]) -> float:
        """The favourable end of the confidence interval of the median: by ranks, as the number
        of rounds below the true median is binomial."""
        away = math.ceil(math.sqrt(len(ordered)))  # two standard deviations, upwards
        rank = len(ordered) // 2 + (-away if self.low_is_good else away)
        return ordered[min(max(rank, 0), len(ordered) - 1)]


OVERHEAD = Figure("overhead", "{:.0f} ns", True, lambda times: times.ours - times.reference)
TIME = Figure("ratio", "{:.2f}", True,
              lambda times: times.ours / (times.reference + times.objects))
RATE = Figure("ratio", "{:.2f}", False, lambda times: times.reference / times.ours)


class Case(NamedTuple):
    """command: with {null} or {pipe}, where to save; goals: {language: bound of the figure}."""

    name: str
    figure: Figure
    rounds: int
    warm_up: str
    command: str
    goals: Dict[str, float]


# Many short measurements: most of them are over before the scheduler has something else to do.


def getter(name: str) -> Case:
    return Case(name, OVERHEAD, 101, f"{name} 500", f"{name} 2000", {"python": 2000, "go": 1000})


def enumeration(name: str, goals: Dict[str, float]) -> Case:
    return Case(name, TIME, 101, f"{name} 1", f"{name} 1", goals)


def save(name: str, command: str) -> Case:
    return Case(name, RATE, 41, "", command, {"python": 0.97, "go": 0.97})


CASES = [
    getter("state"),
    getter("mode"),
    getter("text"),
    getter("number"),
    enumeration("enumerate", {"python": 1.2, "go": 1.2}),
    enumeration("lists", {}),
    save("save-null", "save {null} 0"),
    save("save-null-progress", "save {null} 1"),
    save("save-pipe", "save {pipe} 0"),
    save("save-pipe-progress", "save {pipe} 1"),
]


# ---------------------------------------------------------------- workers


class Worker:
    """A program that runs one case at a time."""

    def __init__(self, language: str, command: Sequence[str],
                 descriptors: Sequence[int]) -> None:
        self.language = language
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, pass_fds=descriptors)

    def ask(self, command: str) -> float:
        with contextlib.suppress(BrokenPipeError):
            print(command, file=self.process.stdin, flush=True)
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"overhead: the {self.language} worker gave up")
        return float(line)

    def close(self) -> None:
        self.process.communicate()


@contextlib.contextmanager
def sinks(worker: str) -> Iterator[Dict[str, int]]:
    """Descriptors by name: where nothing is kept, and a pipe that somebody empties, always on
    the same processor: else the speed depends on where the two happen to be."""
    null = os.open(os.devnull, os.O_WRONLY)
    read_end, write_end = os.pipe()
    with contextlib.suppress(OSError):  # a user may have too many already
        fcntl.fcntl(write_end, F_SETPIPE_SZ, MIB)
    with subprocess.Popen([worker], stdin=read_end, stdout=null) as drain:
        os.sched_setaffinity(drain.pid, {max(os.sched_getaffinity(0))})
        os.close(read_end)
        try:
            yield {"null": null, "pipe": write_end}
        finally:
            os.close(null)
            os.close(write_end)


@contextlib.contextmanager
def crew(commands: Dict[str, List[str]],
         descriptors: Dict[str, int]) -> Iterator[Dict[str, Worker]]:
    """The workers, by language, set up to measure."""
    with contextlib.ExitStack() as stack:
        shm = pathlib.Path("/dev/shm")
        state = stack.enter_context(tempfile.TemporaryDirectory(
            prefix="nvvgpu-overhead-", dir=shm if shm.is_dir() else None))
        workers = {}
        for language, command in commands.items():
            worker = Worker(language, [*command, f"emu:l40?state={state}"],
                            list(descriptors.values()))
            stack.callback(worker.close)
            workers[language] = worker
        set_up(workers, descriptors)
        yield workers


def same_answer(workers: Dict[str, Worker], command: str) -> float:
    """What each worker answers, who all have to say the same."""
    answers = {language: worker.ask(command) for language, worker in workers.items()}
    if len(set(answers.values())) > 1:
        sys.exit(f"overhead: {command}: the answers differ: {answers}")
    return answers["c"]


def set_up(workers: Dict[str, Worker], descriptors: Dict[str, int]) -> None:
    same_answer(workers, f"boards {BOARDS} {VGPUS_EACH}")
    same_answer(workers, "digest")
    workers["c"].ask(f"fill {FRAMEBUFFER_MIB}")
    saved = same_answer(workers, f"find {descriptors['null']}")
    if saved < FRAMEBUFFER_MIB * MIB:
        sys.exit(f"overhead: {saved} bytes were saved of {FRAMEBUFFER_MIB} MiB")


# -------------------------------------------------------------- measuring


def run_round(workers: Dict[str, Worker], case: Case, order: Sequence[str],
              descriptors: Dict[str, int]) -> Dict[str, Times]:
    """{language: Times} of one round."""
    took: Dict[str, float] = {}
    objects: Dict[str, float] = {}
    for language in order:
        worker = workers[language]
        if case.warm_up:
            worker.ask(case.warm_up)
        took[language] = worker.ask(case.command.format(**descriptors))
        if case.figure is TIME and language != "c":
            objects[language] = worker.ask("create 5")
    return {language: Times(took[language], took["c"], objects.get(language, 0))
            for language in workers if language != "c"}


def measure(workers: Dict[str, Worker], case: Case,
            descriptors: Dict[str, int]) -> Dict[str, List[Times]]:
    """{language: [Times]}, the first round left out; everybody comes after everybody."""
    orders = itertools.cycle(itertools.permutations(workers))
    run_round(workers, case, next(orders), descriptors)
    rounds: List[Dict[str, Times]] = []
    end = time.monotonic() + CASE_SECONDS
    while len(rounds) < case.rounds and (len(rounds) < LEAST_ROUNDS or time.monotonic() < end):
        rounds.append(run_round(workers, case, next(orders), descriptors))
    return {language: [times[language] for times in rounds] for language in rounds[0]}


def sides(case: Case, samples: Sequence[Times]) -> str:
    """Ours and the reference in the case's unit, medians of all rounds."""
    ours, reference, objects = (statistics.median(column) for column in zip(*samples))
    if case.figure is OVERHEAD:
        return f"ours {ours:.1f} ns reference {reference:.1f} ns ratio {ours / reference:.2f}"
    if case.figure is RATE:
        ours, reference = (FRAMEBUFFER_MIB * 1e9 / each for each in (ours, reference))
        return f"ours {ours:.1f} MiB/s reference {reference:.1f} MiB/s"
    return (f"ours {ours / 1e3:.1f} us reference {(reference + objects) / 1e3:.1f} us "
            f"(C {reference / 1e3:.1f} us, objects {objects / 1e3:.1f} us)")


def report(case: Case, language: str, samples: Sequence[Times]) -> bool:
    """Prints one line.  Return: whether a goal is missed."""
    figure = case.figure
    ordered = sorted(figure.of(times) for times in samples)
    median = statistics.median(ordered)
    missed, goal = False, ""
    if language in case.goals:
        bound = case.goals[language]
        missed = figure.misses(figure.best_median(ordered), bound)
        verdict = "met"
        if figure.misses(median, bound):
            verdict = "MISSED" if missed else "not met, but within the noise"
        goal = (f" goal {'<=' if figure.low_is_good else '>='} {figure.form.format(bound)}: "
                f"{verdict}")
    spread = " ".join(figure.form.format(each) for each in (ordered[0], median, ordered[-1]))
    print(f"{case.name}-{language}: {sides(case, samples)} {figure.name} min/median/max {spread}"
          f"{goal}", flush=True)
    return missed


def attempt(commands: Dict[str, List[str]], cases: Sequence[Case]) -> Set[Tuple[str, str]]:
    """{(name of the case, language)} of the goals that were missed."""
    missed: Set[Tuple[str, str]] = set()
    with sinks(*commands["c"]) as descriptors, crew(commands, descriptors) as workers:
        for case in cases:
            for language, samples in measure(workers, case, descriptors).items():
                if report(case, language, samples):
                    missed.add((case.name, language))
    return missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("worker", help="the worker in C")
    parser.add_argument("--python", metavar="WORKER", help="run by this interpreter")
    parser.add_argument("--go", metavar="WORKER")
    parser.add_argument("--missing", action="append", default=[], metavar="TEXT",
                        help="what cannot be measured here, and why")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("overhead: ended"))  # and clean up

    for text in args.missing:
        print(f"not measured: {text}", flush=True)
    commands = {"c": [args.worker]}
    if args.python:
        commands["python"] = [sys.executable, "-B", args.python]
    if args.go:
        commands["go"] = [args.go]
    if len(commands) == 1:
        return 77  # meson: skipped

    missed = attempt(commands, CASES)
    for _ in range(ATTEMPTS - 1):
        if missed:
            print("once more, with new workers:", flush=True)
            names = {name for name, _ in missed}
            missed &= attempt(commands, [case for case in CASES if case.name in names])
    for name, language in sorted(missed):
        print(f"overhead: {name}-{language} missed its goal {ATTEMPTS} times", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
