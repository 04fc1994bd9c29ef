/** What the parts of the editor see of the shell: messages, dialogs, menus, panels, the search. */

import type { NodeType, Point } from "../core/types.js";
import type { App, Store, Unsubscribe } from "../app_types.js";

export type ToastKind = "info" | "ok" | "warn" | "error";

export interface DialogAction<T> {
  readonly title: string;
  readonly value: T;
  readonly kind?: "primary" | "danger";
  /** It can be chosen while this holds; always without it. */
  readonly allowed?: Store<boolean>;
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
  /** Takes away what a toast says; false when nothing says it now. */
  takeBackToast(text: string): boolean;
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
