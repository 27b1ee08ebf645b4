import { type Document, LineCounter, parseAllDocuments } from 'yaml';
import { messageOf } from '../../../errors.ts';
import { jsonOrNothing } from '../../../lib/json.ts';
import { InputError } from '../../command.ts';
import { checkUnits, Merges } from './yaml-bounds.ts';

export type Mapping = Readonly<Record<string, unknown>>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** How often aliases may be followed: an alias bomb multiplies them. */
const maxAliasCount = 10_000;

/** `!reset null`: a compose file takes away what another one says (compose-spec, "Merge and override"). */
const reset = { tag: '!reset', resolve: () => null };

/** The documents of a YAML file that are not empty. @throws InputError with line and column */
export function parseDocuments(path: string, text: string): readonly unknown[] {
  // JSON is YAML; of a whole cluster there may be much of it.
  const json = jsonOrNothing(text);
  if (json !== undefined) return [json];
  checkUnits(path, text);
  const lineCounter = new LineCounter();
  // Compose files use merge keys (`<<`), which YAML 1.2 does not have any more.
  const options = { lineCounter, prettyErrors: false, merge: true, customTags: [reset] };
  const documents = parseAllDocuments(text, options);
  const merges = new Merges(path);
  const values: unknown[] = [];
  for (const document of documents) {
    const [error] = document.errors;
    if (error !== undefined) {
      const { line, col } = lineCounter.linePos(error.pos[0]);
      const hint = text.includes('{{') ? ', as helm template prints it' : '';
      throw new InputError(`read ${path}:${line}:${col}: ${error.message}: must be YAML${hint}`);
    }
    merges.add(document);
    const value = toValue(path, document);
    if (value !== null && value !== undefined) values.push(value);
  }
  return values;
}

function toValue(path: string, document: Pick<Document, 'toJS'>): unknown {
  try {
    return document.toJS({ maxAliasCount });
  } catch (error) {
    // Too many aliases, one without an anchor, a merge of what is no mapping.
    throw new InputError(
      `read ${path}: ${messageOf(error)}: must be YAML with fewer aliases, each with its anchor, and merge keys of mappings`,
    );
  }
}
