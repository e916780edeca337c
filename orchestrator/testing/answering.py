"""The person of a turn: says what the test file lists, in its order."""

import json
from collections.abc import Callable, Mapping

from orchestrator.errors import NobodyToAsk
from orchestrator.runner import ApprovalRequest, Question, Verdict
from orchestrator.spec.suite import ApprovalSpec
from orchestrator.testing.outcome import Failure
from orchestrator.testing.places import Broken, Place
from orchestrator.testing.playing import Course
from orchestrator.testing.scope import Scope

_UNHEARD = Verdict("denied", "the test does not say whether this may run", by="policy")


class ListedPerson:
    """A ``Person`` that gives the verdicts and answers of a turn, each once.

    Args:
        approvals: the verdicts, by their position.
        answers: to questions of tools, by their position.
        place: the turn.
        scope: gives what templates see at this moment.
        course: where broken rules are noted.
        leaves: whether the person is gone when nothing is listed any more: then the run pauses.
    """

    def __init__(
        self,
        approvals: Mapping[int, ApprovalSpec],
        answers: Mapping[int, str],
        place: Place,
        scope: Callable[[], Scope],
        course: Course,
        *,
        leaves: bool,
    ) -> None:
        self._approvals = list(approvals.items())[::-1]
        self._answers = list(answers.items())[::-1]
        self._verdicts = place.at("approvals", name="approvals")
        self._words = place.at("answers", name="answers")
        self._user = place.at("user")
        self._scope = scope
        self._course = course
        self._leaves = leaves

    async def approve(self, request: ApprovalRequest) -> Verdict | None:
        """The next verdict; a no where the test file has none, or one for another tool."""
        if not self._approvals and self._leaves:
            return None
        try:
            return self._verdict(request)
        except Broken as broken:
            self._course.note(broken.failure)
            return _UNHEARD

    async def ask(self, question: Question) -> str | None:
        """The next answer.

        Raises:
            NobodyToAsk: the test file has none.
        """
        if not self._answers and self._leaves:
            return None
        try:
            return self._answer(question)
        except Broken as broken:
            self._course.note(broken.failure)
            raise NobodyToAsk("the test has no answer to this question") from None

    def unused(self, how: str) -> list[Failure]:
        """What is wrong with verdicts and answers that nobody asked for. ``how`` says how the turn ended."""
        left = [(self._verdicts.at(index), "verdict") for index, _ in self._approvals[-1:]]
        left += [(self._words.at(index), "answer") for index, _ in self._answers[-1:]]
        return [
            place.failure(f"nobody asked for this {what}: the turn was over before ({how})") for place, what in left
        ]

    def _verdict(self, request: ApprovalRequest) -> Verdict:
        call = request.call
        if not self._approvals:
            what = f"{call.name}({call.arguments}) needs a yes or a no"
            raise Broken(self._missing(self._verdicts, f"{what}, and approvals has none for it"))
        index, spec = self._approvals.pop()
        place = self._verdicts.at(index)
        if spec.tool not in {None, call.name}:
            message = f"the call that needs a yes or a no is of {call.name}, not of {spec.tool}"
            raise Broken(place.at("tool").failure(message))
        arguments = None
        if spec.arguments is not None:
            values = self._scope().value(spec.arguments, place.at("arguments"))
            arguments = json.dumps(values, ensure_ascii=False)
        return Verdict(spec.verdict, spec.reason or "", arguments)

    def _answer(self, question: Question) -> str:
        if not self._answers:
            message = f"{question.tool} asks {question.text!r}, and answers has no answer to it"
            raise Broken(self._missing(self._words, message))
        index, answer = self._answers.pop()
        return self._scope().text(answer, self._words.at(index))

    def _missing(self, place: Place, message: str) -> Failure:
        """Something that the test file lacks: at the key that should list it, or at what the person said."""
        return place.failure(message, span=place.key if place.written else self._user.key)
