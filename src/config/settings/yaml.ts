/** Reads the configuration file into a raw tree. Problems name a place in the file, and quote none of its content. */
import { type Document, isAlias, isScalar, LineCounter, type Pair, parseDocument, visit } from 'yaml';
import { readFault } from '../../lib/read-fault.ts';
import type { ConfigError, Problem } from './problems.ts';
import { parseRaw, type Raw } from './tree.ts';

/** Largest configuration file, in characters. */
const maxFileLength = 10_000_000;
/** How often aliases may be followed. An alias bomb multiplies them. */
const maxAliasCount = 100;
/** Deepest nesting of lists and mappings. The settings need five levels. */
const maxDepth = 50;

type Refuse = (problems: readonly Problem[]) => ConfigError;

/** The content of the file. @throws what `refuse` makes: not readable, or too long */
export function readText(path: string, readFile: (path: string) => string, refuse: Refuse): string {
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    throw refuse([{ path: shorten(path), message: `cannot be read: ${readFault(error)}` }]);
  }
  if (text.length <= maxFileLength) return text;
  throw refuse([{ path, message: `${text.length} characters: must be at most ${maxFileLength}` }]);
}

/** Longest path that an error quotes, in characters. */
export const maxShownPath = 200;

function shorten(path: string): string {
  return path.length > maxShownPath ? `${path.slice(0, maxShownPath)}…` : path;
}

/** The tree of a YAML text. @throws what `refuse` makes */
export function parseYaml(path: string, text: string, refuse: Refuse): Raw {
  const lineCounter = new LineCounter();
  // Only the types of YAML's core schema (YAML 1.2, 10.3): the tags of others make dates, sets and bytes.
  const options = { lineCounter, prettyErrors: false, resolveKnownTags: false };
  const document = parseDocument(text, options);
  const place = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  // A tag that the parser does not know is a warning to it, and dropped.
  const problems = [...document.errors, ...document.warnings].map((error) => ({
    path: place(error.pos[0]),
    message: explain(error.message),
  }));
  if (problems.length === 0) problems.push(...faultyNodes(document, place));
  if (problems.length > 0) throw refuse(problems);
  return toRaw(path, document, refuse);
}

/** The parser's sentence without its quotes, which may contain a part of a password. */
function explain(message: string): string {
  if (message.startsWith('Source contains multiple documents'))
    return 'begins a second document: must be one, without another "---"';
  if (message.startsWith('Unresolved tag'))
    return 'is a tag that settings do not have: a string that begins with "!" must be in quotes';
  const sentence = message.split(/[:"\\]/, 1)[0]?.trim() ?? '';
  // The parser's message for `ledger: memory:` does not help.
  const hint = message.startsWith('Nested mappings') ? ' (a string that ends in ":" must be in quotes)' : '';
  return `is not valid YAML: ${sentence}${hint}`;
}

/** What YAML can express and settings cannot. */
function faultyNodes(document: Document, place: (offset: number) => string): readonly Problem[] {
  const problems: Problem[] = [];
  const blame = (node: unknown, message: string) => {
    const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : null;
    problems.push({ path: place(Array.isArray(range) ? Number(range[0]) : 0), message });
  };
  visit(document, {
    Alias(_key, node) {
      // The name may be meant as a password, as in `password: *abc`, so it is not shown.
      if (isAlias(node) && node.resolve(document) === undefined)
        blame(node, 'is an alias without an anchor: a string that begins with "*" must be in quotes');
    },
    Scalar(_key, { value, range }) {
      if (typeof value === 'number' && !Number.isFinite(value)) blame({ range }, 'must be a finite number');
    },
    Pair(_key, pair) {
      if (!isKey(pair)) blame(pair.key, 'is no key: must be the name of a setting');
    },
  });
  return problems;
}

/** `__proto__` names no member of an object: it would be dropped without a word. */
function isKey({ key }: Pair): boolean {
  if (isAlias(key)) return true;
  return isScalar(key) && key.value !== null && key.value !== '' && key.value !== '__proto__';
}

/** Only this step follows aliases, so it finds one that stands for too much, or for itself. */
function toRaw(path: string, document: Document, refuse: Refuse): Raw {
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount });
  } catch (error) {
    // The library throws this for too many aliases.
    if (error instanceof ReferenceError) {
      const message = `has too many aliases: must be at most ${maxAliasCount} of one anchor, with those within it`;
      throw refuse([{ path, message }]);
    }
    throw error;
  }
  if (isDeeper(value, maxDepth)) {
    const message = `nested deeper than ${maxDepth}: must have no anchor that contains its own alias`;
    throw refuse([{ path, message }]);
  }
  return parseRaw(value);
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((inner) => isDeeper(inner, depth - 1));
}
