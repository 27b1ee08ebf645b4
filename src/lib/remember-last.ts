/**
 * Remembers the last result of `make`, for thousands of callers in a row with the same arguments.
 * @param make pure; its arguments are compared by identity
 */
export function rememberLast<Args extends readonly unknown[], Made>(
  make: (...args: Args) => Made,
): (...args: Args) => Made {
  let last: { readonly args: Args; readonly made: Made } | null = null;
  return (...args) => {
    if (last === null || !isSame(last.args, args)) last = { args, made: make(...args) };
    return last.made;
  };
}

function isSame(before: readonly unknown[], now: readonly unknown[]): boolean {
  for (let i = 0; i < now.length; i += 1) if (before[i] !== now[i]) return false;
  return true;
}
