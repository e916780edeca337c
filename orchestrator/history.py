"""What of a long conversation a model gets: the session keeps everything, a request may leave out the oldest."""

from collections.abc import Sequence

from orchestrator.messages import Message, ToolMessage

_BYTES_A_TOKEN = 4
_TOKENS_A_MESSAGE = 4


def tokens_of(messages: Sequence[Message]) -> int:
    """About how many tokens these messages have: four bytes of their wire form each, and some for each message."""
    return sum(len(message.wire) // _BYTES_A_TOKEN + _TOKENS_A_MESSAGE for message in messages)


def sent(messages: Sequence[Message], left_out: int, turn: int) -> tuple[Message, ...]:
    """The messages of a request when the oldest are left out, all but the message of this run's user.

    Args:
        messages: all messages of the session.
        left_out: how many of the oldest to leave out.
        turn: the index of the message with which the run began.
    """
    kept = tuple(messages[left_out:])
    return (messages[turn], *kept) if turn < left_out else kept


def to_leave_out(messages: Sequence[Message], left_out: int, turn: int, most: int) -> int:
    """How many of the oldest messages to leave out so that at most ``most`` tokens are sent.

    Only complete groups go, never a call without its answers; nor does the last group, whatever its size.
    """
    tokens = tokens_of(sent(messages, left_out, turn))
    while tokens > most:
        end = _end_of_group(messages, left_out)
        if end >= len(messages):
            break
        tokens -= sum(tokens_of([messages[index]]) for index in range(left_out, end) if index != turn)
        left_out = end
    return left_out


def _end_of_group(messages: Sequence[Message], start: int) -> int:
    """Where the group ends that begins here: a message, and the answers to its calls."""
    end = start + 1
    while end < len(messages) and isinstance(messages[end], ToolMessage):
        end += 1
    return end
