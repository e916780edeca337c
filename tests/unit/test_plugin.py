"""The pytest plugin, in sessions of pytest of their own: conversations beside other tests, and fixtures for Python."""

import xml.etree.ElementTree as ET

import pytest

from orchestrator.testing import collecting, fixtures  # noqa: F401 - else each of the sessions imports them anew
from tests.support.suites import SUITE, write_desk

pytest_plugins = ["pytester"]

_SETTINGS = """
[tool.pytest.ini_options]
addopts = ["--strict-markers"]
filterwarnings = ["error"]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
"""


@pytest.fixture
def folder(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with settings for a pytest of its own."""
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_AUTO_NUM_WORKERS"):
        monkeypatch.delenv(name, raising=False)
    pytester.makepyprojecttoml(_SETTINGS)
    return pytester


@pytest.fixture
def desk(folder: pytest.Pytester) -> pytest.Pytester:
    """A project with agents, and a test file of three tests."""
    write_desk(folder.path)
    folder.makepyprojecttoml(_SETTINGS)  # that of the desk is empty
    return folder


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """A session inside of this process."""
    return pytester.runpytest_inprocess(*arguments)


def run_apart(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """A session in a process of its own."""
    return pytester.runpytest_subprocess(*arguments, timeout=60)


def test_pytest_runs_conversations_beside_other_tests(desk: pytest.Pytester) -> None:
    desk.makepyfile(test_other="def test_other(): pass")
    result = run(desk, "-v")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        [
            "desk.test.yaml::an item is found PASSED*",
            "desk.test.yaml::a bill is paid[[]small[]] PASSED*",
            "desk.test.yaml::a bill is paid[[]large[]] PASSED*",
            "test_other.py::test_other PASSED*",
        ]
    )


@pytest.mark.parametrize(
    ("arguments", "passed"),
    [
        (["-k", "large or found"], 2),
        (["-k", "money"], 2),  # of the description
        (["-m", "conversation"], 3),
        (["-m", "not conversation"], 0),
        (["desk.test.yaml::a bill is paid"], 2),
        (["desk.test.yaml::a bill is paid[large]"], 1),
        (["-p", "no:asyncio", "-W", "ignore"], 3),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_the_options_of_pytest_work(desk: pytest.Pytester, arguments: list[str], passed: int) -> None:
    run(desk, *arguments).assert_outcomes(passed=passed, deselected=None)


def test_the_tests_go_to_the_workers_of_xdist(desk: pytest.Pytester) -> None:
    run_apart(desk, "-n", "2").assert_outcomes(passed=3)


def test_a_failure_is_shown_without_a_traceback(desk: pytest.Pytester) -> None:
    (desk.path / "desk.test.yaml").write_text(SUITE.replace("contains: here", "contains: nowhere"))
    result = run(desk, "-x", "--junitxml=results.xml", "-o", "junit_family=xunit1")
    result.assert_outcomes(failed=1)
    shown = result.stdout.str()
    assert "desk.test.yaml:14:" in shown
    assert "Traceback" not in shown
    assert "runtest" not in shown
    case = ET.parse(desk.path / "results.xml").getroot().find(".//testcase[failure]")
    assert case is not None
    assert (case.get("file"), case.get("name"), case.get("line")) == ("desk.test.yaml", "an item is found", "4")
    assert "desk.test.yaml:14:" in (case.findtext("failure") or "")


def test_what_failed_last_is_run_again(desk: pytest.Pytester) -> None:
    (desk.path / "desk.test.yaml").write_text(SUITE.replace("contains: here", "contains: nowhere"))
    run(desk).assert_outcomes(passed=2, failed=1)
    (desk.path / "desk.test.yaml").write_text(SUITE)
    run(desk, "--lf").assert_outcomes(passed=1)


@pytest.mark.parametrize("arguments", [[], ["-n", "2"]], ids=["here", "workers"])
def test_a_case_that_failed_is_run_again(desk: pytest.Pytester, arguments: list[str]) -> None:
    wrong = SUITE.replace("- Paid.", "- Paid {{ amount }}.") + "          reply: Paid 1.\n"
    (desk.path / "desk.test.yaml").write_text(wrong)
    run_apart(desk, *arguments).assert_outcomes(passed=2, failed=1)
    result = run_apart(desk, "--lf", "-rf", *arguments)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["FAILED desk.test.yaml::a bill is paid[[]large[]]*"])


def test_a_name_with_empty_brackets_is_run(desk: pytest.Pytester) -> None:
    (desk.path / "desk.test.yaml").write_text(SUITE.replace("an item is found:", "'() is [x]':"))
    run(desk).assert_outcomes(passed=3)


@pytest.mark.parametrize(
    "content",
    [
        "  file: desk.yaml\n  tests: {}\n",
        "--- {file: desk.yaml, tests: {}}\n",
        "? file\n: desk.yaml\n? tests\n: {}\n",
        '? "\\x66ile"\n: desk.yaml\n? !!str "t\\x65sts"\n: {}\n',
    ],
    ids=["indented", "after a marker", "question marks", "escapes"],
)
def test_a_test_file_is_known_however_it_is_written(desk: pytest.Pytester, content: str) -> None:
    one = "{one: {turns: [{user: Hi, model: [Hi]}]}}"
    (desk.path / "it.test.yaml").write_text(content.replace("{}", one, 1))
    run(desk).assert_outcomes(passed=4)


def test_a_file_that_is_named_is_told_unless_another_tool_takes_it(folder: pytest.Pytester) -> None:
    (folder.path / "it.test.yaml").write_text("rules: []\n")
    result = run(folder, "it.test.yaml")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["it.test.yaml:1:1: error[[]unknown-key[]]: unknown key 'rules'"])
    folder.makeconftest(
        """
        import pytest

        class Rules(pytest.File):
            def collect(self):
                return []

        def pytest_collect_file(file_path, parent):
            return Rules.from_parent(parent, path=file_path) if file_path.suffix == ".yaml" else None
        """
    )
    run(folder, "it.test.yaml").assert_outcomes()


def test_broken_files_are_errors_of_collection(desk: pytest.Pytester) -> None:
    (desk.path / "broken.test.yaml").write_text("file: desk.yaml\ntests:\n  one:\n    turnz: []\n")
    (desk.path / "absent.test.yaml").write_text(SUITE.replace("desk.yaml", "nobody.yaml"))
    result = run(desk, "--continue-on-collection-errors")
    result.assert_outcomes(passed=3, errors=2)
    shown = result.stdout.str()
    assert "broken.test.yaml:4:5: error[unknown-key]" in shown
    assert "absent.test.yaml:1:7: error[" in shown
    assert "Traceback" not in shown


def test_no_test_hides_another_behind_its_name(desk: pytest.Pytester) -> None:
    (desk.path / "desk.test.yaml").write_text(SUITE.replace("an item is found:", "'a bill  is paid[small]':"))
    result = run(desk)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["desk.test.yaml:*: error[[]bad-value[]]: this is 'a bill is paid[[]small[]]' where*"])


def test_a_name_is_one_line_and_has_no_two_colons(desk: pytest.Pytester) -> None:
    (desk.path / "desk.test.yaml").write_text(SUITE.replace("an item is found:", '"an item:::is\\n  found":'))
    run(desk, "desk.test.yaml::an item:is found").assert_outcomes(passed=1)


def test_a_call_that_no_agent_can_make_is_made_all_the_same(desk: pytest.Pytester) -> None:
    (desk.path / "desk.test.yaml").write_text(SUITE.replace("call: transfer_to_billing", "call: transfer_to_biling"))
    result = run(desk)
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*turn 1: agents: the word went to desk*"])


def test_broken_agents_are_an_error_of_collection(desk: pytest.Pytester) -> None:
    agents = desk.path / "desk.yaml"
    agents.write_text(agents.read_text().replace("[billing]", "[biling]"))
    result = run(desk)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["desk.yaml:10:16: error[[]unknown-agent[]]: no agent named 'biling'"])
    assert "Traceback" not in result.stdout.str()


def test_a_test_that_needs_a_model_is_skipped(desk: pytest.Pytester) -> None:
    suite = "file: desk.yaml\ntests:\n  live:\n    turns: [{user: Hello, model: live}]\n"
    (desk.path / "live.test.yaml").write_text(suite)
    result = run(desk, "-rs")
    result.assert_outcomes(passed=3, skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*live.test.yaml:*"])


def test_files_of_other_tools_are_left_alone(folder: pytest.Pytester) -> None:
    for number, text in enumerate(
        ["rules: []\n", "- tests\n", "# tests: none\n", "a:\n  tests: 1\n", "", "{", "  : : bad"]
    ):
        (folder.path / f"other_{number}.test.yaml").write_text(text)
    folder.makepyfile("def test_it(): pass")
    run(folder).assert_outcomes(passed=1)


def test_without_test_files_nothing_of_ours_is_loaded(folder: pytest.Pytester) -> None:
    folder.makepyfile(
        """
        import sys

        def test_it():
            ours = {name for name in sys.modules if name.startswith("orchestrator")}
            assert ours == {"orchestrator", "orchestrator.testing", "orchestrator.testing.plugin"}
            assert not {"yaml", "openai", "jinja2", "pydantic"} & set(sys.modules)
        """
    )
    run_apart(folder).assert_outcomes(passed=1)


PYTHON = r"""
    import pytest

    from orchestrator import LoadError, ModelError, Runner, UsageError, load

    LOOK = {"call": "look_up", "with": {"item": "lamp"}}
    PAY = {"call": "pay", "with": {"amount": 2}}


    def test_a_model_gives_its_replies_in_order(scripted_model):
        runner = Runner(load("desk.yaml").unwrap(), scripted_model(LOOK, "{{ user }} {{ result }}.", {"fails": "No."}))
        state = runner.run_sync("Where?")
        assert state.messages[-1].content == "Where? lamp is here."
        assert runner.run_sync("Again", state=state).status == "failed"


    def test_a_model_says_that_it_has_no_further_reply(scripted_model):
        state = Runner(load("desk.yaml").unwrap(), scripted_model(LOOK)).run_sync("Where?")
        assert "there is no further reply" in state.detail


    def test_a_model_takes_replies_only(scripted_model):
        with pytest.raises(LoadError, match="neither says nor calls"):
            scripted_model({"agent": "desk"})


    def test_a_conversation(run_conversation):
        done = run_conversation(
            "desk.yaml",
            {"user": "Where is it?", "model": [LOOK, "Here."], "expect": {"calls": ["look_up"]}},
            {"user": "Pay", "model": [{"call": "transfer_to_billing"}, "Paid."]},
        )
        assert done.reply == "Paid."
        assert done.agents == ("desk", "billing")
        assert [(call.name, call.arguments, call.result) for call in done.calls] == [
            ("look_up", {"item": "lamp"}, "lamp is here")
        ]
        assert done.state.status == "answered"
        assert done.events[0].message == "Where is it?"


    def test_a_conversation_of_a_graph(run_conversation):
        graph = load("desk.yaml").unwrap()
        tools = {"pay": {"result": {"sum": "{{ arguments.amount }}"}, "variables": {"paid": True}}}
        done = run_conversation(graph, {"user": "Pay", "model": [PAY, "\U0001f600 \x85"]}, tools=tools)
        assert done.calls[0].result == '{"sum": 2}'
        assert done.state.variables["paid"] is True


    def test_what_may_change_something_does_not_run(run_conversation):
        with pytest.raises(AssertionError, match="pay may change something"):
            run_conversation("desk.yaml", {"user": "Pay", "model": [PAY]})


    def test_what_is_expected_must_be(run_conversation):
        with pytest.raises(AssertionError, match="The conversation so far:"):
            run_conversation("desk.yaml", {"user": "Hi", "model": ["Hi"], "expect": {"reply": "No"}})


    @pytest.mark.parametrize("wrong", [{"usr": "Hi"}, {"user": "Hi", "agent": "nobody"}])
    def test_what_can_not_be_is_told_at_once(run_conversation, wrong):
        with pytest.raises(LoadError, match="usr|nobody"):
            run_conversation("desk.yaml", wrong)


    def test_only_plain_values_are_taken(run_conversation):
        with pytest.raises(UsageError, match="texts, numbers"):
            run_conversation("desk.yaml", {"user": object()})


    async def test_not_inside_of_a_loop(run_conversation):
        with pytest.raises(UsageError, match="not async"):
            run_conversation("desk.yaml", {"user": "Hi", "model": ["Hi"]})
"""


def test_fixtures_serve_tests_in_python(desk: pytest.Pytester) -> None:
    desk.makepyfile(PYTHON)
    result = run(desk, "-p", "no:randomly", "test_fixtures_serve_tests_in_python.py")
    assert result.ret == 0, result.stdout.str()
    result.assert_outcomes(passed=11)
