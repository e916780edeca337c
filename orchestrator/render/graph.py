"""The handoff graph as text for Mermaid and Graphviz. The same graph gives the same text."""

from orchestrator.agents import AgentGraph


def mermaid(graph: AgentGraph) -> str:
    """The graph as a Mermaid flowchart. Nodes carry a prefix, for ``end`` and ``graph`` are words of Mermaid."""
    lines = ["flowchart TD", "    start((start))", f"    start --> agent_{graph.entry}"]
    lines += [f'    agent_{agent.name}["{_mermaid(agent.label)}"]' for agent in graph.agents.values()]
    for agent in graph.agents.values():
        for edge in agent.edges:
            when = f'-- "{_mermaid(edge.when)}" -->' if edge.when else "-->"
            lines.append(f"    agent_{agent.name} {when} agent_{edge.target}")
    return "\n".join(lines) + "\n"


def dot(graph: AgentGraph) -> str:
    """The graph in the DOT language."""
    lines = ["digraph agents {", "    node [shape=box, style=rounded];", '    "" [shape=point];']
    lines.append(f"    {_dot('')} -> {_dot(graph.entry)};")
    lines += [f"    {_dot(agent.name)} [label={_dot(agent.label)}];" for agent in graph.agents.values()]
    for agent in graph.agents.values():
        for edge in agent.edges:
            label = f" [label={_dot(edge.when)}]" if edge.when else ""
            lines.append(f"    {_dot(agent.name)} -> {_dot(edge.target)}{label};")
    return "\n".join([*lines, "}"]) + "\n"


def _mermaid(text: str) -> str:
    """A text inside Mermaid's quotes: what means something there goes as a character code."""
    special = {'"', "#", "<", ">", "&", "`", ";", "\\"}
    return "".join("<br>" if c == "\n" else f"#{ord(c)};" if c in special else c for c in text.strip())


def _dot(text: str) -> str:
    quoted = text.strip().replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{quoted}"'
