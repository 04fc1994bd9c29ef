/**
 * How the parts of the editor see one another. `app.js` builds one `App`; a part takes from it
 * what it needs and imports no other part. Names of events, messages and routes are the server's.
 */

import type {
  ApiPrompt, Catalogue, Change, GraphId, GroupId, InputType, Json, JsonObject, LinkId, NodeId, NodeRecord,
  NodeType, Point, Problem, RerouteId, SeedControl, Transaction,
} from "./core/types.js";
import type { Doc } from "./core/document.js";
import type { Tx } from "./core/edits.js";
import type { History } from "./core/history.js";

/** A value that tells who asks when it becomes another one (by identity). As core/store.js makes. */
export interface Store<T> {
  get(): T;
  set(next: T): void;
  update(change: (value: T) => T): void;
  subscribe(listener: (value: T) => void): Unsubscribe;
}
export type Unsubscribe = () => void;
export type Values = { readonly [name: string]: string | number };

export interface App {
  readonly api: Api;
  readonly socket: Socket;
  /** Empty until the first worker is ready. */
  readonly catalogue: Store<Catalogue>;
  readonly settings: Settings;
  readonly i18n: I18n;
  readonly commands: Commands;
  readonly tabs: Tabs;
  readonly runs: Runs;
  readonly view: View;
  readonly widgets: Widgets;
  readonly ui: Ui;
  readonly extensions: Extensions;
}

/* ------------------------------------------------------------------------------------- documents */

export interface Camera { readonly x: number; readonly y: number; readonly zoom: number }

export interface Selection {
  readonly nodes: ReadonlySet<NodeId>;
  readonly groups: ReadonlySet<GroupId>;
  readonly reroutes: ReadonlySet<RerouteId>;
  readonly links: ReadonlySet<LinkId>;
}

/** One open document. Camera, selection and results belong to it, and are no part of its history. */
export interface Tab {
  /** Unique for ever: its drafts are kept under this name. */
  readonly id: string;
  readonly doc: Doc;
  readonly history: History;
  readonly title: Store<string>;
  /** Path in the server's workflow folder ("portraits/a.json"), or null. */
  readonly file: Store<string | null>;
  /** There are edits that no file has (drafts do). */
  readonly dirty: Store<boolean>;
  /** Subgraph instances that are opened, outermost first. */
  readonly graphPath: Store<readonly NodeId[]>;
  readonly selection: Store<Selection>;
  readonly run: RunState;
  /** The job whose results `run` holds. */
  readonly lastJob: Store<string | null>;
  /** Values of inputs with a seed control in the last run, by "graph node input". */
  readonly usedSeeds: ReadonlyMap<string, Json>;
  /** What is wrong with the document or its last run; the one list of the errors panel. */
  readonly problems: Store<readonly Problem[]>;
  /** The camera of a graph; of the shown one without an id. */
  camera(graph?: GraphId): Store<Camera>;
  /** The graph that is shown: what graphPath leads to. */
  graphId(): GraphId;
  /** "57:3" for node "3" of the shown graph, which is inside node "57". */
  executionId(node: NodeId): string;
  edit(label: string, change: (tx: Tx) => void, options?: { mergeKey?: string }): Transaction;
  undo(): void;
  redo(): void;
}

export interface Tabs {
  /** Null only before the first document is open. */
  readonly active: Store<Tab | null>;
  readonly list: Store<readonly Tab[]>;
  /** Always a new tab, whatever is open. */
  open(content: TabContent): Tab;
  /** Asks first when edits are in no file; false when the user says no. */
  close(tab: Tab): Promise<boolean>;
}

export interface TabContent {
  readonly title?: string;
  readonly file?: string | null;
  /** Canvas or API format, of any version; left out: an empty document. */
  readonly workflow?: Json;
  readonly activate?: boolean;
}

/* --------------------------------------------------------------------------------------- running */

export type NodeRunPhase = "waiting" | "running" | "done" | "cached" | "error" | "blocked";

export interface NodeRun {
  readonly state: NodeRunPhase;
  readonly value?: number;
  readonly max?: number;
  /** Wall time of the node in this run, so far or in all. */
  readonly seconds?: number;
  /** Why it was found in the cache, or why it ran. */
  readonly reason?: string;
  /** A blob: address; gone when the next preview or the result comes. */
  readonly previewUrl?: string;
  readonly outputs?: NodeOutputs;
  readonly error?: Problem;
}

/** What a node shows: lists by kind ("images", "text", "audio", …), as the server sends it. */
export interface NodeOutputs {
  readonly images?: readonly FileReference[];
  readonly [kind: string]: readonly unknown[] | undefined;
}

export interface FileReference {
  readonly filename: string;
  readonly subfolder?: string;
  readonly type?: "input" | "output" | "temp" | string;
}

/** Results of one tab, by execution id. Listeners hear of one node at most 5 times a second. */
export interface RunState {
  get(executionId: string): NodeRun | undefined;
  entries(): Iterable<[string, NodeRun]>;
  subscribe(executionId: string, listener: (run: NodeRun | undefined) => void): Unsubscribe;
  /** Hears the ids that changed, all of them at once. */
  subscribeAll(listener: (changed: ReadonlySet<string>) => void): Unsubscribe;
}

export type JobPhase = "waiting" | "running" | "done" | "error" | "interrupted";

export interface Job {
  readonly id: string;
  readonly phase: JobPhase;
  /** Place in the queue; smaller is sooner. */
  readonly number: number;
  readonly label: string;
  /** Null: queued elsewhere, or by a tab that is closed. */
  readonly tabId: string | null;
  /** 0 to 1, over all nodes of the job. */
  readonly progress: number;
  readonly node?: string;
}

export interface RunOptions {
  /** Execution ids of the nodes to run up to; without it all output nodes run. */
  readonly targets?: readonly string[];
  readonly front?: boolean;
  readonly count?: number;
}

export interface Runs {
  /** Waiting and running jobs, in the order they run. */
  readonly jobs: Store<readonly Job[]>;
  readonly paused: Store<boolean>;
  readonly batchCount: Store<number>;
  readonly autoQueue: Store<"off" | "change" | "always">;
  /** Queues the tab (the active one without an argument); problems land in `tab.problems`. */
  run(options?: RunOptions & { readonly tab?: Tab }): Promise<void>;
  /** Stops what runs; jobs that wait stay. */
  interrupt(): Promise<void>;
  cancel(jobId: string): Promise<void>;
  move(jobId: string, before: string | null): Promise<void>;
  clear(): Promise<void>;
  setPaused(paused: boolean): Promise<void>;
}

/* ---------------------------------------------------------------------------------------- server */

/** Calls of the server's routes. All reject with an ApiError whose message is one sentence. */
export interface Api {
  /** Where this server keeps its files: "" or a path before every address. */
  url(path: string): string;
  fetch(path: string, options?: RequestInit): Promise<Response>;
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

/* ------------------------------------------------------------------------------ settings and texts */

export interface SettingDefinition {
  /** "Tessera.Canvas.SnapToGrid". */
  readonly id: string;
  readonly type: "boolean" | "number" | "text" | "choice" | "hidden";
  readonly default: Json;
  /** Key of a translated name; `<title>.help` may exist beside it. */
  readonly title: string;
  readonly section?: string;
  readonly choices?: readonly { readonly value: Json; readonly title: string }[];
  readonly min?: number;
  readonly max?: number;
  readonly step?: number;
}

export interface Settings {
  /** The value set, else the default. */
  get<T extends Json = any>(id: string): T;
  set(id: string, value: Json): void;
  /** Calls at once with the value there is, then whenever it is another one. */
  subscribe(id: string, listener: (value: any) => void): Unsubscribe;
  define(definition: SettingDefinition): void;
  definitions(): readonly SettingDefinition[];
}

export interface I18n {
  readonly language: Store<"en" | "zh">;
  t(key: string, values?: Values): string;
  has(key: string): boolean;
  /** What GET /i18n answered. */
  setPackTexts(translations: unknown): void;
  nodeTitle(type: NodeType | string): string;
  inputLabel(type: NodeType | string, input: string): string;
  outputLabel(type: NodeType | string, output: string): string;
  tooltip(type: NodeType | string, input: string): string;
  outputTooltip(type: NodeType | string, output: string): string;
  /** What is shown for one choice of a menu; the value itself is what files keep. */
  choiceLabel(type: NodeType | string, input: string, value: Json): string;
  description(type: NodeType | string): string;
  category(path: string): string;
  /** Markdown; `address` is what its pictures are relative to. */
  help(type: NodeType | string): Promise<{ text: string; address: string }>;
  /** What GET /i18n answered. */
  setPackTexts(translations: unknown): void;
}

/* ---------------------------------------------------------------------------------------- commands */

export interface Command {
  readonly id: string;
  /** "Mod+Z": Mod is Ctrl, or ⌘ on a Mac. */
  readonly keys?: readonly string[];
  /** Keys with which the browser itself asks for this; they are shown, never bound or changed. */
  readonly nativeKeys?: readonly string[];
  readonly title: string;
  /** "canvas": its keys count only while the canvas has the focus. "text": also in text fields. */
  readonly scope?: "canvas" | "text";
  when?(app: App): boolean;
  run(app: App): void | Promise<void>;
}

export interface Commands {
  register(command: Command): Unsubscribe;
  execute(id: string): void;
  list(): readonly Command[];
  /** The keys that are bound now, rebinding included. */
  keysOf(id: string): readonly string[];
}

/* ------------------------------------------------------------------------------------------ canvas */

export interface View {
  setTab(tab: Tab | null): void;
  toGraph(point: Point): Point;
  toClient(point: Point): Point;
  fit(): void;
  flyTo(target: string | readonly NodeId[]): void;
  nodeElement(id: NodeId): HTMLElement | undefined;
  requestFrame(): void;
  stats(): { readonly [counter: string]: number };
}

export interface WidgetContext {
  readonly app: App;
  readonly tab: Tab;
  readonly graphId: GraphId;
  readonly nodeId: NodeId;
  readonly input: InputType;
  get(): Json;
  /** `merge`: one undo step with what the same widget set just before (typing, dragging). */
  set(value: Json, options?: { merge?: boolean }): void;
  /** Where the seed control is kept, when not with the node (several nodes at once). */
  readonly control?: { get(): SeedControl | undefined; set(control: SeedControl): void };
  readonly signal: AbortSignal;
}

export interface WidgetHandle {
  /** Called with the value whenever the node's record is another one; cheap for equal values. */
  update(value: Json): void;
  focus?(): void;
  unmount(): void;
}
export type WidgetMount = (element: HTMLElement, context: WidgetContext) => WidgetHandle;

export interface Widgets {
  register(kind: string, mount: WidgetMount): Unsubscribe;
  mount(element: HTMLElement, context: WidgetContext): WidgetHandle;
  /** All that is known now, types of packs included: their inputs have widgets instead of sockets. */
  kinds(): ReadonlySet<string>;
}

/* ---------------------------------------------------------------------------------- shell services */

export type ToastKind = "info" | "ok" | "warn" | "error";

export interface DialogAction<T> {
  readonly title: string;
  readonly value: T;
  readonly kind?: "primary" | "danger";
}

export interface Dialog<T> {
  readonly title: string;
  /** Text, or an element of the caller's. */
  readonly body: string | HTMLElement;
  readonly actions: readonly DialogAction<T>[];
  readonly wide?: boolean;
}

export type MenuItem =
  | { readonly separator: true }
  | {
    readonly title: string;
    readonly hint?: string;
    readonly icon?: string;
    readonly checked?: boolean;
    readonly disabled?: boolean;
    readonly danger?: boolean;
    run?(): void;
    readonly items?: readonly MenuItem[];
  };

export interface Panel {
  readonly id: string;
  readonly side: "left" | "right" | "bottom";
  /** Key of a translated name. */
  readonly title: string;
  /** Name of a drawing in ui/icons.js. */
  readonly icon: string;
  readonly order?: number;
  mount(element: HTMLElement, app: App): Unsubscribe;
}

export interface Panels {
  register(panel: Panel): Unsubscribe;
  open(id: string): void;
  close(id: string): void;
  toggle(id: string): void;
  isOpen(id: string): boolean;
  /** A small number on the panel's button; "" takes it away. */
  badge(id: string, text: string, kind?: ToastKind): void;
}

/** Types with a port that takes a link of this type, dragged from an output or an input. */
export interface PaletteFilter { readonly type: string; readonly from: "output" | "input" }

export interface PaletteOptions {
  /** Client pixels; without it the palette opens in the middle. */
  readonly at?: Point;
  readonly filter?: PaletteFilter;
  /** Without it, the picked type is added to the active document at `at`. */
  onPick?(type: NodeType): void;
  /** Closed without a pick. */
  onCancel?(): void;
}

export interface Ui {
  /** Errors stay until they are closed, or taken away by what is returned. */
  toast(kind: ToastKind, text: string, action?: { readonly title: string; run(): void }): () => void;
  /** Resolves with the value of the action, or undefined when it was closed with Esc. */
  dialog<T>(dialog: Dialog<T>): Promise<T | undefined>;
  confirm(text: string, options?: { title?: string; ok?: string; danger?: boolean }): Promise<boolean>;
  /** Asks for one line of text. */
  prompt(title: string, value?: string): Promise<string | undefined>;
  /** `point` in client pixels. Resolves when the menu is closed. */
  menu(point: Point, items: readonly MenuItem[]): Promise<void>;
  readonly panels: Panels;
  /** A layer above everything, for what floats: palette, drags. */
  readonly overlay: HTMLElement;
  /** The search for node types; ui/palette.js. */
  openPalette(options?: PaletteOptions): void;
}

/* -------------------------------------------------------------------------------------- extensions */

export interface Extensions {
  /** Loads the packs' scripts beside one another; the editor is usable before. */
  load(): Promise<void>;
  readonly loaded: Store<readonly ExtensionReport[]>;
  /** Another number whenever what packs put on nodes may be another. */
  readonly decorations: Store<number>;
  /** Short texts for a node of the shown graph. */
  badgesOf(tab: Tab, record: NodeRecord): string[];
  /** Fill a node's foot with the controls that scripts added to it. */
  mountExtras(element: HTMLElement, tab: Tab, graph: GraphId, record: NodeRecord, signal: AbortSignal): void;
}

export interface ExtensionReport {
  readonly url: string;
  readonly name: string;
  readonly milliseconds: number;
  readonly error?: string;
}

export type { Change };
