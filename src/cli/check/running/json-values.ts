/** JSON values one after the other: lines, lists, and what several commands have written to one file. */
import { jsonOrNothing } from '../../../lib/json.ts';
import { InputError } from '../../command.ts';

/**
 * @returns the objects; those of a list one by one
 * @throws InputError with the line of what is no JSON
 */
export function parseValues(shown: string, text: string): readonly unknown[] {
  const values: unknown[] = [];
  for (let at = skipSpace(text, 0); at < text.length; ) {
    const end = endOf(text, at);
    const value = jsonOrNothing(text.slice(at, end));
    if (typeof value !== 'object' || value === null) {
      const line = text.slice(0, at).split('\n').length;
      throw new InputError(`read ${shown}: line ${line}: must be JSON objects, or lists of them`);
    }
    for (const one of [value].flat()) values.push(one);
    at = skipSpace(text, end);
  }
  return values;
}

function skipSpace(text: string, at: number): number {
  const space = /[\s\u{feff}]*/uy;
  space.lastIndex = at;
  space.exec(text);
  return space.lastIndex;
}

/** Where the object or list that begins at `from` ends; of anything else, and without an end, the end of the text. */
function endOf(text: string, from: number): number {
  let depth = 0;
  const marks = /[[\]{}"]/g;
  marks.lastIndex = from;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    const [word] = mark;
    if (word === '"') marks.lastIndex = endOfString(text, marks.lastIndex);
    else depth += word === '{' || word === '[' ? 1 : -1;
    if (depth <= 0) return depth < 0 || word === '"' ? text.length : marks.lastIndex;
  }
  return text.length;
}

/** Behind its quote. Step by step: one expression for a whole string needs a stack as long as the string. */
function endOfString(text: string, from: number): number {
  const marks = /"|\\./gs;
  marks.lastIndex = from;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    if (mark[0] === '"') return marks.lastIndex;
  }
  return text.length;
}
