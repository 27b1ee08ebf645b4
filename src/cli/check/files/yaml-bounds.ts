/** Bounds of YAML that the library does not have. What a file of some KiB makes must not fill the memory. */
import { type Document, isAlias, isMap, isNode, isPair, isScalar, isSeq, Lexer } from 'yaml';
import { InputError } from '../../command.ts';

/** Most lexical units of one file: some 200,000 lines. The library needs some 400 bytes for each. */
export const maxUnits = 2_000_000;
/** Most values that the merge keys of one file may copy. */
export const maxMerged = 1_000_000;

/** @throws InputError if there is more than the library should read */
export function checkUnits(path: string, text: string): void {
  // Two characters are at most three units.
  if (text.length <= maxUnits / 2) return;
  let units = 0;
  for (const _ of new Lexer().lex(text))
    if (++units > maxUnits)
      throw new InputError(`read ${path}: too much YAML: must be smaller, or JSON (kubectl -o json)`);
}

/**
 * What the merge keys of a file copy: each one the whole mapping that it names, with what that has merged itself. The
 * library counts aliases, but not what they bring.
 */
export class Merges {
  readonly #path: string;
  /** Of each anchor the size of the newest node, in the order of the text. */
  readonly #anchors = new Map<string, number>();
  #merged = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Looks at one document. @throws InputError if merge keys copy too much */
  add({ contents }: Pick<Document, 'contents'>): void {
    this.#anchors.clear();
    this.#sizeOf(contents);
  }

  /** Values of a node, with what it merges. Of what an alias names only the alias: it is not copied. */
  #sizeOf(node: unknown): number {
    const size = isMap(node) || isSeq(node) ? 1 + this.#sum(node.items) : 1;
    const anchor = isNode(node) && !isAlias(node) ? node.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, size);
    return size;
  }

  #sum(items: readonly unknown[]): number {
    let sum = 0;
    for (const item of items) {
      if (!isPair(item)) sum += this.#sizeOf(item);
      else if (isMergeKey(item.key)) sum += this.#merge(item.value);
      else sum += this.#sizeOf(item.key) + this.#sizeOf(item.value);
    }
    return sum;
  }

  /** What a merge key copies: of a mapping, of an alias, or of a list of them. */
  #merge(value: unknown): number {
    const sources = isSeq(value) ? value.items : [value];
    let size = 0;
    for (const source of sources)
      size += isAlias(source) ? (this.#anchors.get(source.source) ?? 0) : this.#sizeOf(source);
    this.#merged += size;
    if (this.#merged <= maxMerged) return size;
    throw new InputError(
      `read ${this.#path}: merge keys (<<) copy more than ${maxMerged} values: must be fewer`,
    );
  }
}

/** The library gives merge keys a symbol for a value. */
function isMergeKey(key: unknown): boolean {
  return isScalar(key) && (typeof key.value === 'symbol' || key.value === '<<');
}
