"""What a conversation took, for people: in a line, or in a table."""

import math
from collections.abc import Sequence

from orchestrator.render.excerpts import harmless
from orchestrator.usage import Account, Spent

_TOKENS = ("tokens in", "cached", "tokens out")
_COUNTS = ("calls", *_TOKENS, "cost")
_UNKNOWN = "?"


def summary(account: Account) -> list[str]:
    """Give one line, and one for each model where there are several. Nothing where no usage was told."""
    total, models = account.total, account.by(lambda place: place.model)
    if not total.told:
        return []
    line = "; ".join([f"{_counted(account.turns, 'turn')}, {_told(total, 'model call')}", *_gaps(account)])
    shares = [f"  {harmless(model)}: {_told(spent, 'call')}" for model, spent in models.items()]
    return [line, *(shares if len(shares) > 1 else [])]


def table(account: Account) -> list[str]:
    """Give a row for each turn, agent and model, and the sums: for each agent and each model where there are several.

    What nobody told is ``?``. There are no columns for cached tokens and costs where there are none.
    """
    if not account.entries:
        return ["no model was asked"]
    by_agent, by_model = account.by(lambda place: place.agent), account.by(lambda place: place.model)
    rows = [_row((str(place.turn), place.agent, place.model), spent) for place, spent in account.entries.items()]
    rows += [_row(("all", agent, ""), spent) for agent, spent in by_agent.items() if len(by_agent) > 1]
    rows += [_row(("all", "", model), spent) for model, spent in by_model.items() if len(by_model) > 1]
    rows.append(_row(("all", "", ""), account.total))
    left_out = {"cached"} if not account.total.usage.cached_tokens else set()
    left_out |= {"cost"} if account.total.cost is None else set()
    columns = zip(("turn", "agent", "model", *_COUNTS), *rows, strict=True)
    return [*_aligned([column for column in columns if column[0] not in left_out]), *_gaps(account)]


def _gaps(account: Account) -> list[str]:
    """What the numbers leave out."""
    total, gaps = account.total, []
    if total.told < total.calls:
        gaps.append(f"{total.calls - total.told} of {_counted(total.calls, 'model call')} told no usage")
    if total.cost is not None and account.unpriced:
        gaps.append(f"no price is known for {', '.join(repr(harmless(model)) for model in account.unpriced)}")
    return gaps


def _told(spent: Spent, calls: str) -> str:
    """The numbers as words: ``5 model calls, 1,204 tokens in, 96 out, cost 0.0021``."""
    words = [_counted(spent.calls, calls)]
    if spent.told:
        usage = spent.usage
        cached = f" ({usage.cached_tokens:,} cached)" if usage.cached_tokens else ""
        words += [f"{_counted(usage.input_tokens, 'token')} in{cached}", f"{usage.output_tokens:,} out"]
    if spent.cost is not None:
        words.append(f"cost {_money(spent.cost)}")
    return ", ".join(words)


def _row(names: tuple[str, str, str], spent: Spent) -> tuple[str, ...]:
    usage = spent.usage
    tokens = (usage.input_tokens, usage.cached_tokens, usage.output_tokens)
    told = [f"{count:,}" for count in tokens] if spent.told else [_UNKNOWN] * len(tokens)
    money = _UNKNOWN if spent.cost is None else _money(spent.cost)
    return (*map(harmless, names), f"{spent.calls:,}", *told, money)


def _aligned(columns: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table: names to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in columns]
    aligned = [
        [f"{cell:>{width}}" if column[0] in _COUNTS else f"{cell:<{width}}" for cell in column]
        for column, width in zip(columns, widths, strict=True)
    ]
    return ["  ".join(cells).rstrip() for cells in zip(*aligned, strict=True)]


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _money(amount: float) -> str:
    """An amount with two digits that say something, at least to the hundredth."""
    if not amount:
        return "0"
    return f"{amount:,.{max(2, 1 - math.floor(math.log10(amount)))}f}"
