"""Event loops that last for one conversation. Group 16: nothing is left behind, whenever Ctrl-C comes."""

import asyncio
import gc
import os
import signal

import pytest

from orchestrator.testing.loops import run_alone


def ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


async def seven() -> int:
    return 7


def test_what_is_given_is_given() -> None:
    assert run_alone(seven) == 7


def test_group_16_ctrl_c_ends_what_has_begun() -> None:
    ended = []

    async def wait() -> None:
        ctrl_c()
        try:
            await asyncio.sleep(30)
        finally:
            ended.append(True)

    with pytest.raises(KeyboardInterrupt):
        run_alone(wait)
    assert ended == [True]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


class StoppedAtItsMaking(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        ctrl_c()
        super().__init__()


class StoppedAtItsClosing(asyncio.SelectorEventLoop):
    def close(self) -> None:
        ctrl_c()
        super().close()


@pytest.mark.parametrize("loop", [StoppedAtItsMaking, StoppedAtItsClosing])
def test_group_16_ctrl_c_leaves_no_loop_half_made_or_half_closed(loop: type[asyncio.SelectorEventLoop]) -> None:
    """Half a loop would complain when it is collected, and that would fail the test."""
    with pytest.raises(KeyboardInterrupt):
        run_alone(seven, loop)
    gc.collect()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
