/**
 * The shapes every part of the editor shares. Records (NodeRecord, LinkRecord, …) are immutable:
 * an edit replaces a record, never a field, so a change is a pair (before, after), undo is the
 * swapped pair, and whoever holds an old record may compare it by identity.
 */

/** As `parseJson` decodes it: integers that numbers are not exact for are BigInts. */
export type Json = null | boolean | number | bigint | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** Unique in its graph; what a file writes as a number is its decimal text here. */
export type NodeId = string;
export type LinkId = string;
export type GroupId = string;
export type RerouteId = string;
/** "root", or the UUID of a subgraph definition. */
export type GraphId = string;

export interface Point { readonly x: number; readonly y: number }
export interface Size { readonly width: number; readonly height: number }
export interface Rect extends Point, Size {}

export type NodeMode = "normal" | "mute" | "bypass" | "event" | "trigger";

/**
 * A port of a node. `key` is its identity in links and patches: the name, or for the second port
 * of one name "name#2", and so on. Position in the list is only for the eye and for files.
 */
export interface PortRecord {
  readonly key: string;
  readonly name: string;
  /** "LATENT", "IMAGE,MASK" (any of), "*" (anything). */
  readonly type: string;
  readonly label?: string;
  /** The port belongs to the widget of this input name. */
  readonly widget?: string;
  /** Keys of the file we do not know, kept as they came. */
  readonly extra?: JsonObject;
}

export interface NodeRecord {
  readonly id: NodeId;
  readonly type: string;
  /** Version of its type's form that its inputs are those of; 1 when it is left out. */
  readonly version?: number;
  readonly title?: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Stacking: the larger is in front, and later in files. */
  readonly z: number;
  readonly mode: NodeMode;
  readonly collapsed?: boolean;
  readonly pinned?: boolean;
  readonly color?: string;
  readonly bgcolor?: string;
  readonly inputs: readonly PortRecord[];
  readonly outputs: readonly PortRecord[];
  /** Widget values by input name; also those of types that are not installed. */
  readonly values: { readonly [name: string]: Json };
  /** Seed controls by input name. */
  readonly controls?: { readonly [name: string]: SeedControl };
  readonly properties: JsonObject;
  /** What the file held for widgets and no input was found for; written back as it came. */
  readonly kept?: KeptValues;
  readonly extra?: JsonObject;
}

export interface KeptValues {
  /** The file holds values by name, not by position. */
  readonly asObject?: boolean;
  /** All values of a node whose type is not installed, and their names as far as told. */
  readonly list?: readonly Json[];
  readonly names?: readonly (string | null)[];
  /** Values that follow those of the inputs. */
  readonly unplaced?: readonly Json[];
  /** Filters of menus with a control, by input name. */
  readonly filters?: { readonly [name: string]: Json };
}

export type SeedControl = "fixed" | "increment" | "decrement" | "randomize" | "increment-wrap";

export interface LinkRecord {
  readonly id: LinkId;
  readonly from: NodeId;
  readonly output: string;
  readonly to: NodeId;
  readonly input: string;
  readonly type: string;
  /** Dots on the wire, from source to target: ids of the graph's reroutes. */
  readonly reroutes?: readonly RerouteId[];
  readonly extra?: JsonObject;
}

/** A dot wires pass through; several links of one output may share it. */
export interface RerouteRecord extends Point {
  readonly id: RerouteId;
  readonly extra?: JsonObject;
}

export interface GroupRecord extends Rect {
  readonly id: GroupId;
  readonly title: string;
  readonly color?: string;
  readonly notes?: string;
  /** Explicit members (nodes and groups); grows to hold them. */
  readonly nodes: readonly NodeId[];
  readonly groups: readonly GroupId[];
  readonly extra?: JsonObject;
}

/** Ids of the two boundary nodes inside a subgraph definition. */
export type BoundaryId = "@inputs" | "@outputs";

/** What a subgraph definition is beside its content; ports are named, links refer to keys. */
export interface GraphRecord {
  readonly id: GraphId;
  readonly name: string;
  readonly inputs: readonly PortRecord[];
  readonly outputs: readonly PortRecord[];
  /** Where the two boundary nodes stand. */
  readonly inputsAt?: Point;
  readonly outputsAt?: Point;
  readonly extra?: JsonObject;
}

/** One replaced record: before null = added, after null = removed. JSON as it is (journal, diff). */
export type Change =
  | { readonly kind: "node"; readonly graph: GraphId; readonly id: NodeId; readonly before: NodeRecord | null; readonly after: NodeRecord | null }
  | { readonly kind: "link"; readonly graph: GraphId; readonly id: LinkId; readonly before: LinkRecord | null; readonly after: LinkRecord | null }
  | { readonly kind: "reroute"; readonly graph: GraphId; readonly id: RerouteId; readonly before: RerouteRecord | null; readonly after: RerouteRecord | null }
  | { readonly kind: "group"; readonly graph: GraphId; readonly id: GroupId; readonly before: GroupRecord | null; readonly after: GroupRecord | null }
  | { readonly kind: "graph"; readonly graph: GraphId; readonly id: GraphId; readonly before: GraphRecord | null; readonly after: GraphRecord | null }
  | { readonly kind: "meta"; readonly graph: "root"; readonly id: string; readonly before: Json; readonly after: Json };

/** What undo takes back in one step. */
export interface Transaction {
  /** Key of a translated text ("edit.move"). */
  readonly label: string;
  readonly changes: readonly Change[];
  /** Transactions with one mergeKey that follow each other closely become one (typing, dragging). */
  readonly mergeKey?: string;
}

/** Read access to one graph of a document. */
export interface GraphView {
  readonly record: GraphRecord;
  readonly nodes: ReadonlyMap<NodeId, NodeRecord>;
  readonly links: ReadonlyMap<LinkId, LinkRecord>;
  readonly reroutes: ReadonlyMap<RerouteId, RerouteRecord>;
  readonly groups: ReadonlyMap<GroupId, GroupRecord>;
  /** The link into a port, kept current: O(1). */
  linkInto(node: NodeId | BoundaryId, input: string): LinkRecord | undefined;
  /** The links that touch a node, kept current: O(degree). */
  linksOf(node: NodeId | BoundaryId): Iterable<LinkRecord>;
}

/* ---------------------------------------------------------------- node types (from /object_info) */

export type WidgetKind =
  | "int" | "float" | "slider" | "text" | "multiline" | "toggle" | "combo" | "color"
  | "image_upload" | "button" | "custom";

export interface InputType {
  readonly name: string;
  /** Type of the socket; "COMBO" for choices. */
  readonly type: string;
  readonly required: boolean;
  readonly hidden?: boolean;
  /** Undefined: a socket only. */
  readonly widget?: WidgetKind;
  /** Order in the node type, required before optional. */
  readonly index: number;
  readonly default?: Json;
  readonly choices?: readonly Json[];
  readonly tooltip?: string;
  /** The contract's option keys (min, max, step, round, multiline, control_after_generate, …). */
  readonly options: JsonObject;
}

export interface OutputType {
  readonly name: string;
  readonly key: string;
  readonly type: string;
  readonly isList: boolean;
  readonly tooltip?: string;
}

export interface NodeType {
  readonly name: string;
  readonly title: string;
  readonly category: string;
  readonly description: string;
  readonly inputs: readonly InputType[];
  readonly outputs: readonly OutputType[];
  readonly isOutput: boolean;
  readonly deprecated: boolean;
  readonly experimental: boolean;
  /** "nodes" for built-in ones, "custom_nodes.<pack>" else. */
  readonly module: string;
  /** Version of its form, which nodes in files tell; 1 when it is left out. */
  readonly version?: number;
  readonly aliases: readonly string[];
}

/** Types by name; a missing one is a placeholder on the canvas that keeps all data. */
export type Catalogue = ReadonlyMap<string, NodeType>;

/* ------------------------------------------------------------------------------ executing a graph */

/** One entry of the API format. */
export interface ApiNode {
  class_type: string;
  inputs: { [name: string]: Json };
  _meta?: { title: string };
  /** The node that shows what this one shows; itself when it is left out. */
  override_display_id?: string;
}
export type ApiPrompt = { [executionId: string]: ApiNode };

/** A problem with a place: shown on the node and in the one list. */
export interface Problem {
  readonly severity: "error" | "warning";
  /** Stable code, also a key of translations where we made the text. */
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
  /** "12", or "57:3" for node 3 inside the subgraph node 57. */
  readonly executionId?: string;
  readonly input?: string;
  /** Found by the check before a run: nothing is known any more once its node is edited. */
  readonly ofCheck?: boolean;
}
