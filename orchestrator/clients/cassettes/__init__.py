"""Cassettes: a conversation with a model is recorded once, and had again without it."""

from orchestrator.clients.cassettes.reading import Cassette as Cassette
from orchestrator.clients.cassettes.reading import read_cassette as read_cassette
from orchestrator.clients.cassettes.recording import RecordingClient as RecordingClient
from orchestrator.clients.cassettes.replaying import ReplayClient as ReplayClient
from orchestrator.clients.cassettes.replaying import replay_client as replay_client
