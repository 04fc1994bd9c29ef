/** What the shortcuts sheet shows: commands with their keys, and which keys two commands share. Pure. */

/** @typedef {import("../app_types.js").Command} Command */
/**
 * @typedef {object} Shortcut
 * @property {Command} command
 * @property {string} title
 * @property {readonly string[]} keys as they are bound now, or as the browser has them
 * @property {boolean} isRebound
 * @property {readonly string[]} conflicts titles of other commands that answer to one of the keys
 */

/**
 * @param {readonly Command[]} commands
 * @param {(id: string) => readonly string[]} keysOf
 * @param {{ readonly [id: string]: readonly string[] }} rebound
 * @param {(command: Command) => string} titleOf
 * @returns {Shortcut[]} by group of the id ("graph.undo" is in "graph"), then in order of registration
 */
export function shortcuts(commands, keysOf, rebound, titleOf) {
  const isRebound = (/** @type {Command} */ { id }) => Object.hasOwn(rebound, id);
  const answersTo = (/** @type {Command} */ { id, nativeKeys }) => nativeKeys ?? keysOf(id);
  return commands.map((command) => {
    const keys = answersTo(command);
    // Commands of different states share keys on purpose (Esc, Delete): only own choices can clash.
    const rivals = commands.filter((other) => other !== command && (isRebound(command) || isRebound(other)) &&
      answersTo(other).some((key) => keys.includes(key)));
    return { command, keys, title: titleOf(command), isRebound: isRebound(command), conflicts: rivals.map(titleOf) };
  });
}

/**
 * Shortcuts whose title, id or keys hold every word.
 * @param {readonly Shortcut[]} all
 * @param {string} query
 * @param {(keys: string) => string} keysText
 */
export function matchShortcuts(all, query, keysText) {
  const words = query.normalize("NFKC").toLowerCase().split(/\s+/).filter(Boolean);
  return all.filter(({ command, title, keys }) => {
    const text = [title, command.id, ...keys.map(keysText)].join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
