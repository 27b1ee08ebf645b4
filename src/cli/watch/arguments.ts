/** The arguments of `manifeed watch`. */
import type { ParseArgsOptionsConfig } from 'node:util';
import { type CommandIo, UsageError } from '../command.ts';
import {
  type Connection,
  connectionFlags,
  connectionOf,
  countOf,
  durationOf,
  oneOf,
  readFlags,
  shown,
  sinceOf,
} from '../connection.ts';
import { type Plan, parseWishes, planOf } from './images.ts';

export interface WatchArguments {
  readonly connection: Connection;
  readonly plan: Plan;
  readonly start: { readonly after: string | null; readonly since: string | null };
  readonly snapshot: boolean;
  readonly conflate: boolean;
  readonly unpaced: boolean;
  /** Null: no end. */
  readonly count: number | null;
  readonly timeoutMs: number | null;
  /** The file of the position; null: none. */
  readonly state: string | null;
  /** Null: print the changes. */
  readonly exec: ExecArguments | null;
  readonly format: 'columns' | 'json' | 'json-events';
  readonly isQuiet: boolean;
  readonly noColor: boolean;
}

export interface ExecArguments {
  /** Program and arguments. */
  readonly command: readonly [string, ...string[]];
  readonly parallel: number;
  readonly onBusy: 'queue' | 'latest';
  /** Further attempts after a failure. */
  readonly retries: number;
  readonly onError: 'exit' | 'continue';
  /** Null: a command may run as long as it likes. */
  readonly timeoutMs: number | null;
}

export const watchFlags = {
  ...connectionFlags,
  tag: { type: 'string', multiple: true, default: [] },
  type: { type: 'string', multiple: true, default: [] },
  after: { type: 'string' },
  since: { type: 'string' },
  snapshot: { type: 'boolean', default: false },
  conflate: { type: 'boolean', default: false },
  unpaced: { type: 'boolean', default: false },
  count: { type: 'string' },
  timeout: { type: 'string' },
  state: { type: 'string' },
  exec: { type: 'string' },
  parallel: { type: 'string' },
  'on-busy': { type: 'string' },
  retry: { type: 'string' },
  'on-error': { type: 'string' },
  'exec-timeout': { type: 'string' },
  'json-events': { type: 'boolean', default: false },
} as const satisfies ParseArgsOptionsConfig;

const positionGrammar = /^[0-9a-z]+-\d{1,16}$/;
const maxParallel = 1_000;

/**
 * @param now ms since the epoch, for `--since 2h`
 * @param isWindows there `--exec` is refused: its shell cannot quote safely
 * @throws UsageError
 */
export function parseWatch(
  argv: readonly string[],
  io: CommandIo,
  { now, isWindows }: { readonly now: number; readonly isWindows: boolean },
): WatchArguments {
  const end = argv.indexOf('--');
  const { values, positionals } = readFlags(end === -1 ? argv : argv.slice(0, end), watchFlags);
  if (positionals.length === 0)
    throw new UsageError(
      'read arguments: no image: must name one, such as nginx:1.27, or "**" for everything',
    );
  const exec = execOf(values, end === -1 ? null : argv.slice(end + 1), isWindows);
  if (exec !== null && (values.json || values['json-events']))
    throw new UsageError('read --json: with a command nothing is printed: must be left out');
  if (values.json && values['json-events'])
    throw new UsageError('read --json-events: must be without --json');
  return {
    connection: connectionOf(values, io),
    plan: planOf(parseWishes(positionals, values.tag), values.type),
    start: {
      after: afterOf(values.after),
      since: values.since === undefined ? null : sinceOf(values.since, now),
    },
    snapshot: values.snapshot,
    conflate: values.conflate,
    unpaced: values.unpaced,
    count: values.count === undefined ? null : countOf('--count', values.count, 1),
    timeoutMs: values.timeout === undefined ? null : durationOf('--timeout', values.timeout),
    state: values.state ?? null,
    exec,
    format: values['json-events'] ? 'json-events' : values.json ? 'json' : 'columns',
    isQuiet: values.quiet,
    noColor: values['no-color'],
  };
}

interface ExecValues {
  readonly exec?: string | undefined;
  readonly parallel?: string | undefined;
  readonly 'on-busy'?: string | undefined;
  readonly retry?: string | undefined;
  readonly 'on-error'?: string | undefined;
  readonly 'exec-timeout'?: string | undefined;
}

function execOf(
  values: ExecValues,
  direct: readonly string[] | null,
  isWindows: boolean,
): ExecArguments | null {
  const { exec, parallel = '1', retry = '0', 'exec-timeout': timeout } = values;
  const command = commandOf(exec, direct, isWindows);
  if (command === null) {
    for (const name of ['parallel', 'on-busy', 'retry', 'on-error', 'exec-timeout'] as const)
      if (values[name] !== undefined) throw new UsageError(`read --${name}: must be with --exec or -- CMD`);
    return null;
  }
  const count = countOf('--parallel', parallel, 1);
  if (count > maxParallel) throw new UsageError(`read --parallel: ${count}: must be at most ${maxParallel}`);
  return {
    command,
    parallel: count,
    onBusy: oneOf('--on-busy', values['on-busy'] ?? 'queue', ['queue', 'latest'] as const),
    retries: countOf('--retry', retry, 0),
    onError: oneOf('--on-error', values['on-error'] ?? 'exit', ['exit', 'continue'] as const),
    timeoutMs: timeout === undefined ? null : durationOf('--exec-timeout', timeout),
  };
}

function commandOf(
  exec: string | undefined,
  direct: readonly string[] | null,
  isWindows: boolean,
): readonly [string, ...string[]] | null {
  if (direct === null) {
    if (exec === undefined) return null;
    if (exec.trim() === '') throw new UsageError('read --exec: empty: must be a command');
    if (isWindows) throw new UsageError('read --exec: there is no sh on Windows: must be -- CMD ARG…');
    return ['sh', '-c', exec];
  }
  if (exec !== undefined) throw new UsageError('read arguments: --exec and --: must be one of the two');
  const [program, ...rest] = direct;
  if (program === undefined || program === '')
    throw new UsageError('read arguments: nothing behind "--": must be a command');
  return [program, ...rest];
}

function afterOf(text: string | undefined): string | null {
  if (text === undefined || positionGrammar.test(text)) return text ?? null;
  throw new UsageError(`read --after: ${shown(text)}: must be a position, such as 7f3k9qzd-1042`);
}
