"""The laws of the heart, kept in books of their own: what the rules of the loop mean for the events of a session.

``Law`` is told what happens in the order in which it happens: by the store of each event, by tools and model of each
act. It reads the rules and not the code, and it breaks where either breaks them.
"""

import json
from collections.abc import Sequence
from typing import Any

from orchestrator.events import ApprovalGiven, Event, HandedOff, LiveEvent, RunFinished, ToolFinished, ToolStarted
from orchestrator.history import tokens_of
from orchestrator.messages import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage
from orchestrator.model import NamedFunction
from orchestrator.model_client import ModelRequest
from orchestrator.runner import ApprovalRequest, Verdict
from orchestrator.tools import ToolContext
from tests.support.books import Books, Entry, Used
from tests.support.random_worlds import Plan, rule_of

UNCOUNTED = {"run_started", "run_resumed", "approval_given", "question_answered"}  # a person may take a night
STOPS = {"length": "cut", "content_filter": "filtered", "refusal": "refused"}


def meaning(arguments: str) -> str:
    """What good arguments say, however they are written."""
    return json.dumps(json.loads(arguments or "null") or {})


class Law(Books):
    """The law. It is the ``Book`` of a world: acts report here."""

    # ---- what acts report. They can't raise here: the runner would take it for a failure of theirs

    def check(self, holds: object, what: str) -> None:
        if not holds:
            self.broken.append(what)

    def model_called(self, request: ModelRequest, refused: Sequence[str]) -> None:
        self.requests += 1
        self.check(not refused, f"the API refuses: {refused}")
        self.check(self.requests == self.asked, "a model call began before its event was stored")
        self.check(request.messages == self._sent(), "the request holds other messages than the books")
        self.check(dict(request.variables) == self.values, "the request sees other variables than the books")
        agent = self.world.graph.agents[self.agent]
        chain = (agent.model, *agent.model.fallback)
        left = [model for model in chain if model.name not in self.failed]
        self.check(request.model == (left or chain)[0], "another model is asked than the first that has not failed")
        offered = [tool.name for tool in agent.tools if self._holds(tool.requires, self.values)]
        offered += [edge.function_name for edge in agent.edges if self._may_move(edge, self.values)]
        self.check([one.name for one in request.functions] == offered, "what is offered is not what is permitted")
        forced: object = agent.tool_choice
        usable = forced.name in offered if isinstance(forced, NamedFunction) else bool(offered)
        if (isinstance(forced, NamedFunction) or forced == "required") and not (self.fresh and usable):
            forced = "auto"
        self.check(request.tool_choice == forced, f"tool_choice is {request.tool_choice}, not {forced}")

    def tool_entered(self, plan: Plan, context: ToolContext) -> None:
        call_id = context.call_id
        self.entered[call_id] += 1
        self.inside.add(call_id)
        entry = next((one for one in self.open if one.call.id == call_id), None)
        if entry is None or not entry.running or entry.result:
            self.check(False, f"{call_id} runs before its event was stored, or after its end")
            return
        self.check(dict(context.variables) == self._wave_values(entry), f"{call_id} sees other variables")
        self.check(self._holds(plan.requires, context.variables), f"{call_id} runs while {plan.requires} is false")
        self.check(self.entered[call_id] == 1 or plan.effects != "once", f"{call_id} is `once` and runs again")

    def tool_left(self, call_id: str) -> None:
        self.inside.discard(call_id)
        self.left.add(call_id)

    def cancelled(self) -> None:
        """``cancel()`` was called: what has ended by now must be recorded."""
        self.may_cancel = True
        self.reported = {one.call.id for one in self.open if one.running and one.call.id in self.left}

    def person_called(self, request: ApprovalRequest) -> None:
        self.check((request.agent, request.call.name) not in self.always, "asked what was always granted")
        waiting = [one for one in self.open if self._needs_verdict(one)]
        self.check(all(one.requested for one in waiting), "a person is asked before all was requested")

    def person_said(self, call_id: str, verdict: Verdict) -> None:
        self.said[call_id] = verdict

    def script_failed(self) -> None:
        self.may_fail = True

    def questions_paused(self) -> None:
        self.paused_in.add(self.run_id)

    # ---- what the store gets

    def store(self, item: Event) -> None:
        """Take an event into the books."""
        if not isinstance(item, LiveEvent):
            assert item.run_id == self.run_id or item.type == "run_started"
            waiting = any(one.asking or (one.requested and not one.verdict) for one in self.open if not one.result)
            night = item.type == "run_finished" and (item.status == "interrupted" or waiting)
            self.passed = 0 if night or item.type in UNCOUNTED else item.at - self.at
            self.used.seconds += self.passed
            self.at = item.at
            self.length += 1
        getattr(self, f"_{item.type}")(item)
        assert not self.broken, self.broken

    def _run_started(self, item: Any) -> None:
        assert self.status, "a run starts before the last was settled"
        assert item.agent == self.agent or item.chosen
        self.agent, self.status, self.finish, self.run_id = item.agent, "", "", item.run_id
        self.requests, self.reported = self.asked, set()
        self.callers = [] if item.chosen else self.callers
        self.turn, self.failed = len(self.messages), set()
        self.messages.append(UserMessage(item.message))
        self.values |= item.variables
        self.fresh, self.shown, self.may_fail, self.used = True, "", False, Used()

    def _run_resumed(self, item: Any) -> None:
        assert not self.status
        self.shown, self.requests, self.reported = "", self.asked, set()
        self.values |= item.variables
        for entry in self.open:
            entry.running, entry.asking = False, 0

    def _model_asked(self, item: Any) -> None:
        used, limits = self.used, self.limits
        assert not self.status
        assert not self.open
        assert item.agent == self.agent
        assert self.finish != "stop" or used.empty == 1, "asked again after an answer, or after two empty replies"
        assert used.model_calls < limits.model_calls
        assert limits.tokens is None or used.tokens < limits.tokens
        assert limits.seconds is None or used.seconds - self.passed < limits.seconds
        assert used.times < limits.repeats
        self.asked += 1
        self.pending = True
        self.used.model_calls += 1
        self.finish = ""
        now = [self._holds(one.requires, self.values) for one in self._guarded()]
        self.reach["flipped guard"] += self.offered.get(self.agent, now) != now
        self.offered[self.agent] = now

    def _model_responded(self, item: Any) -> None:
        message, text = item.message, item.message.content
        self.answered += 1
        self.pending = False
        if self.shown:
            assert "".join(str(text).split()) == "".join(self.shown.split()), "shown text is not the reply's"
        self.shown, self.finish = "", item.finish
        self.used.tokens += item.usage.total
        empty = not text and not message.tool_calls
        self.used.empty = self.used.empty + 1 if empty else 0
        self.fresh = self.fresh and empty
        if message.tool_calls:
            self.open, self.content = [Entry(call) for call in message.tool_calls], text
        elif text:
            self.messages.append(message)

    def _approval_requested(self, item: Any) -> None:
        entry = self._entry(item.call_id)
        assert self._needs_verdict(entry)
        assert not entry.requested
        entry.requested = True

    def _approval_given(self, item: ApprovalGiven) -> None:
        entry = self._entry(item.call_id)
        assert self._needs_verdict(entry)
        said = self.said.get(item.call_id)
        if item.by == "person" and not self.trusting:
            assert said is not None
            edit = said.arguments and meaning(said.arguments) != meaning(entry.call.arguments)
            assert (item.verdict, item.arguments) == (said.verdict, said.arguments if edit else None)
        assert item.by != "always" or (self.agent, entry.call.name) in self.always
        refused = self._tool(entry).approval is rule_of and self._tool(entry).check(entry.call.arguments).get("x") == 3
        assert (item.by, item.verdict) == ("rule", "denied") or not refused, "a rule's refusal is passed over"
        if item.verdict == "always":
            self.always.add((self.agent, entry.call.name))
        entry.verdict = item
        arguments = entry.call.arguments if item.arguments is None else item.arguments
        entry.call = ToolCall(entry.call.id, entry.call.name, arguments)
        self.reach["approval"] += 1

    def _question_asked(self, item: Any) -> None:
        entry = self._entry(item.call_id)
        assert entry.running
        entry.asking += 1
        self.reach["question"] += 1

    def _question_answered(self, item: Any) -> None:
        self._entry(item.call_id).asking -= 1

    def _tool_started(self, item: ToolStarted) -> None:
        entry, plan = self._entry(item.call_id), self.world.plans.get(self._entry(item.call_id).call.name)
        assert plan is not None
        assert plan.name in self.world.graph.agents[self.agent].tools_by_name
        assert item.effects == plan.effects
        assert self.finish == "stop", "a call of a reply that was cut runs"
        assert not (entry.begun and plan.effects == "once"), "a `once` call starts again"
        assert item.call_id not in self.elsewhere or plan.effects == "read", (
            "what the forked session began is done again"
        )
        assert plan.approval == "never" or (entry.verdict is not None and entry.verdict.verdict != "denied")
        assert not any(self._needs_verdict(one) for one in self.open), "runs before all approvals are settled"
        before = self._before(entry)
        assert all(one.result for one in before), "runs before the earlier waves have ended"
        assert not any(one.result and one.result.end for one in before), "a wave starts after an end"
        assert self._holds(plan.requires, self._wave_values(entry)), "the guard is false when the wave starts"
        assert self._holds(plan.requires, self.values), "the guard is false when the reply arrives"
        entry.begun = entry.running = True
        self.left.discard(item.call_id)
        self.used.calls.add(item.call_id)
        assert len(self.used.calls) <= self.limits.tool_calls
        running = sum(one.running for one in self.open)
        assert running <= self.limits.parallel_tools
        self.reach["parallel batch"] += running > 1

    def _tool_progress(self, item: Any) -> None:
        assert self._entry(item.call_id).running, "progress of a call that is over"

    def _tool_finished(self, item: ToolFinished) -> None:
        entry = self._entry(item.call_id)
        assert entry.begun or item.error, "a result of a call that never ran"
        self._is_what_the_tool_did(entry, item)
        if item.handoff:
            edges = [one for one in self.world.graph.agents[self.agent].edges if one.target == item.handoff]
            assert edges, "a returned handoff that is not allowed"
            assert self._may_move(edges[0], {**self._wave_values(entry), **item.variables})
        if "timed out" in item.content:
            self.reach["timed out"] += 1
        self.reach["flipped guard"] += "not permitted now" in item.content and entry.call.name in self._granted()
        entry.result, entry.running = item, False
        if all(one.result and not one.moving for one in self.open):
            self._close({})

    def _is_what_the_tool_did(self, entry: Entry, item: ToolFinished) -> None:
        plan = self.world.plans.get(entry.call.name)
        if not entry.running or plan is None:
            return
        in_time = plan.seconds < (plan.timeout or self.limits.tool_seconds)
        match plan.does:
            case "end" | "exit":
                assert item.end == (in_time or plan.threaded)
            case "cancel" | "cancel_task":
                assert ("cancelled itself" in item.content) == in_time
            case _:
                assert not item.end

    def _handed_off(self, item: HandedOff) -> None:
        edge = next(one for one in self.world.graph.agents[self.agent].edges if one.target == item.target)
        assert all(one.result or self._edge_of(one) for one in self.open), "a move before the batch has ended"
        assert not any(one.result and one.result.end for one in self.open), "a handoff beats an end"
        left = [one for one in self.open if not one.result or one.result.handoff]
        winner, move = left[0], (self.agent, item.target)
        target = winner.result.handoff if winner.result else winner.call.name.removeprefix("transfer_to_")
        assert target == item.target, "not the first handoff in call order"
        if winner.result is None:
            assert self._may_move(edge, self._now())
            assert self._may_move(edge, self.values)
        assert self.used.handoffs < self.limits.handoffs
        assert (item.for_one_turn, item.bounded) == (edge.for_one_turn, edge.at_most is not None)
        worked = any(one.worked for one in self.open)
        assert worked or item.bounded or self.used.trail[-2:] != [move, move[::-1]], "the third move of A-B-A-B"
        for one, answer in zip(left, item.answers, strict=True):
            kind = "Transferred to" if one is winner else "The tool ran" if one.result else "Not executed"
            assert kind in answer.content
        self._close({answer.call_id: answer.content for answer in item.answers})
        self.used.trail = [] if item.bounded else [*self.used.trail, move]
        self.used.handoffs += 1
        self.used.edges[move] += 1
        if item.target in self.callers:
            self.callers = self.callers[: self.callers.index(item.target)]
        else:
            self.callers = [*self.callers, self.agent] if item.for_one_turn else []
        self.agent, self.fresh, self.finish = item.target, True, ""
        self.reach["handoff"] += 1

    def _run_finished(self, item: RunFinished) -> None:
        used = self.used
        ends = [one.result.content for one in self.open if one.result and one.result.end]
        last = self.messages[-1]
        right = {
            "answered": isinstance(last, AssistantMessage) and not self.open and self.finish == "stop",
            "ended": bool(ends) and ends[:1] == [item.detail],
            "limit": item.status == "limit" and self._limit_is_real(item.detail),
            "cancelled": self.may_cancel,
            "interrupted": self.may_interrupt,
            "failed": self.may_fail,
            "context_length": self.may_fail,
            "empty": used.empty == 2,
        }
        caused = self.trusting and item.status in {"cancelled", "interrupted", "failed", "context_length"}
        assert caused or right.get(item.status, STOPS.get(self.finish) == item.status), f"no reason for {item.status}"
        assert not self.shown or self.trusting or item.status == "interrupted", "text that was shown is lost"
        lost = [one for one in self.open if one.running and one.call.id in self.reported]
        assert not lost or item.status != "cancelled", "a result that was in is lost"
        counted = (used.model_calls, used.handoffs, len(used.calls), used.tokens, round(used.seconds, 3))
        assert tuple(item.used.values()) == counted
        self._close({answer.call_id: answer.content for answer in item.answers})
        self.status, self.may_cancel, self.may_interrupt, self.may_fail = item.status, False, False, False
        if item.status in {"answered", "ended"} and self.callers:
            self.agent, self.callers = self.callers[-1], self.callers[:-1]
            self.reach["back to the caller"] += 1
        self.reach[item.status] += 1

    def _fell_back(self, item: Any) -> None:
        model = self.world.graph.agents[self.agent].model
        names = [one.name for one in (model, *model.fallback)]
        assert self.may_fail or self.trusting, "a model is given up that has not failed"
        assert not self.shown, "text of a reply that failed is not taken back"
        assert item.from_model in names
        assert item.to_model == next(one for one in names if one not in self.failed | {item.from_model})
        self.failed.add(item.from_model)
        self.may_fail = False
        self.reach["fallback"] += 1

    def _history_trimmed(self, item: Any) -> None:
        model = self.world.graph.agents[self.agent].model
        assert item.messages > self.left_out
        assert not isinstance(self.messages[item.messages], ToolMessage), "answers without their calls"
        if item.reason == "context_length":
            assert self.may_fail or self.trusting
            self.may_fail = False
        else:
            assert model.history is not None
            assert tokens_of(self._sent()) > model.history, "left out though it fits"
        self.left_out = item.messages
        self.reach["trimmed"] += 1

    def _sent(self) -> tuple[Message, ...]:
        """What is sent: what is not left out, and in any case the message of this run's user."""
        kept = self.messages[self.left_out :]
        return (self.messages[self.turn], *kept) if self.turn < self.left_out else tuple(kept)

    def _model_restarted(self, item: Any) -> None:
        assert self.shown, "a reply begins anew of which nothing was shown"
        self.shown = ""

    def _text_delta(self, item: Any) -> None:
        self.shown += item.text

    def _tool_announced(self, item: Any) -> None:
        pass

    def _limit_is_real(self, detail: str) -> bool:
        used, limits = self.used, self.limits
        match detail.split(":")[0]:
            case "model_calls":
                return used.model_calls == limits.model_calls
            case "handoffs":
                return used.handoffs == limits.handoffs
            case "tool_calls":
                wanted = [one for one in self.open if one.result is None and one.call.name in self._granted()]
                none = not any(one.begun for one in self.open)
                return none and len(used.calls) + len(wanted) > limits.tool_calls
            case "tokens":
                return limits.tokens is not None and used.tokens >= limits.tokens
            case "seconds":
                return limits.seconds is not None and used.seconds > limits.seconds - 0.001
            case "repeats":
                return used.times >= limits.repeats
            case "ping-pong":
                return len(used.trail) >= 2
            case _:
                return False
