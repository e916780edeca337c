"""The threads on which synchronous tools run."""

import asyncio
import contextvars
import subprocess
import sys
import threading

import pytest

from orchestrator.tools.threads import MOST_IDLE, in_thread


async def test_one_call_after_the_other_has_the_same_thread() -> None:
    threads = {await in_thread(threading.get_ident, "a") for _ in range(20)}
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_a_thread_has_the_name_of_the_tool_that_runs() -> None:
    names = [await in_thread(lambda: threading.current_thread().name, name) for name in ("look", "pay")]
    assert names == ["tool look", "tool pay"]


async def test_a_call_that_hangs_keeps_nobody_else_waiting() -> None:
    released = threading.Event()
    hanging = asyncio.ensure_future(in_thread(released.wait, "hangs"))
    await asyncio.sleep(0)
    assert await asyncio.wait_for(in_thread(lambda: "here", "quick"), 5) == "here"
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    assert await asyncio.wait_for(in_thread(lambda: "still here", "quick"), 5) == "still here"
    released.set()


async def test_each_call_has_the_context_of_its_caller() -> None:
    name = contextvars.ContextVar("name", default="none")
    name.set("one")
    assert await in_thread(lambda: (name.get(), name.set("inside"))[0], "a") == "one"
    assert name.get() == "one"
    name.set("two")
    assert await in_thread(name.get, "b") == "two"


async def test_no_more_threads_wait_than_are_worth_keeping() -> None:
    before = threading.active_count()
    together = threading.Barrier(2 * MOST_IDLE)
    await asyncio.gather(*(in_thread(together.wait, "all at once") for _ in range(2 * MOST_IDLE)))
    for _ in range(100):
        if threading.active_count() <= before + MOST_IDLE:
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"{threading.active_count() - before} threads are left")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_forked_process_has_threads_of_its_own() -> None:
    program = """
import asyncio, os, threading
from orchestrator.tools.threads import in_thread
asyncio.run(in_thread(lambda: None, "before"))
child = os.fork()
if child == 0:
    print(asyncio.run(asyncio.wait_for(in_thread(lambda: "the child's", "a"), 10)), flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""
    command = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout, done.stderr) == ("the child's\n", "")
