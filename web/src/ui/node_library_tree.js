/** The rows of the node library: categories as a tree, flattened to what is open. Pure. */

/** @typedef {import("../core/types.js").NodeType} NodeType */
/**
 * @typedef {{ readonly kind: "category", readonly path: string, readonly label: string, readonly depth: number,
 *   readonly count: number, readonly isOpen: boolean }} CategoryRow
 * @typedef {{ readonly kind: "type", readonly type: NodeType, readonly title: string, readonly depth: number }} TypeRow
 * @typedef {CategoryRow | TypeRow} LibraryRow
 */
/**
 * @typedef {object} Category
 * @property {string} path
 * @property {string} label
 * @property {Map<string, Category>} children
 * @property {TypeRow[]} types
 */

/**
 * @param {Iterable<NodeType>} types
 * @param {{ title(type: NodeType): string, category(part: string): string, language: string }} words
 * @returns {Category} the root
 */
export function libraryTree(types, { title, category, language }) {
  const root = emptyCategory("", "");
  for (const type of types) {
    if (type.deprecated) continue;
    const parts = type.category.split("/").filter(Boolean);
    let at = root;
    parts.forEach((part, index) => {
      const path = parts.slice(0, index + 1).join("/");
      at = at.children.get(part) ?? addChild(at, part, path, category(part));
    });
    at.types.push({ kind: "type", type, title: title(type), depth: parts.length });
  }
  sort(root, new Intl.Collator(language, { numeric: true }));
  return root;
}

/** @param {string} path @param {string} label @returns {Category} */
function emptyCategory(path, label) {
  return { path, label, children: new Map(), types: [] };
}

/** @param {Category} parent @param {string} part @param {string} path @param {string} label */
function addChild(parent, part, path, label) {
  const made = emptyCategory(path, label);
  parent.children.set(part, made);
  return made;
}

/** @param {Category} category @param {Intl.Collator} collator */
function sort(category, collator) {
  const children = [...category.children].sort(([, a], [, b]) => collator.compare(a.label, b.label));
  category.children = new Map(children);
  category.types.sort((a, b) => collator.compare(a.title, b.title));
  for (const child of category.children.values()) sort(child, collator);
}

/** @param {Category} category @returns {number} types in it, at any depth */
function countOf({ types, children }) {
  return types.length + [...children.values()].reduce((sum, child) => sum + countOf(child), 0);
}

/**
 * The rows that are to be seen.
 * @param {Category} root
 * @param {ReadonlySet<string>} open paths
 * @param {number} [depth]
 * @returns {LibraryRow[]}
 */
export function libraryRows(root, open, depth = 0) {
  /** @type {LibraryRow[]} */
  const rows = [];
  for (const child of root.children.values()) {
    const isOpen = open.has(child.path);
    rows.push({ kind: "category", path: child.path, label: child.label, depth, count: countOf(child), isOpen });
    if (isOpen) rows.push(...libraryRows(child, open, depth + 1));
  }
  return [...rows, ...root.types];
}
