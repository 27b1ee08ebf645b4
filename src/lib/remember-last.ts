/**
 * Remembers the last result of `make`, for thousands of callers in a row with the same arguments.
 * @param make pure; its arguments are compared by identity
 */
export function rememberLast<A, Made>(make: (a: A) => Made): (a: A) => Made;
export function rememberLast<A, B, Made>(make: (a: A, b: B) => Made): (a: A, b: B) => Made;
export function rememberLast<A, B, C, Made>(make: (a: A, b: B, c: C) => Made): (a: A, b: B, c: C) => Made;
export function rememberLast<A, B, C, Made>(make: (a: A, b: B, c: C) => Made): (a: A, b: B, c: C) => Made {
  // No list of arguments: it would be an array for each call.
  let last: { readonly a: A; readonly b: B; readonly c: C; readonly made: Made } | null = null;
  return (a, b, c) => {
    if (last === null || last.a !== a || last.b !== b || last.c !== c)
      last = { a, b, c, made: make(a, b, c) };
    return last.made;
  };
}
