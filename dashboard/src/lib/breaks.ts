/** Where a line of a text with URLs, paths or names should break. Pure. */

/** Scheme, host and port of a URL, and what ends a part of a sentence after it. */
const origin = /([a-z]{2,8}:\/\/(?:\[[^\s\]]*\]|[^\s/:[\]]*)(?::\d+)?[:;,.)]*)/;

/** A text in turn without and with the origin of a URL: a line breaks before the origin rather than within it. */
export function splitAtOrigins(text: string): readonly string[] {
  return text.split(origin);
}

/** Parts of an origin between which a line may break if it is longer than the line. The port stays whole. */
export function partsOfOrigin(text: string): readonly string[] {
  return text.split(/(?<=:\/\/)|(?=:\d)(?<=:\/\/(?:\[[^\s\]]*\]|[^\s/:[\]]*))/);
}

/** Parts of a text between which a line may break: after each slash within a path. */
export function partsOfPath(text: string): readonly string[] {
  return text.split(/(?<=[^\s/]\/)(?=[^\s/])/);
}

/** Parts of a name with dots, as of a host or a setting, between which a line may break: after each dot. */
export function partsOfName(text: string): readonly string[] {
  return text.split(/(?<=[^\s.]\.)(?=[^\s.])/);
}
