/** Turns what the server finds wrong with a prompt, or with its run, into problems with a place. */

/** @import { App, NodeErrors, ServerError } from "../app_types.js" */
/** @import { Json, JsonObject, Problem } from "../core/types.js" */

/** Ends the ids of viewers that only a run up to a node has, and no other's. */
export const VIEWER_MARK = "~shown";

/**
 * Every problem of a rejected or partly rejected prompt: those of its nodes, or else its own.
 * @param {ServerError | undefined} error
 * @param {NodeErrors} nodeErrors
 * @returns {Problem[]}
 */
export function problemsOfPrompt(error, nodeErrors) {
  const found = Object.entries(nodeErrors).flatMap(([executionId, { errors }]) =>
    errors.map((one) => problemOf(one, executionId)));
  if (found.length > 0 || error === undefined) return found;
  return [problemOf(error, undefined)];
}

/**
 * Why a document has no prompt.
 * @param {Pick<App["i18n"], "t">} i18n
 * @param {readonly string[]} [targets] what a run was to end with; all outputs without it
 * @returns {Problem}
 */
export function nothingToRun(i18n, targets) {
  const [code, key] = targets ? ["no_target", "running.noTarget"] : ["prompt_no_outputs", "errors.prompt.prompt_no_outputs"];
  return { severity: "error", code, message: i18n.t(key), ofCheck: true };
}

/** @param {ServerError} error @param {string | undefined} executionId @returns {Problem} */
function problemOf({ type, message, details, extra_info: info }, executionId) {
  const input = info?.["input_name"];
  return {
    severity: "error",
    code: type,
    message,
    detail: details === message ? undefined : details,
    executionId,
    input: typeof input === "string" ? input : undefined,
    ofCheck: true,
  };
}

/**
 * The problem that ended a run, or that blocked a branch of it.
 * @param {JsonObject} data of the message "execution_error"
 * @returns {Problem}
 */
export function problemOfFailure(data) {
  const trace = data["traceback"];
  const node = data["node_id"];
  return {
    severity: "error",
    code: text(data["exception_type"]) || "error",
    message: text(data["exception_message"]).trim() || text(data["exception_type"]),
    detail: Array.isArray(trace) && trace.length > 0 ? trace.map(text).join("") : undefined,
    // Artists know what a viewer shows, not the viewer.
    executionId: typeof node === "string" ? node.replace(VIEWER_MARK, "") : undefined,
  };
}

/** @param {Json | undefined} value */
function text(value) {
  return typeof value === "string" ? value : "";
}
