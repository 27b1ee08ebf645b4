/** The arguments of `manifeed check`. */
import type { ParseArgsOptionsConfig } from 'node:util';
import { ManifeedError } from '../../errors.ts';
import { parsePlatform } from '../../event/platform.ts';
import { parseTagRange } from '../../event/semver-tag.ts';
import type { OutputFlags } from '../asking/output.ts';
import { type CommandIo, InputError, UsageError } from '../command.ts';
import { type Connection, connectionFlags, connectionOf, oneOf, readFlags, shown } from '../connection.ts';
import { newerWords } from './newer.ts';
import type { RangeWishes } from './subjects.ts';
import { readImage, type Wanted } from './wanted.ts';

const checkFlags = {
  ...connectionFlags,
  file: { type: 'string', multiple: true, default: [] },
  running: { type: 'boolean', default: false },
  range: { type: 'string' },
  newer: { type: 'string', default: 'minor' },
  platform: { type: 'string' },
  'build-arg': { type: 'string', multiple: true, default: [] },
} as const satisfies ParseArgsOptionsConfig;

export interface CheckArguments {
  readonly connection: Connection;
  readonly output: OutputFlags;
  readonly images: readonly Wanted[];
  /** `-` is standard input. */
  readonly files: readonly string[];
  /** Reads the JSON of an engine from standard input. */
  readonly running: boolean;
  readonly wishes: RangeWishes;
  /** Null: any move counts. */
  readonly platform: string | null;
  readonly buildArguments: ReadonlyMap<string, string>;
}

/** @throws UsageError */
export function parseCheck(argv: readonly string[], io: CommandIo): CheckArguments {
  const { values, positionals } = readFlags(argv, checkFlags);
  const { file: files, running, range } = values;
  if (positionals.length + files.length === 0 && !running)
    throw new UsageError('read arguments: no image: must name one, or --file or --running');
  const readers = files.filter((path) => path === '-').length + Number(running);
  if (readers > 1)
    throw new UsageError('read arguments: standard input: must be read once, by --file - or --running');
  return {
    connection: connectionOf(values, io),
    output: values,
    images: positionals.map(imageOf),
    files,
    running,
    wishes: {
      range: range === undefined ? null : rangeOf(range),
      newer: oneOf('--newer', values.newer, newerWords),
    },
    platform: values.platform === undefined ? null : platformOf(values.platform),
    buildArguments: new Map(values['build-arg'].map(buildArgument)),
  };
}

function imageOf(text: string): Wanted {
  // What a shell makes of `--file *.yaml`.
  if (/\.(?:ya?ml|json)$|(?:^|[\\/])(?:Dockerfile|Containerfile)[^\\/]*$/.test(text))
    throw new UsageError(`read image: ${shown(text)}: looks like a file: must have --file before it`);
  return usage(() => readImage(text));
}

function rangeOf(text: string): string {
  usage(() => parseTagRange(text, '--range'));
  return text;
}

function platformOf(text: string): string {
  return usage(() => parsePlatform(text, '--platform'));
}

function buildArgument(text: string): readonly [string, string] {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return [name, value];
  throw new UsageError(`read --build-arg: ${shown(text)}: must be NAME=VALUE`);
}

/** What is wrong with an argument is wrong usage. */
function usage<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ManifeedError || error instanceof InputError) throw new UsageError(error.message);
    throw error;
  }
}
