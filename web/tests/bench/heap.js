/** What stays in memory after long panning. */

/** @import { CDPSession, Page } from "playwright-core" */

import { pan, setZoom, settled } from "./scenarios.js";

/** How much the heap may grow, as a share; what is more is kept by somebody. */
const MOST_GROWTH = 0.05;
const FRAMES = 120;
const ZOOM = 0.6;
/** Pixels a frame, slow enough that nodes come and go. */
const STEP = 14;

/** @typedef {{ heap: number, nodes: number, listeners: number }} Kept Bytes, and counts of the DOM. */

/** @param {CDPSession} session @returns {Promise<Kept>} after everything unused was collected */
async function kept(session) {
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize: heap } = await session.send("Runtime.getHeapUsage");
  const { nodes, jsEventListeners: listeners } = await session.send("Memory.getDOMCounters");
  return { heap, nodes, listeners };
}

/**
 * Pans to and fro, each time over new nodes and back.
 * @param {Page} page
 * @param {CDPSession} session
 * @param {number} seconds
 */
export async function afterPanning(page, session, seconds) {
  await pan(page, FRAMES, STEP); // every level of detail was there once
  await settled(page);
  await setZoom(page, ZOOM);
  const before = await kept(session);
  const until = Date.now() + 1000 * seconds;
  while (Date.now() < until) await pan(page, FRAMES, STEP);
  await settled(page);
  await setZoom(page, ZOOM); // the same nodes are in the page
  const after = await kept(session);
  const growth = after.heap / before.heap - 1;
  const text = `heap ${(before.heap / 2 ** 20).toFixed(1)} → ${(after.heap / 2 ** 20).toFixed(1)} MB (${(100 * growth).toFixed(1)} %), `
    + `DOM nodes ${before.nodes} → ${after.nodes}, listeners ${before.listeners} → ${after.listeners}`;
  const holds = growth <= MOST_GROWTH && after.nodes <= 1.1 * before.nodes && after.listeners <= 1.1 * before.listeners;
  return { text, holds };
}
