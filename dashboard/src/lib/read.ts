/** Readers of JSON: what a gateway answers is checked before a screen shows it. A page carries no larger validator. */
import { escapedLine, escapedLines } from './escaped.ts';

/** Gives the value in its type. @param at where it stands, for the error. @throws TypeError that names the member */
export type Reader<T> = (value: unknown, at: string) => T;

/** What a reader gives. */
export type Read<R> = R extends Reader<infer T> ? T : never;

export const string: Reader<string> = (value, at) => {
  if (typeof value === 'string') return value;
  throw wrong(at, 'a string');
};

/** A string of which a screen shows at most so many characters. What is beyond is cut off, and a `…` says so. */
export function text(most: number): Reader<string> {
  return (value, at) => {
    const whole = string(value, at);
    return whole.length > most ? `${whole.slice(0, most)}…` : whole;
  };
}

/** What a stranger said, as one line: characters that do not show are escaped. @param most characters of it */
export function line(most: number): Reader<string> {
  const read = text(most);
  return (value, at) => escapedLine(read(value, at));
}

/** The same with its lines. @param most characters of it */
export function lines(most: number): Reader<string> {
  const read = text(most);
  return (value, at) => escapedLines(read(value, at));
}

export const number: Reader<number> = (value, at) => {
  if (typeof value === 'number') return value;
  throw wrong(at, 'a number');
};

export const boolean: Reader<boolean> = (value, at) => {
  if (typeof value === 'boolean') return value;
  throw wrong(at, 'true or false');
};

/** Null, or what `read` gives. An absent member counts as null: older gateways may lack it. */
export function nullable<T>(read: Reader<T>): Reader<T | null> {
  return (value, at) => (value === null || value === undefined ? null : read(value, at));
}

export function list<T>(read: Reader<T>): Reader<readonly T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) throw wrong(at, 'a list');
    return value.map((each, index) => read(each, `${at}[${index}]`));
  };
}

/** An object whose names are data. */
export function record<T>(read: Reader<T>): Reader<Readonly<Record<string, T>>> {
  return (value, at) => {
    const entries = Object.entries(objectOf(value, at));
    return Object.fromEntries(entries.map(([name, each]) => [name, read(each, `${at}.${name}`)]));
  };
}

/** An object with these members; others are left out. */
export function object<Shape extends Readonly<Record<string, Reader<unknown>>>>(
  shape: Shape,
): Reader<{ readonly [Name in keyof Shape]: Read<Shape[Name]> }> {
  return (value, at) => {
    const members = objectOf(value, at);
    const entries = Object.entries(shape).map(([name, read]) => [name, read(members[name], `${at}.${name}`)]);
    // A parser: each member came from the reader that the type takes it from.
    return Object.fromEntries(entries) as { readonly [Name in keyof Shape]: Read<Shape[Name]> };
  };
}

function objectOf(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw wrong(at, 'an object');
}

function wrong(at: string, must: string): TypeError {
  return new TypeError(`read answer: ${at}: must be ${must}`);
}
