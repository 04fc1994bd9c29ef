"""The queue in memory and the choice of what runs next."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from engine.jobs.model import Job
from engine.jobs.queue import JobQueue, QueuedJob
from engine.jobs.scheduler import LOOK_AHEAD, MAX_DELAY_S, MAX_OVERTAKEN, choose
from engine.workers.pool import WorkerInfo, WorkerState


def waiting(
    job_id: str, number: float, client: str | None = None, *, chosen: bool = False, names: str = ""
) -> QueuedJob:
    return QueuedJob(
        id=job_id,
        number=number,
        client=client,
        in_turn=not chosen,
        names=frozenset(names.split()),
    )


def queue_of(*jobs: QueuedJob) -> JobQueue:
    queue = JobQueue()
    for job in jobs:
        queue.add(job)
    return queue


def worker(name: str, *models: str) -> WorkerInfo:
    return WorkerInfo(name=name, device=name, state=WorkerState.IDLE, models=frozenset(models))


def order(queue: JobQueue) -> str:
    return " ".join(job.id for job in queue)


def drained(queue: JobQueue) -> str:
    ids = []
    while len(queue):
        ids.append(queue.take(next(iter(queue)).id).id)
    return " ".join(ids)


def test_one_client_is_served_in_the_order_of_its_numbers() -> None:
    queue = queue_of(waiting("c", 3), waiting("a", 1), waiting("b", 2))
    assert order(queue) == drained(queue) == "a b c"


def test_clients_take_turns() -> None:
    queue = queue_of(
        *(waiting(f"a{n}", n, "a") for n in range(1, 5)),
        *(waiting(f"b{n}", n, "b") for n in range(5, 7)),
        waiting("c7", 7, "c"),
    )
    assert order(queue) == drained(queue) == "a1 b5 c7 a2 b6 a3 a4"


def test_a_chosen_number_keeps_its_place_among_jobs_that_take_turns() -> None:
    queue = queue_of(
        waiting("a1", 1, "a"),
        waiting("a2", 2, "a"),
        waiting("b3", 3, "b"),
        waiting("front", -4, "a", chosen=True),
        waiting("middle", 2.5, "b", chosen=True),
        waiting("last", 99, chosen=True),
    )
    assert order(queue) == drained(queue) == "front a1 b3 a2 middle last"


def test_front_of_the_queue_is_last_come_first_served_as_the_contract_has_it() -> None:
    queue = queue_of(*(waiting(f"f{n}", -n, chosen=True) for n in (1, 2, 3)))
    assert order(queue) == "f3 f2 f1"


def test_a_moved_job_stands_where_its_new_number_says() -> None:
    queue = queue_of(*(waiting(f"a{n}", n, "a") for n in (1, 2, 3)))
    queue.move("a3", 0.5)
    queue.move("gone", 0.5)
    assert order(queue) == "a3 a1 a2"


def test_a_stream_of_new_clients_does_not_starve_an_old_one() -> None:
    queue = queue_of(waiting("old1", 1, "old"), waiting("old2", 2, "old"))
    served = []
    for number in range(3, 8):
        queue.add(waiting(f"new{number}", number, f"client{number}"))
        served.append(queue.take(next(iter(queue)).id).id)
    assert served == ["old1", "new3", "old2", "new4", "new5"]


def test_a_job_taken_up_again_takes_no_turns() -> None:
    fresh = Job(id="fresh", number=4, turn=4, prompt={}, outputs=())
    again = Job(id="again", number=4, turn=4, prompt={}, outputs=(), attempts=1)
    front = Job(id="front", number=-4, turn=4, prompt={}, outputs=())
    assert [QueuedJob.of(job).in_turn for job in (fresh, again, front)] == [True, False, False]


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(-9, 9)),
        max_size=30,
    ),
    st.integers(),
)
def test_every_job_comes_exactly_once_and_each_clients_jobs_in_order(
    rows: list[tuple[str, bool, int]], seed: int
) -> None:
    jobs = [
        waiting(f"{n:02}", number if chosen else n, client, chosen=chosen)
        for n, (client, chosen, number) in enumerate(rows)
    ]
    random.Random(seed).shuffle(jobs)
    queue = queue_of(*jobs)
    listed = list(queue)
    assert sorted(job.id for job in listed) == sorted(job.id for job in jobs)
    for client in "abc":
        theirs = [job.number for job in listed if job.client == client and job.in_turn]
        assert theirs == sorted(theirs)
    chosen_numbers = [job.number for job in listed if not job.in_turn]
    assert chosen_numbers == sorted(chosen_numbers)
    assert drained(queue).split() == [job.id for job in listed]


def test_nothing_is_chosen_without_a_job_or_an_idle_worker() -> None:
    assert choose([], [worker("w")], 0.0) is None
    assert choose([waiting("a", 1)], [], 0.0) is None


def test_the_first_job_goes_to_the_worker_that_has_its_model() -> None:
    idle = [worker("cold", "x.safetensors"), worker("warm", "m.safetensors"), worker("empty")]
    choice = choose([waiting("a", 1, names="m.safetensors")], idle, 0.0)
    assert choice is not None
    assert (choice.job.id, choice.worker) == ("a", "warm")
    choice = choose([waiting("b", 1, names="other")], idle, 0.0)
    assert choice is not None
    assert choice.worker == "empty", "models that others need stay loaded"


def test_a_job_whose_model_is_loaded_overtakes_one_whose_is_not() -> None:
    jobs = [waiting("cold", 1, names="b"), waiting("warm", 2, names="a")]
    choice = choose(jobs, [worker("w", "a")], 0.0)
    assert choice is not None
    assert choice.job.id == "warm"
    assert [job.id for job in choice.overtaken] == ["cold"]


def test_a_chosen_number_is_not_overtaken() -> None:
    jobs = [waiting("front", -1, names="b", chosen=True), waiting("warm", 2, names="a")]
    choice = choose(jobs, [worker("w", "a")], 0.0)
    assert choice is not None
    assert choice.job.id == "front"


def test_a_job_is_overtaken_only_so_often() -> None:
    cold = waiting("cold", 0, names="b")
    queue = queue_of(cold, *(waiting(f"warm{n}", n + 1, names="a") for n in range(100)))
    served = []
    while "cold" not in served:
        choice = choose(queue, [worker("w", "a")], 0.0)
        assert choice is not None
        for job in choice.overtaken:
            job.overtaken += 1
        served.append(queue.take(choice.job.id).id)
    assert len(served) == MAX_OVERTAKEN + 1


def test_a_job_is_overtaken_only_so_long() -> None:
    cold = waiting("cold", 0, names="b")
    cold.overtaken, cold.overtaken_since = 1, 100.0
    jobs = [cold, waiting("warm", 1, names="a")]
    for now, expected in ((100.0 + MAX_DELAY_S / 2, "warm"), (100.0 + MAX_DELAY_S, "cold")):
        choice = choose(jobs, [worker("w", "a")], now)
        assert choice is not None
        assert choice.job.id == expected


def test_only_so_many_jobs_are_looked_at() -> None:
    jobs = [waiting(f"cold{n}", n, names="b") for n in range(LOOK_AHEAD)]
    choice = choose([*jobs, waiting("warm", 99, names="a")], [worker("w", "a")], 0.0)
    assert choice is not None
    assert choice.job.id == "cold0"


def test_a_prompts_short_texts_are_the_names_it_may_need() -> None:
    prompt = {
        "1": {"inputs": {"ckpt": "m.safetensors", "seed": 1, "text": "x" * 1000}},
        "2": {"inputs": {"image": ["1", 0]}},
        "3": {},
    }
    job = Job(id="a", number=1, prompt=prompt, outputs=(), extra_data={"api_key_comfy_org": "k"})
    queued = QueuedJob.of(job)
    assert queued.names == {"m.safetensors"}
    assert queued.secrets == {"api_key_comfy_org": "k"}
