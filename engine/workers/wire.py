"""The messages between server and worker, both directions, and their frames.

A frame is a 4-byte big-endian length and one msgpack map tagged with "type"; no pickles. The
first message each way carries `VERSION`: two processes of different versions part at once. JSON
payloads that the receiving side only passes on (prompts, ui, object_info) travel as bytes of JSON
text (`Json`), so nothing is parsed twice.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from engine.errors import EngineError

VERSION = 3
FRAME_LIMIT = 256 * 1024 * 1024


Json: TypeAlias = bytes
"""JSON text in UTF-8."""

FolderText: TypeAlias = tuple[list[str], list[str]]
"""The roots of a model folder and the extensions of its files."""


class WireError(EngineError):
    """The other process sent something that is no message of this protocol."""

    code = "wire_error"

    def __init__(self, problem: str) -> None:
        super().__init__(f"Worker connection: {problem}")


class _Message(msgspec.Struct, frozen=True, tag_field="type", kw_only=True):
    """Base of all messages."""


# --- server to worker --------------------------------------------------------------------------


class Start(_Message, frozen=True, kw_only=True, tag="start"):
    """First message.

    name: What the server calls this worker: "cpu", "cuda:1".
    settings: How to compose the engine: fields of `Settings`, paths as text.
    secret: Value of the header that requests to the packs' own HTTP routes must carry.
    max_body_bytes: The largest body that those routes take.
    alive_s: Seconds between two `Alive`.
    """

    version: int
    name: str
    settings: dict[str, Any]
    secret: str
    max_body_bytes: int
    alive_s: float = 1.0


class Validate(_Message, frozen=True, kw_only=True, tag="validate"):
    """Check a prompt; answered by `Validated` with the same `request`.

    rest: What came with the prompt (`WorkerPool.validate`); packs may read it.
    """

    request: int
    prompt: Json
    targets: list[str] | None = None
    rest: Json


class Convert(_Message, frozen=True, kw_only=True, tag="convert"):
    """Turn a canvas workflow into an API prompt; answered by `Converted`."""

    request: int
    workflow: Json


class Run(_Message, frozen=True, kw_only=True, tag="run"):
    """Run a validated prompt; answered by events and one `JobEnded`."""

    job_id: str
    prompt: Json
    outputs: list[str]
    extra_data: Json


class Cancel(_Message, frozen=True, kw_only=True, tag="cancel"):
    """Stop a job within a step; None stops whichever runs."""

    job_id: str | None = None


class Free(_Message, frozen=True, kw_only=True, tag="free"):
    """Give memory back between jobs."""

    unload_models: bool = False
    free_memory: bool = False


class Query(_Message, frozen=True, kw_only=True, tag="query"):
    """Ask for something only the worker knows; answered by `Answer`.

    Topics and arguments as `WorkerPool.query` names them, "packs" excepted.
    """

    request: int
    topic: str
    argument: str = ""


class Stop(_Message, frozen=True, kw_only=True, tag="stop"):
    """Finish, then end the process."""


# --- worker to server --------------------------------------------------------------------------


class Ready(_Message, frozen=True, kw_only=True, tag="ready"):
    """The engine is composed.

    folders: The model folders with those that packs added.
    routes_port: Loopback port with the packs' own HTTP routes, or None; `routes` lists them as
    "METHOD /path".
    """

    version: int
    pid: int
    device: str
    packs: Json
    folders: dict[str, FolderText]
    routes: list[str] = []
    routes_port: int | None = None


class Failed(_Message, frozen=True, kw_only=True, tag="failed"):
    """The engine could not be composed; the process ends after this."""

    error: str


class Validated(_Message, frozen=True, kw_only=True, tag="validated"):
    """Answer to `Validate`; `error` and `node_errors` in the contract's shapes.

    extra_data: As packs changed it; None when none did.
    """

    request: int
    outputs: list[str]
    prompt: Json
    error: Json
    node_errors: Json
    extra_data: Json | None = None


class Converted(_Message, frozen=True, kw_only=True, tag="converted"):
    """Answer to `Convert`; `problem` is set when there is no prompt.

    problems: What the artist should know although there is one.
    """

    request: int
    prompt: Json
    problem: str | None = None
    problems: list[str] = []


class Answer(_Message, frozen=True, kw_only=True, tag="answer"):
    """Answer to `Query`: JSON."""

    request: int
    body: Json


class Refused(_Message, frozen=True, kw_only=True, tag="refused"):
    """Answer to any request that could not be answered."""

    request: int
    error: str


class JobMessage(_Message, frozen=True, kw_only=True, tag="job_message"):
    """A message of contract §3.1 about a job, `data` as there; `keep` ones belong in its history.

    A "progress_state" lists only the nodes that changed since the last one of the job.
    """

    job_id: str
    kind: str
    data: Json
    keep: bool = False


class JobOutput(_Message, frozen=True, kw_only=True, tag="job_output"):
    """A node of a job has something to show: for the job's record.

    Sent right before the "executed" message of the same node, which browsers get.
    meta: {"node_id", "display_node", "parent_node", "real_node_id"}.
    """

    job_id: str
    node_id: str
    ui: Json
    meta: Json


class JobPreview(_Message, frozen=True, kw_only=True, tag="job_preview"):
    """A picture of work in progress, or a result that is handed over as one.

    image_type: "image/jpeg" or "image/png". meta: the JSON of a binary frame 4 (contract §3.2).
    is_result: It must arrive; a later picture does not stand for it.
    """

    job_id: str
    image_type: str
    image: bytes
    meta: Json
    is_result: bool = False


class JobEnded(_Message, frozen=True, kw_only=True, tag="job_ended"):
    """A job is over: state "success", "error" or "cancelled"."""

    job_id: str
    state: str
    error: str | None = None


class Broadcast(_Message, frozen=True, kw_only=True, tag="broadcast"):
    """A pack's message for the browsers; sid None means all."""

    event: str
    data: Json
    sid: str | None = None


class Alive(_Message, frozen=True, kw_only=True, tag="alive"):
    """Sent every second, also while a job runs: the watchdog's sign of life."""

    job_id: str | None
    memory_bytes: int


ToWorker: TypeAlias = Start | Validate | Convert | Run | Cancel | Free | Query | Stop
FromWorker: TypeAlias = (
    Ready
    | Failed
    | Validated
    | Converted
    | Answer
    | Refused
    | JobMessage
    | JobOutput
    | JobPreview
    | JobEnded
    | Broadcast
    | Alive
)
