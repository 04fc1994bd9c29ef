/** The part of DOMPurify's interface the editor uses. */
export interface Config {
  ALLOWED_TAGS?: string[];
  ALLOWED_ATTR?: string[];
  ALLOWED_URI_REGEXP?: RegExp;
  FORBID_TAGS?: string[];
  FORBID_ATTR?: string[];
  ADD_ATTR?: string[];
  ALLOW_DATA_ATTR?: boolean;
  USE_PROFILES?: { html?: boolean; svg?: boolean; svgFilters?: boolean; mathMl?: boolean };
}

export interface Purifier {
  /** True when this browser can sanitise. */
  readonly isSupported: boolean;
  sanitize(dirty: string, config?: Config): string;
  sanitize(dirty: string, config: Config & { RETURN_DOM_FRAGMENT: true }): DocumentFragment;
  addHook(entry: "afterSanitizeAttributes", hook: (element: Element) => void): void;
  removeAllHooks(): void;
}

declare const purify: Purifier;
export default purify;
