/**
 * Variables in the names of images. Compose has `$NAME`, `${NAME}`, `${NAME:-default}`, `-`, `:+`, `+`, `:?`, `?`, and
 * `$$` for a dollar sign (compose-spec, "Interpolation"). Dockerfiles have the same without `?`, and `\$` for a dollar
 * sign (Dockerfile reference, "Environment replacement").
 */
import { InputError } from '../../command.ts';

/** The value of a variable; undefined: it has none. */
export type Lookup = (name: string) => string | undefined;

/** What stands for a dollar sign. */
export type DollarEscape = '$$' | '\\$';

/** How deep a default may hold variables with defaults. */
export const maxNesting = 20;

/** Longest text with the values in it, characters. Names are far shorter, but values may hold values, and multiply. */
export const maxLength = 64 * 1024;

const nameGrammar = /[A-Za-z_][A-Za-z0-9_]*/y;
const operatorGrammar = /:?[-+?]/y;

/** How a file has variables. */
export interface Variables {
  readonly lookup: Lookup;
  readonly dollar: DollarEscape;
}

/** @param place how errors call it @throws InputError that names the variable, or what is not understood */
export function interpolate(place: string, text: string, variables: Variables): string {
  return new Interpolation(place, text, variables).run();
}

class Interpolation {
  readonly #place: string;
  readonly #text: string;
  readonly #lookup: Lookup;
  readonly #dollar: DollarEscape;
  #at = 0;

  constructor(place: string, text: string, { lookup, dollar }: Variables) {
    this.#place = place;
    this.#text = text;
    this.#lookup = lookup;
    this.#dollar = dollar;
  }

  run(): string {
    return this.#readUntil(null, true, 0);
  }

  /**
   * @param end the brace that ends it; null: the end of the text
   * @param isUsed false: what it holds is passed over, so its variables need no value
   */
  #readUntil(end: '}' | null, isUsed: boolean, depth: number): string {
    if (depth > maxNesting) throw this.#fault(`nested deeper than ${maxNesting}: must be simpler`);
    let read = '';
    while (this.#at < this.#text.length) {
      if (this.#text[this.#at] === end) return read;
      if (this.#skip(this.#dollar)) read += '$';
      else if (this.#skip('$')) read += this.#variable(isUsed, depth);
      else read += this.#text[this.#at++] ?? '';
      if (read.length > maxLength) throw this.#fault(`longer than ${maxLength} characters: must be shorter`);
    }
    if (end !== null) throw this.#fault('a "{" without its "}": must be closed');
    return read;
  }

  #variable(isUsed: boolean, depth: number): string {
    const isBraced = this.#skip('{');
    const name = this.#match(nameGrammar);
    if (name === null) throw this.#fault(`a "$" without a name: must be ${this.#dollar} to be a dollar sign`);
    if (!isBraced) return this.#value(name, isUsed);
    const operator = this.#match(operatorGrammar);
    if (operator === null) {
      this.#close(name);
      return this.#value(name, isUsed);
    }
    const value = this.#lookup(name);
    const isSet = value !== undefined && (value !== '' || !operator.startsWith(':'));
    const word = operator.at(-1);
    const otherwise = this.#readUntil('}', isUsed && isSet === (word === '+'), depth + 1);
    this.#close(name);
    if (word === '+') return isSet ? otherwise : '';
    if (isSet) return value;
    if (word === '?' && isUsed)
      throw this.#fault(`the variable ${name} has no value: ${otherwise || 'must be set'}`);
    return otherwise;
  }

  #value(name: string, isUsed: boolean): string {
    const value = this.#lookup(name);
    if (value === undefined && isUsed) throw this.#fault(`the variable ${name} has no value: must be set`);
    return value ?? '';
  }

  #close(name: string): void {
    if (!this.#skip('}'))
      throw this.#fault(`what follows ${name} is not understood: must be as in \${${name}:-default}`);
  }

  #skip(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #match(grammar: RegExp): string | null {
    grammar.lastIndex = this.#at;
    const found = grammar.exec(this.#text)?.[0] ?? null;
    this.#at += found?.length ?? 0;
    return found;
  }

  #fault(what: string): InputError {
    return new InputError(`read ${this.#place}: ${JSON.stringify(this.#text.slice(0, 200))}: ${what}`);
  }
}
