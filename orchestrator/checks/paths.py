"""Ways through a graph, each in time that is linear in its edges, and without recursion."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping

Links = Mapping[str, Collection[str]]


def reached(start: str, links: Links) -> dict[str, str]:
    """What can be reached from a node, itself included, each with the node before it on a shortest way."""
    before = {start: start}
    waiting = deque([start])
    while waiting:
        node = waiting.popleft()
        for follower in links.get(node, ()):
            if follower not in before:
                before[follower] = node
                waiting.append(follower)
    return before


def reversed_links(links: Links) -> dict[str, list[str]]:
    """The same graph with each link turned around."""
    turned: dict[str, list[str]] = {node: [] for node in links}
    for node, followers in links.items():
        for follower in followers:
            turned.setdefault(follower, []).append(node)
    return turned


def components(links: Links) -> list[list[str]]:
    """The strongly connected components: groups of nodes that all lead to each other (Kosaraju)."""
    ended: list[str] = []
    seen: set[str] = set()
    for node in links:
        ended += _in_order_of_end(node, links, seen)
    turned, found = reversed_links(links), []
    seen = set()
    for node in reversed(ended):
        group = _in_order_of_end(node, turned, seen)
        if group:
            found.append(group)
    return found


def last_components(links: Links) -> list[list[str]]:
    """The components from which no link leads to another one."""
    found = components(links)
    home = {node: number for number, group in enumerate(found) for node in group}
    leaving = {home[node] for node, followers in links.items() for each in followers if home[each] != home[node]}
    return [group for number, group in enumerate(found) if number not in leaving]


def caught(forced: Links) -> list[list[str]]:
    """The groups that nobody leaves, of nodes that must each go on to one of these others."""
    among = within(forced, forced)
    closed = {node for node, followers in among.items() if len(followers) == len(forced[node])}
    return [group for group in last_components(among) if closed.issuperset(group)]


def within(nodes: Iterable[str], links: Links) -> dict[str, list[str]]:
    """The part of a graph that has these nodes only."""
    kept = dict.fromkeys(nodes)
    return {node: [follower for follower in links.get(node, ()) if follower in kept] for node in kept}


def _in_order_of_end(start: str, links: Links, seen: set[str]) -> list[str]:
    """The nodes that are reached from here and not seen yet, each after those that it leads to."""
    if start in seen:
        return []
    seen.add(start)
    ended: list[str] = []
    stack: list[tuple[str, Iterator[str]]] = [(start, iter(links.get(start, ())))]
    while stack:
        node, followers = stack[-1]
        follower = next((each for each in followers if each not in seen), None)
        if follower is None:
            ended.append(node)
            stack.pop()
        else:
            seen.add(follower)
            stack.append((follower, iter(links.get(follower, ()))))
    return ended
