"""Pools of real processes start and stop, whatever their workers do meanwhile."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from engine.workers.local import LocalPool
from engine.workers.pool import WorkerDiedError, WorkerState
from tests.workers.local_pools import QUICK, local_pool, settings_in
from tests.workers.pool_contract import PATIENCE_S, prompt_of, until

pytestmark = pytest.mark.e2e


async def test_a_worker_that_cannot_load_the_engine_is_given_up(tmp_path: Path) -> None:
    settings = replace(settings_in(tmp_path), device="tpu:0")
    pool = LocalPool(settings, patience=QUICK)
    await pool.start()
    try:
        with pytest.raises(WorkerDiedError, match="tpu"):
            await pool.ready()
        (info,) = pool.workers()
        assert info.state is WorkerState.DEAD
        assert info.problem is not None
        assert "not started again" in info.problem
    finally:
        await pool.stop()


async def test_a_pack_that_blocks_while_it_is_loaded_ends_the_start_with_the_reason(
    tmp_path: Path,
) -> None:
    settings = settings_in(tmp_path)
    script = tmp_path / "custom_nodes" / "pack" / "prestartup_script.py"
    script.write_text("import time\ntime.sleep(600)\n")
    pool = LocalPool(settings, devices=["cpu"], patience=replace(QUICK, start_s=1.0))
    await pool.start()
    try:
        with pytest.raises(WorkerDiedError, match="did not get ready within 1 s"):
            await pool.validate(prompt_of("Show", text=""), None, {})
        (info,) = pool.workers()
        assert info.state is WorkerState.DEAD
    finally:
        await pool.stop()


async def test_questions_wait_for_a_pool_that_is_about_to_start(tmp_path: Path) -> None:
    pool = LocalPool(settings_in(tmp_path), devices=["cpu"], patience=QUICK)
    early = asyncio.create_task(pool.ready())
    await asyncio.sleep(0)
    assert not early.done()
    await pool.start()
    try:
        await early
    finally:
        await pool.stop()


async def test_a_pool_that_was_stopped_answers_nobody(tmp_path: Path) -> None:
    pool = LocalPool(settings_in(tmp_path), devices=["cpu"], patience=QUICK)
    waiting = asyncio.create_task(pool.validate({}, None, {}))
    await asyncio.sleep(0)
    await pool.stop()
    with pytest.raises(WorkerDiedError, match="the server stops"):
        await waiting


async def test_stopping_leaves_no_process(tmp_path: Path) -> None:
    async with local_pool(tmp_path) as running:
        await running.pool.ready()
        pid = running.pid
        await running.pool.stop()
        assert not psutil.pid_exists(pid)


async def test_stopping_does_not_wait_for_a_worker_that_still_loads(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    script = tmp_path / "custom_nodes" / "pack" / "prestartup_script.py"
    script.write_text(
        "import time\nfrom pathlib import Path\nPath(__file__).with_name('loads').touch()\n"
        "time.sleep(600)\n"
    )
    pool = LocalPool(settings, devices=["cpu"], patience=replace(QUICK, stop_s=600.0))
    await pool.start()
    await until(script.with_name("loads").exists)
    async with asyncio.timeout(PATIENCE_S):
        await pool.stop()
    (info,) = pool.workers()
    assert info.state is WorkerState.DEAD
