"""Work on what strangers send, in a process of its own, with bounded memory and time: a file that makes a reader
misbehave costs that process and nothing else.
"""

import multiprocessing
import os
import resource
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkContext, ForkServerContext
from typing import Any

from atmpxb.panics import is_panic
from atmpxb.quality.assays.seam import AssayError

MEMORY_LIMIT = 6 * 1024**3  # bytes of address space
TIME_LIMIT = 300  # seconds


def confined(
    context: ForkContext | ForkServerContext,
    work: Callable[..., Any],
    *args: Any,
    memory: int = MEMORY_LIMIT,
    seconds: float = TIME_LIMIT,
) -> Any:
    """What ``work(*args)`` returns, from a forked process; its AssayError arrives here as if raised here.

    Args:
        context: a server of clean processes for a program with threads; `clean_process()` for a command.

    Raises:
        AssayError: of the work; or it took too long (``engine.too_slow``), too much memory (``engine.memory``,
        ``engine.stopped``), or met a fault (``engine.fault``).
    """
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(theirs, memory, work, args), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(seconds):
            raise AssayError(
                "engine.too_slow", "The analysis took more than {seconds} s and was stopped.", seconds=f"{seconds:g}"
            )
        outcome = ours.recv()
    except EOFError:
        raise AssayError(
            "engine.stopped", "The analysis ended without an answer: the file may need more memory than is allowed."
        ) from None
    finally:
        ours.close()
        if process.is_alive():
            process.join(1)
            process.kill()
        process.join()
    match outcome:
        case ("assay error", note):
            raise AssayError.of(note)
        case ("fault", what):
            raise AssayError("engine.fault", "The analysis met a fault in the program: {what}", what=what)
    return outcome[1]


def clean_process() -> ForkContext | ForkServerContext:
    """For a command: a plain fork, whose child has everything that the command has loaded.

    Not where threads run, such as those that typst keeps once it has drawn: a fork takes their locks along and
    leaves them behind, so the child could wait for ever.
    """
    if len(os.listdir("/proc/self/task")) == 1:
        return multiprocessing.get_context("fork")
    return multiprocessing.get_context("forkserver")


def _child(answer: Connection, memory: int, work: Callable[..., Any], args: tuple[Any, ...]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        answer.send(("ok", work(*args)))
    except AssayError as error:
        answer.send(("assay error", error.note))
    except MemoryError:
        refusal = AssayError("engine.memory", "The analysis needs more memory than is allowed.")
        answer.send(("assay error", refusal.note))
    except BaseException as error:
        if not (isinstance(error, Exception) or is_panic(error)):
            raise
        answer.send(("fault", f"{type(error).__name__}: {error}"))
