"""``--record`` and ``--replay``: a conversation that is kept, and had again."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.options import fail

if TYPE_CHECKING:
    from orchestrator.cli.conversation.opening import Opening
    from orchestrator.clients.cassettes import Cassette
    from orchestrator.model_client import ModelClient

RECORD = click.option(
    "--record", type=click.Path(path_type=Path), metavar="FILE", help="Write each model call to this new file."
)
REPLAY = click.option(
    "--replay",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Take the replies from a file that --record wrote. No key is needed.",
)


@dataclass(frozen=True)
class Tape:
    """Where to record to, or what to replay, or neither."""

    record: Path | None = None
    cassette: "Cassette | None" = None

    @classmethod
    def of(cls, record: Path | None, replay: Path | None) -> "Tape":
        """What the two options say. Nonsense ends the process with 2, as does a cassette that is broken."""
        from orchestrator.clients.cassettes import read_cassette
        from orchestrator.errors import UsageError

        if record is not None and replay is not None:
            fail("--record and --replay: give one of them; what is replayed was recorded already")
        try:
            return cls(record, None if replay is None else read_cassette(replay))
        except UsageError as error:
            fail(str(error))

    def model(self, given: str | None) -> str | None:
        """The model for every agent: the one given, else that of the recording."""
        return self.cassette.header.model if given is None and self.cassette else given

    def moment(self, given: datetime | None) -> datetime | None:
        """The time that templates see: the one given, else that of the recording. It stands still in both."""
        if given is not None:
            return given
        if self.cassette is not None:
            return datetime.fromisoformat(self.cassette.header.now) if self.cassette.header.now else None
        # without a zone: where it is replayed, clocks may show another time at the same moment
        return datetime.now().astimezone().replace(microsecond=0, tzinfo=None) if self.record else None

    def around(
        self,
        client: "ModelClient",
        opening: "Opening",
        model: str | None,
        secrets: frozenset[str],
    ) -> "ModelClient":
        """The client, recorded or replaced.

        Args:
            client: the one that answers without a tape.
            opening: how the conversation begins.
            model: the model that was named for every agent.
            secrets: what must not be written down.

        Raises:
            UsageError: nothing can be recorded to that file.
        """
        from orchestrator.cassette import Header
        from orchestrator.clients.cassettes import RecordingClient, ReplayClient

        if self.cassette is not None:
            return ReplayClient(self.cassette, secrets=secrets)
        if self.record is not None:
            header = Header(now=opening.now.isoformat() if opening.now else None, model=model)
            return RecordingClient(client, self.record, header=header, secrets=secrets)
        return client
