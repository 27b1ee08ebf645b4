/**
 * Parts of a text between which a line may break: within a URL after `//`, and before its port. Otherwise a narrow
 * screen breaks the port itself.
 */
export function breakableParts(text: string): readonly string[] {
  return text.split(/(?<=:\/\/)|(?=:\d)(?<=:\/\/(?:\[[^\s\]]*\]|[^\s/:[\]]*))/);
}
