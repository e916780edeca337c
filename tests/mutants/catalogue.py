"""Faults to plant in the package, one at a time: those that were made while the loop was written, and near ones.

A fault is a text of a file and what it becomes. The text stands there once, or the list has rotted and says so.
"""

from dataclasses import dataclass
from pathlib import Path

STEP, STATE, ENGINE, ACTS = "step.py", "state.py", "runner/engine.py", "runner/acts.py"
CALLS, RUNNER, APPROVALS, WIRE = "runner/calls.py", "runner/runner.py", "runner/approvals.py", "clients/wire.py"
CONNECTION, DIRECT, WAYS, GUNZIP = (
    "clients/transports/connection.py",
    "clients/transports/direct.py",
    "clients/transports/ways.py",
    "clients/transports/gunzip.py",
)
HISTORY, CLOSING, HIDING, VARIABLES = "history.py", "closing.py", "runner/hiding.py", "runner/variables.py"

_WIRES = "test_direct test_ways"
_ALWAYS = "        if True:\n            self.headers"


@dataclass(frozen=True)
class Mutant:
    """A planted fault. ``tests`` are the files that may catch what the property test does not."""

    name: str
    file: str
    old: str
    new: str
    tests: str = (
        "test_step test_state test_runner test_cancellation test_approvals test_fallback test_history "
        "test_continuing test_secrets"
    )

    def text(self, package: Path) -> str:
        """The file with the fault in it.

        Raises:
            ValueError: the text is not there, or not once.
        """
        text = (package / self.file).read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: {self.file} holds {self.old!r} {text.count(self.old)} times, not once")
        return text.replace(self.old, self.new)


MUTANTS = (
    # ---- the transcript
    Mutant(
        "a move lost at the close of a group",
        STATE,
        "return self.result is not None and not self.result.handoff and not self.result.end",
        "return self.result is not None and not self.result.end",
    ),
    Mutant(
        "answers in the order of finishing",
        STATE,
        "_content(slot)) for slot in slots]",
        "_content(slot)) for slot in sorted(slots, key=lambda s: s.result.at if s.result else 0)]",
    ),
    Mutant("an empty message", STATE, "return state if empty else changed(", "return changed("),
    Mutant("a doubled id across turns", CALLS, "call_id in taken or call_id in new", "call_id in new"),
    Mutant("a doubled id in one reply", CALLS, "call_id in taken or call_id in new", "call_id in taken"),
    Mutant("variables in the wrong order", STATE, "for change in changes:", "for change in reversed(changes):"),
    Mutant(
        "edited arguments not executed",
        STATE,
        "else ToolCall(slot.call.id, slot.call.name, arguments)",
        "else slot.call",
    ),
    Mutant("an edit not told", STATE, "if verdict is None or verdict.arguments is None:", "if True:"),
    Mutant("an edit that is none", APPROVALS, "return None if same else storable(after)", "return storable(after)"),
    # ---- secrets
    Mutant("a secret in a result", HIDING, "content=veil.text(report.content)", "content=report.content"),
    Mutant(
        "a secret in a variable", HIDING, "variables=veil.values(dict(report.variables))", "variables=report.variables"
    ),
    Mutant("a secret in a question", HIDING, "replace(report, question=veil.text(question))", "report"),
    # ---- acts
    Mutant(
        "an act before its event",
        ENGINE,
        """                yield self._hand_out(event)
                if isinstance(item, Begin) and not self._stopping:
                    item.act()
""",
        """                handed = self._hand_out(event)
                if isinstance(item, Begin) and not self._stopping:
                    item.act()
                yield handed
""",
    ),
    Mutant(
        "tasks left after aclose",
        ENGINE,
        "        finally:\n            await acts.stop()",
        "        finally:\n            pass",
    ),
    Mutant(
        "cancelled but not awaited",
        ACTS,
        "_, hanging = await asyncio.wait(tasks, timeout=STOP_SECONDS)",
        "hanging = set()",
    ),
    Mutant("late items", ACTS, "if act in self._live:", "if True:"),
    Mutant(
        "partial text lost on cancel", ENGINE, "if self._shown:\n            message", "if False:\n            message"
    ),
    Mutant("results that are in lost on cancel", ENGINE, "        acts.take_all()\n", ""),
    Mutant("exit() not caught", ACTS, "except BaseException as error:", "except Exception as error:"),
    Mutant("exit() an error", CALLS, "if isinstance(error, SystemExit):", "if False:"),
    Mutant(
        "a tool that cancels itself never reports",
        ACTS,
        "if act.ended and isinstance(error, asyncio.CancelledError):",
        "if isinstance(error, asyncio.CancelledError):",
    ),
    # ---- models that fail, and histories that are too long
    Mutant("a failed model asked again", STATE, "failed=state.failed | {event.from_model}", "failed=state.failed"),
    Mutant("failed for ever", STATE, "        failed=frozenset(),\n", ""),
    Mutant(
        "text of a failed reply kept",
        ENGINE,
        "            self._shown.clear()\n            self._todo.append(ModelRestarted(",
        "            self._todo.append(ModelRestarted(",
    ),
    Mutant(
        "nothing left out",
        CALLS,
        "messages=sent(state.messages, state.left_out, state.turn)",
        "messages=state.messages",
    ),
    Mutant("cut for ever", STEP, "and not state.counters.cut", ""),
    Mutant("the user's message left out", HISTORY, "if turn < left_out else kept", "if False else kept"),
    Mutant("a call without its answers", HISTORY, "isinstance(messages[end], ToolMessage)", "False"),
    # ---- going on
    Mutant("a once tool run again", CLOSING, '*_not_known(state, {"once"}, at)', "*_not_known(state, set(), at)"),
    Mutant(
        "a keyed tool run again in a fork",
        CLOSING,
        '_not_known(state, {"once", "keyed"}, at)',
        '_not_known(state, {"once"}, at)',
    ),
    Mutant(
        "the time before a fork counted",
        CLOSING,
        "return [RunResumed(run_id=state.run_id, at=at), *lost] if lost else []",
        "return lost",
    ),
    Mutant("a value that does not fit any more", VARIABLES, "            _check_kept(variable, known[name])\n", ""),
    Mutant(
        "back to a caller that is gone",
        RUNNER,
        "chosen=agent is not None or not self.graph.agents.keys() >= {*settled.callers}",
        "chosen=agent is not None",
    ),
    Mutant("no settling at the next start", RUNNER, 'settle(state, "interrupted", at=at)', "[]"),
    Mutant(
        "a pause counted in seconds",
        STATE,
        "(RunStarted, RunResumed, ApprovalGiven, QuestionAnswered)",
        "(RunStarted, ApprovalGiven, QuestionAnswered)",
    ),
    Mutant(
        "the time of a person counted in seconds",
        STATE,
        "(RunStarted, RunResumed, ApprovalGiven, QuestionAnswered)",
        "(RunStarted, RunResumed)",
    ),
    Mutant("a call that runs again counted twice", STATE, "+ (slot.started is None)", "+ 1"),
    # ---- guards and approvals
    Mutant(
        "a guard ignored at the call",
        STEP,
        "if tool is None or not permitted(tool, variables):",
        "if tool is None:",
    ),
    Mutant(
        "a guard ignored in what is offered",
        STEP,
        "for tool in agent.tools if permitted(tool, state.variables)]",
        "for tool in agent.tools]",
    ),
    Mutant(
        "the guard of a handoff ignored",
        STEP,
        "if edge.requires is not None and not holds(edge.requires, variables):",
        "if False:",
    ),
    Mutant("a returned handoff not judged", STEP, "if outcome.handoff is None:", "if True:"),
    Mutant(
        "a wave blind to earlier waves",
        STEP,
        "variables = merge(state.variables, done)",
        "variables = state.variables",
    ),
    Mutant(
        "a denied call that runs",
        STEP,
        'if slot.verdict is not None and slot.verdict.verdict not in {"granted", "always"}:',
        "if False:",
    ),
    Mutant(
        "approvals per wave",
        STEP,
        "calls = [slot for slot in pending if slot.call.name in agent.tools_by_name]",
        "calls = [slot for slot in next(_waves(agent, pending), []) if slot.call.name in agent.tools_by_name]",
    ),
    Mutant(
        "approvals one at a time",
        STEP,
        "unapproved = tuple(s for s in slots if",
        "unapproved = tuple(s for s in slots[:1] if",
    ),
    Mutant(
        "always beats the refusal of a rule",
        APPROVALS,
        "if isinstance(ruling, str):",
        "if isinstance(ruling, str) and (state.agent, slot.call.name) not in state.always:",
    ),
    Mutant(
        "an approval that is needed only now",
        STEP,
        "return _approvals(agent, unjudged) or CallTools(left, variables)",
        "return CallTools(left, variables)",
    ),
    Mutant(
        "a verdict on a call that has one",
        STATE,
        "if slot.requested and slot.verdict is None and slot.result is None)",
        "if slot.requested)",
    ),
    # ---- order
    Mutant(
        "a barrier ignored",
        STEP,
        "(tool.sequential or tool.requires is not None)",
        "tool.requires is not None",
    ),
    Mutant(
        "two calls through one guard",
        STEP,
        "(tool.sequential or tool.requires is not None)",
        "tool.sequential",
    ),
    Mutant(
        "calls of a cut reply run",
        STEP,
        'if state.finish is not None and state.finish != "stop":',
        'if state.finish is not None and state.finish != "stop" and state.open is None:',
    ),
    Mutant(
        "handoff before End",
        STEP,
        "    return ended or _move(graph, state, agent, slots)",
        "    moves = [slot for slot in slots if slot.result is None or slot.result.handoff]\n"
        "    return _move(graph, state, agent, moves) if moves else ended",
    ),
    Mutant("a wave after an end", STEP, "    if ended:\n        return ended\n", ""),
    Mutant("the last End wins", STEP, "ends[0].content", "ends[-1].content"),
    Mutant(
        "the last handoff wins",
        STEP,
        "next(slot for slot in slots if not slot.answered)",
        "next(slot for slot in reversed(slots) if not slot.answered)",
    ),
    Mutant(
        "callers kept on a plain handoff",
        STATE,
        "if event.for_one_turn else ()",
        "if event.for_one_turn else state.callers",
    ),
    Mutant(
        "callers popped by every end",
        STATE,
        'if event.status in {"answered", "ended"} and callers:',
        "if callers:",
    ),
    # ---- limits
    Mutant("model_calls off by one", STEP, "counters.model_calls >= limits", "counters.model_calls > limits"),
    Mutant("handoffs off by one", STEP, "state.counters.handoffs >= graph", "state.counters.handoffs > graph"),
    Mutant("tool_calls off by one, more", STEP, "len(calls) > limit:", "len(calls) > limit + 1:"),
    Mutant("tool_calls off by one, less", STEP, "len(calls) > limit:", "len(calls) >= limit:"),
    Mutant("repeats off by one", STEP, "counters.same.times >= limits", "counters.same.times > limits"),
    Mutant("tokens off by one", STEP, "counters.tokens >= limits", "counters.tokens > limits"),
    Mutant("seconds off by one", STEP, "counters.seconds >= limits.seconds", "counters.seconds >= limits.seconds + 1"),
    Mutant(
        "parallel_tools off by one",
        ENGINE,
        "range(self._world.graph.limits.parallel_tools)",
        "range(self._world.graph.limits.parallel_tools + 1)",
    ),
    Mutant("at_most off by one", STEP, "made >= edge.at_most", "made > edge.at_most"),
    Mutant("at_most ignored", STEP, "if edge.at_most is not None and made", "if False and made"),
    Mutant("handoffs uncounted", STATE, "state.counters.handoffs + 1", "state.counters.handoffs"),
    Mutant(
        "ping-pong not seen",
        STEP,
        "state.counters.trail[-2:] == (there, back)",
        "state.counters.trail[-2:] == (there,)",
    ),
    Mutant("ping-pong over an at_most edge", STATE, "trail=() if event.bounded else", "trail="),
    Mutant("two empty retries", STEP, "state.counters.empty > 1", "state.counters.empty > 2"),
    # ---- requests
    Mutant("tools: []", WIRE, "    if request.functions:\n", "    if True:\n"),
    Mutant("tool_choice without tools", WIRE, "    if not request.functions:\n        return {}\n", ""),
    Mutant("required without tools", STEP, "return choice if fresh and functions else", "return choice if fresh else"),
    Mutant(
        "tool_choice not offered",
        STEP,
        "fresh and choice.name in {function.name for function in functions}",
        "fresh",
    ),
    Mutant("tool_choice held", STEP, "return choice if fresh and functions else", "return choice if functions else"),
    Mutant("tool_choice not restored", STATE, "callers=callers, fresh=True", "callers=callers, fresh=state.fresh"),
    Mutant("an empty reply the agent's first", STATE, "fresh=state.fresh and empty", "fresh=False"),
    # ---- connections
    Mutant("a request half sent", CONNECTION, "if self._transport.get_write_buffer_size():", "if False:", _WIRES),
    Mutant("reading stays paused", CONNECTION, "            self._transport.resume_reading()\n", "", _WIRES),
    Mutant("hints behind an answer", CONNECTION, "        if self.status:\n            return\n", "", _WIRES),
    Mutant("trailers as headers", CONNECTION, "        if not self.status:\n            self.headers", _ALWAYS, _WIRES),
    Mutant("nothing is too long", CONNECTION, "fine = self._around <= MOST_AROUND", "fine = True", _WIRES),
    Mutant("cancelled, and left open", CONNECTION, "except BaseException:", "except Exception:", _WIRES),
    Mutant("a word that nobody asked for", CONNECTION, "self.abort()  # nobody has asked", "pass", _WIRES),
    Mutant("no end without a length", CONNECTION, "or (self._until_close and not broken)", "", _WIRES),
    Mutant("any end without a length", CONNECTION, "(self._until_close and not broken)", "self._until_close", _WIRES),
    Mutant("announced, and used again", CONNECTION, "self._parser.should_keep_alive()", "True", _WIRES),
    Mutant("nobody is made to wait", CONNECTION, "self._connection.read_on(False)", "pass", _WIRES),
    Mutant("old connections", DIRECT, "self._idle[0].since < now - KEEP_SECONDS", "False", _WIRES),
    Mutant("hung up unseen", DIRECT, "for _ in range(ROUNDS):", "for _ in range(0):", _WIRES),
    Mutant("kept behind the end", DIRECT, "        if self._closed:", "        if False:", _WIRES),
    Mutant("headers that frame", DIRECT, "name.lower() not in _OURS and ", "", _WIRES),
    Mutant("a port as it is written", DIRECT, "host if port == usual else ", "", _WIRES),
    Mutant("unpacked at once", GUNZIP, "decompress(self._packed, MOST)", "decompress(self._packed)", _WIRES),
    Mutant("something behind the end", GUNZIP, "if self._decoder.unused_data:", "if False:", _WIRES),
    Mutant("past a proxy", WAYS, "if target is None or proxied():", "if target is None:", _WIRES),
)
