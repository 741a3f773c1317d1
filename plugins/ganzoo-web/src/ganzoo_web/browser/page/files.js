// Files that a visitor keeps.

/** Hand a file to the visitor. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** Lines of text as a file. */
export function saveText(lines, name) {
  save(new Blob([lines.map((line) => `${line}\n`).join("")], { type: "text/plain" }), name);
}
