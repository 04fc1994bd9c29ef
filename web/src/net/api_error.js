/** What went wrong when the server was asked, as one sentence. */

/** @import { NodeErrors, ServerError } from "../app_types.js" */

export class ApiError extends Error {
  /**
   * @param {string} message one sentence for people
   * @param {object} [facts]
   * @param {number} [facts.status] HTTP status; 0 when there was no answer
   * @param {string} [facts.kind] stable name of the problem
   * @param {ServerError} [facts.error]
   * @param {NodeErrors} [facts.nodeErrors]
   * @param {unknown} [facts.cause]
   */
  constructor(message, { status = 0, kind = "absent", error, nodeErrors, cause } = {}) {
    super(message, { cause });
    this.name = "ApiError";
    this.status = status;
    this.kind = kind;
    this.error = error;
    this.nodeErrors = nodeErrors ?? {};
  }

  /** Whether there was no answer, so that asking again later makes sense. */
  get isAbsent() {
    return this.status === 0;
  }
}

/**
 * The sentence for an answer that is a failure.
 * @param {number} status
 * @param {unknown} body what the server sent, if it was JSON
 * @param {import("../app_types.js").I18n} i18n
 * @returns {ApiError}
 */
export function errorOf(status, body, i18n) {
  const { error: told, node_errors: nodeErrors } = /** @type {{ error?: ServerError | string, node_errors?: NodeErrors }} */ (
    typeof body === "object" && body !== null ? body : {}
  );
  const error = typeof told === "string" ? { type: `http_${status}`, message: told } : told;
  const kind = typeof error?.type === "string" ? error.type : `http_${status}`;
  const key = `errors.server.${kind}`;
  const given = typeof error?.message === "string" ? withDetails(error) : "";
  const message = i18n.has(key) ? i18n.t(key) : given || i18n.t("errors.status", { status });
  return new ApiError(message, { status, kind, error, nodeErrors });
}

/** @param {ServerError} error */
function withDetails({ message, details }) {
  return details && details !== message ? `${message}: ${details}` : message;
}
