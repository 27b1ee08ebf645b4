/** A copy with its own memory: V8's substrings keep the whole string alive, such as a request's head with a token. */
export function detached(text: string): string {
  return Buffer.from(text).toString();
}
