"""The seed: the article's loop. Many conversations at once are held on as many threads."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from openai import OpenAI

from benchmarks.contenders.acme import agent_of
from benchmarks.contenders.article import run_full_turn, stream_turn
from benchmarks.contenders.driver import main
from benchmarks.contenders.job import Answer, Ask, Setup


@asynccontextmanager
async def seed(setup: Setup) -> AsyncIterator[Ask]:
    """Ask with the article's loop."""
    job, agent, history = setup.job, agent_of(setup), setup.history
    turn = stream_turn if job.streamed else run_full_turn
    client = OpenAI(base_url=setup.url, api_key="none", max_retries=0, timeout=None)
    with client, ThreadPoolExecutor(job.at_once) as threads:

        async def ask(message: str) -> Answer:
            messages: list[Any] = [*history, {"role": "user", "content": message}]
            if job.at_once == 1:
                return turn(client, agent, messages)
            return await asyncio.get_running_loop().run_in_executor(threads, turn, client, agent, messages)

        yield ask


if __name__ == "__main__":
    main(seed, ["openai", "httpx2"])
