/** Colours of nodes and groups that menus offer: header, then body. Files may hold any other. */

/** @type {readonly { name: string, color: string | undefined, bgcolor: string | undefined }[]} */
export const NODE_COLORS = [
  { name: "none", color: undefined, bgcolor: undefined },
  { name: "red", color: "#6b2f36", bgcolor: "#3b2226" },
  { name: "amber", color: "#6b5426", bgcolor: "#3a3020" },
  { name: "green", color: "#2d5b3c", bgcolor: "#1f3327" },
  { name: "teal", color: "#23575a", bgcolor: "#1b3335" },
  { name: "blue", color: "#2c4a78", bgcolor: "#1f2c42" },
  { name: "violet", color: "#4d3a76", bgcolor: "#2c2542" },
  { name: "pink", color: "#6a3158", bgcolor: "#3a2233" },
  { name: "slate", color: "#3d4757", bgcolor: "#272d37" },
];
