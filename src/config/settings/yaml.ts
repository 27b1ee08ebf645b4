/** Reads the configuration file into a raw tree. Problems name a place in the file, and quote none of its content. */
import { type Document, isAlias, LineCounter, parseDocument, visit } from 'yaml';
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
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const place = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  const problems = document.errors.map((error) => ({
    path: place(error.pos[0]),
    message: `is not valid YAML: ${explain(error.message)}`,
  }));
  if (problems.length === 0) problems.push(...deadAliases(document, place));
  if (problems.length > 0) throw refuse(problems);
  return toRaw(path, document, refuse);
}

/** The parser's sentence without its quotes, which may contain a part of a password. */
function explain(message: string): string {
  const sentence = message.split(/[:"\\]/, 1)[0]?.trim() ?? '';
  // The parser's message for `ledger: memory:` does not help.
  const hint = message.startsWith('Nested mappings') ? ' (a string that ends in ":" must be in quotes)' : '';
  return `${sentence}${hint}`;
}

/** YAML reads `password: *abc` as an alias. The name may be meant as a password, so it is not shown. */
function deadAliases(document: Document, place: (offset: number) => string): readonly Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Alias(_key, node) {
      if (!isAlias(node) || node.resolve(document) !== undefined) return;
      problems.push({
        path: place(node.range?.[0] ?? 0),
        message: 'is an alias without an anchor: a string that begins with "*" must be in quotes',
      });
    },
  });
  return problems;
}

/** Only this step follows aliases, so it finds one that stands for too much, or for itself. */
function toRaw(path: string, document: Document, refuse: Refuse): Raw {
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount });
  } catch (error) {
    // The library throws this for too many aliases.
    if (error instanceof ReferenceError)
      throw refuse([{ path, message: `is not valid YAML: ${explain(error.message)}` }]);
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
