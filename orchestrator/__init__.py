"""Orchestrate: agents as configuration that you can trust.

The public names come from here, and are imported when they are first used: a tool module that needs ``ToolContext``
does not pay for the openai package.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.agents import REQUIRED as REQUIRED
    from orchestrator.agents import Agent as Agent
    from orchestrator.agents import AgentGraph as AgentGraph
    from orchestrator.agents import Edge as Edge
    from orchestrator.agents import Limits as Limits
    from orchestrator.agents import Variable as Variable
    from orchestrator.clients.router import Router as Router
    from orchestrator.clients.scripted import ScriptedClient as ScriptedClient
    from orchestrator.diagnostics import Diagnostic as Diagnostic
    from orchestrator.diagnostics import Related as Related
    from orchestrator.diagnostics import Severity as Severity
    from orchestrator.diagnostics import Span as Span
    from orchestrator.errors import GraphError as GraphError
    from orchestrator.errors import LoadError as LoadError
    from orchestrator.errors import ModelError as ModelError
    from orchestrator.errors import NobodyToAsk as NobodyToAsk
    from orchestrator.errors import OrchestrateError as OrchestrateError
    from orchestrator.errors import RenderError as RenderError
    from orchestrator.errors import ScriptError as ScriptError
    from orchestrator.errors import UsageError as UsageError
    from orchestrator.errors import VariableError as VariableError
    from orchestrator.events import ApprovalGiven as ApprovalGiven
    from orchestrator.events import ApprovalRequested as ApprovalRequested
    from orchestrator.events import Event as Event
    from orchestrator.events import FellBack as FellBack
    from orchestrator.events import HandedOff as HandedOff
    from orchestrator.events import HistoryTrimmed as HistoryTrimmed
    from orchestrator.events import LiveEvent as LiveEvent
    from orchestrator.events import ModelAsked as ModelAsked
    from orchestrator.events import ModelResponded as ModelResponded
    from orchestrator.events import ModelRestarted as ModelRestarted
    from orchestrator.events import QuestionAnswered as QuestionAnswered
    from orchestrator.events import QuestionAsked as QuestionAsked
    from orchestrator.events import RecordedEvent as RecordedEvent
    from orchestrator.events import Retrying as Retrying
    from orchestrator.events import RunFinished as RunFinished
    from orchestrator.events import RunResumed as RunResumed
    from orchestrator.events import RunStarted as RunStarted
    from orchestrator.events import TextDelta as TextDelta
    from orchestrator.events import ToolAnnounced as ToolAnnounced
    from orchestrator.events import ToolFinished as ToolFinished
    from orchestrator.events import ToolProgress as ToolProgress
    from orchestrator.events import ToolStarted as ToolStarted
    from orchestrator.events import from_json as from_json
    from orchestrator.events import to_json as to_json
    from orchestrator.loader import Loaded as Loaded
    from orchestrator.loader import load as load
    from orchestrator.messages import AssistantMessage as AssistantMessage
    from orchestrator.messages import Message as Message
    from orchestrator.messages import ToolCall as ToolCall
    from orchestrator.messages import ToolMessage as ToolMessage
    from orchestrator.messages import Usage as Usage
    from orchestrator.messages import UserMessage as UserMessage
    from orchestrator.model import Endpoint as Endpoint
    from orchestrator.model import FromEnv as FromEnv
    from orchestrator.model import Model as Model
    from orchestrator.model import NamedFunction as NamedFunction
    from orchestrator.model import Price as Price
    from orchestrator.model import Timeouts as Timeouts
    from orchestrator.model_client import ModelClient as ModelClient
    from orchestrator.model_client import ModelDelta as ModelDelta
    from orchestrator.model_client import ModelRequest as ModelRequest
    from orchestrator.model_client import ModelResponse as ModelResponse
    from orchestrator.runner import ApprovalRequest as ApprovalRequest
    from orchestrator.runner import Changed as Changed
    from orchestrator.runner import Person as Person
    from orchestrator.runner import Question as Question
    from orchestrator.runner import Run as Run
    from orchestrator.runner import Runner as Runner
    from orchestrator.runner import Verdict as Verdict
    from orchestrator.runner import changed as changed
    from orchestrator.runner import verdict_on as verdict_on
    from orchestrator.state import State as State
    from orchestrator.state import apply as apply
    from orchestrator.state import fold as fold
    from orchestrator.stores import SessionBusy as SessionBusy
    from orchestrator.stores import SessionStore as SessionStore
    from orchestrator.stores import StoreError as StoreError
    from orchestrator.stores import Summary as Summary
    from orchestrator.stores.memory import MemoryStore as MemoryStore
    from orchestrator.stores.session import Session as Session
    from orchestrator.stores.sqlite import SqliteStore as SqliteStore
    from orchestrator.templates import Instructions as Instructions
    from orchestrator.tools import End as End
    from orchestrator.tools import Handoff as Handoff
    from orchestrator.tools import Result as Result
    from orchestrator.tools import Tool as Tool
    from orchestrator.tools import ToolContext as ToolContext
    from orchestrator.tools import tool as tool

_HOMES = {
    "orchestrator.agents": "REQUIRED Agent AgentGraph Edge Limits Variable",
    "orchestrator.clients.router": "Router",
    "orchestrator.clients.scripted": "ScriptedClient",
    "orchestrator.diagnostics": "Diagnostic Related Severity Span",
    "orchestrator.errors": (
        "GraphError LoadError ModelError NobodyToAsk OrchestrateError RenderError ScriptError UsageError VariableError"
    ),
    "orchestrator.events": (
        "ApprovalGiven ApprovalRequested Event FellBack HandedOff HistoryTrimmed LiveEvent ModelAsked ModelResponded "
        "ModelRestarted QuestionAnswered QuestionAsked RecordedEvent Retrying RunFinished RunResumed RunStarted "
        "TextDelta ToolAnnounced ToolFinished ToolProgress ToolStarted from_json to_json"
    ),
    "orchestrator.loader": "Loaded load",
    "orchestrator.messages": "AssistantMessage Message ToolCall ToolMessage Usage UserMessage",
    "orchestrator.model": "Endpoint FromEnv Model NamedFunction Price Timeouts",
    "orchestrator.model_client": "ModelClient ModelDelta ModelRequest ModelResponse",
    "orchestrator.runner": "ApprovalRequest Changed Person Question Run Runner Verdict changed verdict_on",
    "orchestrator.state": "State apply fold",
    "orchestrator.stores": "SessionBusy SessionStore StoreError Summary",
    "orchestrator.stores.memory": "MemoryStore",
    "orchestrator.stores.session": "Session",
    "orchestrator.stores.sqlite": "SqliteStore",
    "orchestrator.templates": "Instructions",
    "orchestrator.tools": "End Handoff Result Tool ToolContext tool",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}
__all__ = sorted(_HOME_OF)  # noqa: PLE0605 - the names stand above


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOME_OF]
