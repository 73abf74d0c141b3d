"""``lightloop check --seeds A-B``: random benches and studies, each put to every invariant, in several processes.

Every seed is a run of its own; which have passed with the present source is kept, so that a check that was stopped
goes on where it was. A seed that fails is told in one line, with what reproduces it.
"""

import contextlib
import hashlib
import json
import queue
import re
import selectors
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from emulator.errors import ConfigError, TaskError
from emulator.processes import child_environment, module_command
from experiments.check.endurance import worker
from experiments.output.publishing import folder_of
from experiments.output.source import ROOT, source_digest
from experiments.output.streams.bar import Bar
from experiments.output.streams.pulse import duration
from experiments.output.streams.standard import say

__all__ = ["Verdict", "check_seeds", "seeds_of", "verdicts"]

_LONGEST_S: Final = 300.0
"""How long a seed may take, kernels that are compiled for it included."""

_MOST: Final = 10_000_000
_RANGE: Final = re.compile(r"(\d{1,18})(?:-(\d{1,18}))?")


class Verdict(NamedTuple):
    """Say what failed of a seed; nothing where all held."""

    seed: int
    found: tuple[str, ...]


def seeds_of(text: str) -> range:
    """Return the seeds that ``text`` names: "A-B" is A to B, both of them; "N" is the N seeds from 0 on.

    Raises ``ConfigError`` for anything else.
    """
    match = _RANGE.fullmatch(text.strip())
    first, last = (0, 0) if match is None else (int(match[1]), int(match[2] or 0))
    found = range(0) if match is None else range(first, last + 1) if match[2] else range(first)
    if not 1 <= len(found) <= _MOST:
        raise ConfigError(
            f"check: --seeds {text[:60]!r} is refused; allowed: N, which is seeds 0 to N-1, or A-B, which is seeds "
            f"A to B with both (a single one is A-A), at most {_MOST:,} of them"
        )
    return found


def check_seeds(seeds: range, jobs: int, out: Path, quiet: bool = False) -> None:
    """Check ``seeds``, ``jobs`` at a time, print what failed, and close with a line of how many passed.

    Raises ``TaskError`` when one failed.
    """
    folder = folder_of("seeds", out)
    kept = folder / f"passed-{_digest()}.txt"
    passed = _known(kept) & set(seeds)
    left, failed = [seed for seed in seeds if seed not in passed], 0
    before, commit = len(passed), _commit()
    with kept.open("a", encoding="ascii") as ledger, _bar(len(left), quiet) as shown:
        for number, verdict in enumerate(verdicts(left, jobs), start=1):
            if verdict.found:
                failed += 1
                say(f"{_line(verdict, commit)}\n")
            else:
                ledger.write(f"{verdict.seed}\n")
                ledger.flush()
            shown.show("checking", number, len(left), f", {failed} failed")
    if before:
        say(f"{before} of them had passed before with this source ({kept})\n")
    say(f"{len(seeds) - failed} passed, {failed} failed\n")
    if failed:
        raise TaskError(
            f"check --seeds: {failed} of {len(seeds)} seeds failed; a line above says how to repeat each"
        )


def _bar(total: int, quiet: bool) -> Bar:
    return Bar("seeds", total, lambda s: f"check: {total:,} seeds, at work for {duration(s)}", quiet, None)


def _line(verdict: Verdict, commit: str) -> str:
    """Return one line about a seed that failed: seed, source, what failed first, and how to repeat it."""
    more = f" (and {len(verdict.found) - 1} more)" if len(verdict.found) > 1 else ""
    what = " ".join(verdict.found[0].split())
    again = f"lightloop check --seeds {verdict.seed}-{verdict.seed}"
    return f"seed {verdict.seed} ({commit}): {what}{more}; repeat: {again}"


def _commit() -> str:
    """Return the commit of this source where it is a clone, and its digest anyway."""
    digest = f"source {_digest()}"
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        command = ["git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
        return f"commit {done.stdout.strip()}, {digest}"
    return digest


def _digest() -> str:
    """Return a digest of all that decides what becomes of a seed: what runs, and what checks it."""
    digest = hashlib.blake2b(source_digest().encode(), digest_size=8)
    for folder in ("check", "inspect", "replay", "report", "compare"):
        for path in sorted((ROOT / "experiments" / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _known(path: Path) -> set[int]:
    try:
        return {int(line) for line in path.read_text(encoding="ascii").split() if line.isdecimal()}
    except FileNotFoundError:
        return set()


def verdicts(seeds: Sequence[int], jobs: int) -> Iterator[Verdict]:
    """Yield the verdict on each of ``seeds`` as it comes, from ``jobs`` processes at a time.

    A process that dies or is silent for five minutes costs the seed that it had, which has failed then.
    """
    asked: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    answers: queue.SimpleQueue[Verdict | None] = queue.SimpleQueue()
    for seed in (*seeds, *[None] * jobs):
        asked.put(seed)
    stop = threading.Event()
    threads = [
        threading.Thread(target=_attend, args=(asked, answers, stop), daemon=True) for _ in range(jobs)
    ]
    for thread in threads:
        thread.start()
    over = 0
    try:
        while over < jobs:
            verdict = answers.get()
            if verdict is None:
                over += 1
            else:
                yield verdict
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _attend(
    asked: "queue.SimpleQueue[int | None]",
    answers: "queue.SimpleQueue[Verdict | None]",
    stop: threading.Event,
) -> None:
    """Have one process after the other answer, until there is nothing more to ask."""
    with contextlib.ExitStack() as living:
        process: _Process | None = None
        while not stop.is_set() and (seed := asked.get()) is not None:
            if process is None:
                process = living.enter_context(_Process())
            found = process.ask(seed, stop)
            if found is None:
                process.end()
                found, process = (
                    [f"its process ended with {process.code} or was silent for {_LONGEST_S:g} s"],
                    None,
                )
            if not stop.is_set():
                answers.put(Verdict(seed, tuple(found)))
    answers.put(None)


class _Process:
    """One worker, with a folder of its own."""

    def __enter__(self) -> "_Process":
        self._folder = tempfile.TemporaryDirectory(prefix="lightloop-seeds-")
        self._popen = subprocess.Popen(
            module_command(worker.__name__, self._folder.name),
            env=child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        return self

    def __exit__(self, *exception: object) -> None:
        self.end()
        self._folder.cleanup()

    @property
    def code(self) -> int | None:
        """Return the exit code, once it has ended."""
        return self._popen.poll()

    def ask(self, seed: int, stop: threading.Event) -> list[str] | None:
        """Return what fails of ``seed``; None where no answer comes, or nobody waits for it any more."""
        pipes = self._popen.stdin, self._popen.stdout
        assert pipes[0] is not None and pipes[1] is not None  # noqa: S101, PT018  (asked for)
        try:
            pipes[0].write(f"{seed}\n".encode())
            pipes[0].flush()
        except OSError:
            return None
        with selectors.DefaultSelector() as selector:
            selector.register(pipes[1], selectors.EVENT_READ)
            waited_s = 0.0
            while not selector.select(1.0):
                waited_s += 1.0
                if stop.is_set() or waited_s >= _LONGEST_S:
                    return None
        answer = pipes[1].readline()
        return json.loads(answer) if answer.endswith(b"\n") else None

    def end(self) -> None:
        """End the process, whatever it does."""
        if self._popen.poll() is None:
            self._popen.kill()
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
