/** Parses `WWW-Authenticate` (RFC 9110 §11.6.1; distribution-spec, "token authentication"). Pure. */
type Challenge =
  | { readonly scheme: 'basic' }
  | {
      readonly scheme: 'bearer';
      readonly realm: string;
      readonly service: string | null;
      readonly scope: string | null;
    };

const maxHeaderLength = 4096;
// Each alternative starts with a different character, so no input is tried twice.
const parameterGrammar = /([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/y;

/** The challenge to answer: bearer if offered, else basic, else null. */
export function parseChallenge(values: readonly string[]): Challenge | null {
  let basic: Challenge | null = null;
  for (const value of values) {
    if (value.length > maxHeaderLength) continue;
    for (const { scheme, parameters } of challengesIn(value)) {
      const realm = parameters.get('realm');
      if (scheme === 'bearer' && realm !== undefined) {
        return {
          scheme,
          realm,
          service: parameters.get('service') ?? null,
          scope: parameters.get('scope') ?? null,
        };
      }
      if (scheme === 'basic') basic = { scheme };
    }
  }
  return basic;
}

interface RawChallenge {
  readonly scheme: string;
  readonly parameters: Map<string, string>;
}

/** A header may hold several challenges; a word without `=` begins one. */
function challengesIn(value: string): RawChallenge[] {
  const found: RawChallenge[] = [];
  let at = 0;
  while (at < value.length) {
    parameterGrammar.lastIndex = at;
    const parameter = parameterGrammar.exec(value);
    if (parameter?.[1] !== undefined) {
      const text = parameter[2]?.replace(/\\(.)/g, '$1') ?? parameter[3] ?? '';
      found.at(-1)?.parameters.set(parameter[1].toLowerCase(), text);
      at = parameterGrammar.lastIndex;
      continue;
    }
    const word = /^[A-Za-z][A-Za-z0-9-]*(?=\s|,|$)/.exec(value.slice(at, at + 64));
    if (word !== null) found.push({ scheme: word[0].toLowerCase(), parameters: new Map() });
    at += word?.[0].length ?? 1;
  }
  return found;
}
