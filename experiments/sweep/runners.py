"""Who carries out orders: forks of a warm process, threads, or any executor; each order gives a future.

A fork that is killed costs its own order, which a ``ProcessPoolExecutor`` does not promise: one killed worker
breaks the pool, and every order that was under way or waiting is lost.
"""

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import IO, Final, Protocol

from emulator.errors import ConfigError, nearest
from emulator.processes import child_environment, module_command
from experiments.output.source import source_digest
from experiments.sweep.worker import FAILED, Order, Outcome, carry_out
from experiments.tasks.pretraining import reproducible

__all__ = ["RUNNERS", "Farm", "Pool", "Runner", "runner_of"]

RUNNERS: Final = ("processes", "threads", "dask")
"""Who can be asked for by name."""

_ONE_THREAD: Final = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Runner(Protocol):
    """Carries out orders, ``at_once`` of them at the same time; None leaves that to it."""

    @property
    def at_once(self) -> int | None: ...

    def start(self, order: Order) -> "Future[Outcome]":
        """Begin with ``order``."""


class Pool:
    """Hand orders to an executor of ``concurrent.futures``; what it loses is a failure of that order."""

    at_once = None

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def start(self, order: Order) -> "Future[Outcome]":
        """Submit ``order``."""
        return self._executor.submit(carry_out, order)


class Farm:
    """Forks of one process that has imported everything: isolation for each order, and the imports once.

    The process is started with the farm, and anew when it has died; no signal of a terminal reaches it. ``command``
    stands in for its own, for tests.
    """

    def __init__(self, at_once: int, command: tuple[str, ...] = ()) -> None:
        self.at_once = at_once
        self._command = command or tuple(module_command(f"{__package__}.server"))
        self._numbers = count()
        self._futures: dict[int, Future[Outcome]] = {}
        self._lock = threading.Lock()
        self._server = self._begin(())

    def start(self, order: Order) -> "Future[Outcome]":
        """Send ``order`` to a fork."""
        future: Future[Outcome] = Future()
        future.set_running_or_notify_cancel()
        with self._lock:
            number = next(self._numbers)
            self._futures[number] = future
            if self._server.poll() is not None:
                _shut(self._server)
                self._server = self._begin(("--cold",))
            line = json.dumps([number, *order]) + "\n"
            try:
                _pipe(self._server.stdin).write(line.encode())
                _pipe(self._server.stdin).flush()
            except BrokenPipeError:
                self._futures.pop(number)
                future.set_result(_lost(self._server.wait()))
        return future

    def close(self) -> None:
        """Kill what still runs."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._server.pid, signal.SIGKILL)
        self._server.wait()
        _shut(self._server)

    def _begin(self, words: tuple[str, ...]) -> "subprocess.Popen[bytes]":
        server = subprocess.Popen(
            [*self._command, *words],
            env=child_environment(**_ONE_THREAD),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C goes to the terminal's foreground group: it must not reach the forks
        )
        threading.Thread(target=self._listen, args=(server,), daemon=True).start()
        return server

    def _listen(self, server: "subprocess.Popen[bytes]") -> None:
        with _pipe(server.stdout) as answers:
            for line in answers:
                number, code, found = json.loads(line)
                future = self._futures.pop(number)
                future.set_result(_lost(code) if found is None else _outcome(found))
        code = server.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(server.pid, signal.SIGKILL)  # its forks, should it have died before them
        with self._lock:
            left, self._futures = self._futures, {}
        for future in left.values():
            future.set_result(_lost(code))


def _shut(server: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(BrokenPipeError):  # what it was still to be told
        _pipe(server.stdin).close()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ConfigError("sweep: a process was started without its pipes")
    return pipe


def _outcome(found: list[object]) -> Outcome:
    """Return what a fork said in JSON as it was."""
    status, reason, numbers, source, said = found
    pairs = tuple((str(name), float(value)) for name, value in numbers)  # type: ignore[attr-defined]
    return Outcome(str(status), str(reason), pairs, str(source), str(said))


def _lost(code: int) -> Outcome:
    how = f"killed by signal {-code}" if code < 0 else f"its process left with exit code {code}"
    return Outcome(FAILED, how, source=source_digest())


@contextmanager
def runner_of(
    executor: Executor | str = RUNNERS[0], workers: int = 2, scheduler: str | None = None
) -> Iterator[Runner]:
    """Give the runner that ``executor`` names, with ``workers``, or one that hands orders to ``executor``.

    ``scheduler`` is the address of a Dask scheduler; None starts one here. An executor of the caller's stays open.
    Raises ``ConfigError`` for an unknown name, and when Dask is not installed or its scheduler does not answer.
    """
    if not isinstance(executor, str):
        if not hasattr(executor, "submit"):
            raise ConfigError(
                f"sweep: executor is a {type(executor).__name__}; allowed: {', '.join(RUNNERS)}, or anything with "
                "the submit of concurrent.futures.Executor"
            )
        yield Pool(executor)
        return
    if executor not in RUNNERS:
        hint = nearest(executor, RUNNERS)
        raise ConfigError(
            f"--executor {executor[:40]!r} is unknown; allowed: {', '.join(RUNNERS)}{hint and f'; {hint}'}"
        )
    if workers < 1:
        raise ConfigError(f"--workers {workers} is refused; allowed: >= 1")
    if scheduler is not None and executor != "dask":
        raise ConfigError("--scheduler is for --executor dask")
    with {"processes": _farm, "threads": _threads}.get(executor, _dask)(workers, scheduler) as runner:
        yield runner


@contextmanager
def _farm(workers: int, scheduler: str | None) -> Iterator[Runner]:
    del scheduler
    farm = Farm(workers)
    try:
        yield farm
    finally:
        farm.close()


@contextmanager
def _threads(workers: int, scheduler: str | None) -> Iterator[Runner]:
    del scheduler
    executor = ThreadPoolExecutor(workers)
    # Each run sets torch's switches and puts them back: around them all, so that none is put back under another.
    with reproducible():
        try:
            yield Pool(executor)
        finally:
            executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _dask(workers: int, scheduler: str | None) -> Iterator[Runner]:
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise ConfigError(
            "--executor dask needs dask.distributed: pip install 'lightloop[cluster]'"
        ) from error
    with contextlib.ExitStack() as stack:
        if scheduler is None:
            scheduler = stack.enter_context(
                LocalCluster(  # type: ignore[no-untyped-call]
                    n_workers=workers, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
                )
            )
        try:
            client = stack.enter_context(Client(scheduler, timeout="20s", set_as_default=False))  # type: ignore[no-untyped-call]
        except (OSError, ValueError, TimeoutError) as error:
            raise ConfigError(f"--scheduler {scheduler}: no Dask scheduler answers there: {error}") from error
        yield Pool(stack.enter_context(client.get_executor(pure=False)))
