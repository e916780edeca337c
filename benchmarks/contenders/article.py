"""The loop of the cookbook's article on the openai package, synchronous, with schemas made anew for each call.

``python -m benchmarks.contenders.article URL MESSAGE`` is the whole program: it prints the answer to one message.
"""

import sys
from typing import Any

from openai import OpenAI

from benchmarks.contenders.acme import MODEL, TRIAGE, Agent, called, schemas_of
from benchmarks.contenders.job import Answer


def run_full_turn(client: OpenAI, agent: Agent, messages: list[Any]) -> Answer:
    """Ask and make calls until the model answers."""
    while True:
        system: Any = {"role": "system", "content": agent.instructions}
        schemas: Any = schemas_of(agent.tools)
        reply = client.chat.completions.create(model=MODEL, messages=[system, *messages], tools=schemas)
        message = reply.choices[0].message
        messages.append(message)
        if not message.tool_calls:
            return Answer(message.content)
        for call in message.tool_calls:
            content, agent = called(agent, call.model_dump())
            messages.append({"role": "tool", "tool_call_id": call.id, "content": content})


def stream_turn(client: OpenAI, agent: Agent, messages: list[Any]) -> Answer:
    """Ask for a text, and take it as it comes."""
    system: Any = {"role": "system", "content": agent.instructions}
    schemas: Any = schemas_of(agent.tools)
    pieces: list[str] = []
    for chunk in client.chat.completions.create(model=MODEL, messages=[system, *messages], tools=schemas, stream=True):
        pieces += [choice.delta.content for choice in chunk.choices if choice.delta.content]
    return Answer("".join(pieces), len(pieces))


def main() -> None:
    """Answer one message."""
    url, message = sys.argv[1:]
    client = OpenAI(base_url=url, api_key="none", max_retries=0)
    answer = run_full_turn(client, TRIAGE, [{"role": "user", "content": message}])
    sys.stdout.write(f"{answer.text}\n")


if __name__ == "__main__":
    main()
