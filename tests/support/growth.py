"""How the time of an action grows with what it is given, on a machine where other programs run as well."""

import gc
import time
from collections.abc import Callable


def grows_within(bound: float, action: Callable[[int], object], few: int, many: int) -> bool:
    """Whether ``many`` take at most ``bound`` times as long as ``few``, in CPU time of this process.

    Other programs, and the caches that they empty, only add to a time: one good comparison of five is enough.
    """
    return any(bound * seconds(action, few) >= _once(action, many) for _ in range(5))


def seconds(action: Callable[[int], object], count: int) -> float:
    """The better of two times."""
    return min(_once(action, count) for _ in range(2))


def _once(action: Callable[[int], object], count: int) -> float:
    gc.collect()
    gc.disable()  # it comes when it will, and takes as long as all other tests have left it to do
    try:
        start = time.process_time()
        action(count)
        return time.process_time() - start
    finally:
        gc.enable()
