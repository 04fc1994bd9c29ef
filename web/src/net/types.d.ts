/** What the parts of the editor see of the server: its routes and its messages. */

import type { ApiPrompt, Json, JsonObject } from "../core/types.js";
import type { Store, Unsubscribe } from "../app_types.js";
import type { FileReference } from "../state/types.js";
import type { User } from "./ids.js";

/** Calls of the server's routes. All reject with an ApiError whose message is one sentence. */
export interface Api {
  /** Whose settings, workflows and drafts these are; the same for as long as the page lives. */
  readonly user: User;
  /** Where this server keeps its files: "" or a path before every address. */
  url(path: string): string;
  fetch(path: string, options?: RequestInit): Promise<Response>;
  /** As `fetch`, but an answer whatever its status: nothing but its absence rejects. */
  answer(path: string, options?: RequestInit): Promise<Response>;
  json<T = Json>(path: string, options?: RequestInit): Promise<T>;
  post<T = Json>(path: string, body: Json): Promise<T>;
  objectInfo(): Promise<JsonObject>;
  queuePrompt(request: PromptRequest): Promise<PromptAnswer>;
  /** Address of a picture; `preview` "webp;80" for a smaller one. */
  viewUrl(file: FileReference, options?: { preview?: string; version?: string | number }): string;
  uploadImage(file: File | Blob, name: string, options?: UploadOptions): Promise<UploadAnswer>;
  models(folder: string): Promise<string[]>;
  embeddings(): Promise<string[]>;
  translations(): Promise<JsonObject>;
  extensions(): Promise<string[]>;
  readUserFile(path: string): Promise<string>;
  writeUserFile(path: string, text: string, options?: { overwrite?: boolean }): Promise<string>;
  listUserFiles(folder: string): Promise<UserFile[]>;
  deleteUserFile(path: string): Promise<void>;
}

export interface UploadOptions {
  readonly type?: string;
  readonly subfolder?: string;
  readonly overwrite?: boolean;
  readonly signal?: AbortSignal;
  /** Told 0 to 1 while the file is sent. */
  onProgress?(share: number): void;
}
export interface UploadAnswer { readonly name: string; readonly subfolder: string; readonly type: string }
export interface UserFile { readonly path: string; readonly size: number; readonly modified: number }

export interface PromptRequest {
  prompt: ApiPrompt;
  client_id: string;
  prompt_id?: string;
  front?: boolean;
  number?: number;
  extra_data?: JsonObject;
  partial_execution_targets?: string[];
}

export interface PromptAnswer {
  prompt_id: string;
  number: number;
  node_errors: NodeErrors;
}

export interface ServerError {
  readonly type: string;
  readonly message: string;
  readonly details?: string;
  readonly extra_info?: JsonObject;
}
export type NodeErrors = {
  readonly [id: string]: { readonly errors: readonly ServerError[]; readonly class_type: string };
};

export type Connection = "connecting" | "open" | "lost";

export interface Socket {
  readonly clientId: string;
  readonly state: Store<Connection>;
  /** A JSON message of that type; `unsubscribe` when `signal` aborts or the result is called. */
  on(type: string, listener: (data: any) => void, signal?: AbortSignal): Unsubscribe;
  /** A picture of work in progress. */
  onPreview(listener: (preview: Preview) => void, signal?: AbortSignal): Unsubscribe;
}

export interface Preview {
  readonly image: Blob;
  /** Missing in frames of the older kind: then it belongs to the node that runs. */
  readonly promptId?: string;
  readonly nodeId?: string;
  readonly displayNodeId?: string;
}
