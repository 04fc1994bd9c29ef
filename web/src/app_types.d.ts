/**
 * How the parts of the editor see one another. `app.js` builds one `App`; a part takes from it
 * what it needs and imports no other part. Names of events, messages and routes are the server's.
 */

import type {
  Catalogue, GraphId, GroupId, InputType, Json, LinkId, NodeId, NodeRecord, NodeType, Point, Problem,
  RerouteId, SeedControl, Transaction,
} from "./core/types.js";
import type { Doc } from "./core/document.js";
import type { Tx } from "./core/edits.js";
import type { History } from "./core/history.js";
import type { Api, Socket } from "./net/types.js";
import type { Camera as CanvasCamera } from "./render/camera.js";
import type { Shown } from "./render/view.js";
import type { RunState, Runs } from "./state/types.js";
import type { MenuItem, Ui } from "./ui/types.js";

export type * from "./net/types.js";
export type * from "./state/types.js";
export type * from "./ui/types.js";

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
  readonly shown: Shown | null;
  readonly camera: CanvasCamera;
  setTab(tab: Tab | null): void;
  toGraph(point: Point): Point;
  toClient(point: Point): Point;
  fit(): void;
  flyTo(target: string | readonly NodeId[]): void;
  glideTo(state: Camera): void;
  /** The keyboard acts on the canvas from now on. */
  focus(): void;
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

/* -------------------------------------------------------------------------------------- extensions */

export interface Extensions {
  /** Loads the packs' scripts beside one another; the editor is usable before. */
  load(): Promise<void>;
  readonly loaded: Store<readonly ExtensionReport[]>;
  /** Another number whenever what packs put on nodes may be another. */
  readonly decorations: Store<number>;
  /** Short texts for a node of the shown graph. */
  badgesOf(tab: Tab, record: NodeRecord): string[];
  /** What the pack of a node adds to its menu, under the pack's name. */
  menuOf(tab: Tab, graph: GraphId, node: NodeId): MenuItem | undefined;
  /** What scripts made of a node's body; the same object until they make it another. */
  fittingOf(tab: Tab, graph: GraphId, node: NodeId): NodeFitting | undefined;
  /** Told when what `fittingOf` returns for a node is another. */
  onFitting(listener: (tab: Tab, graph: GraphId, node: NodeId) => void): Unsubscribe;
}

export interface NodeFitting {
  /** Widgets of the node whose rows are not shown. */
  readonly hidden: ReadonlySet<string>;
  /** Added controls in order. `height` is the least in pixels at zoom 1; those that grow share what is left. */
  readonly controls: readonly { readonly key: object, readonly element: HTMLElement, readonly height: number, readonly grows: boolean }[];
  /** What the controls need together. */
  readonly foot: number;
}

export interface ExtensionReport {
  readonly url: string;
  readonly name: string;
  readonly milliseconds: number;
  readonly error?: string;
}
