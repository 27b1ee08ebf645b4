/** The arguments of `manifeed targets`. */
import type { ParseArgsOptionsConfig } from 'node:util';
import { parsePosition } from '../../event/position.ts';
import type { OutputFlags } from '../asking/output.ts';
import { type CommandIo, UsageError } from '../command.ts';
import { type Connection, connectionFlags, connectionOf, readFlags, shown, sinceOf } from '../connection.ts';

/** What is to be done with one target: the last part of the path, and its body. */
export interface Action {
  readonly word: Word;
  readonly name: string;
  readonly body: {
    readonly reference?: string;
    readonly dryRun?: boolean;
    readonly after?: string;
    readonly since?: string;
  };
}

export interface TargetsArguments {
  readonly connection: Connection;
  /** Null: all are listed. */
  readonly action: Action | null;
  readonly flags: OutputFlags;
}

const targetsFlags = {
  ...connectionFlags,
  'dry-run': { type: 'boolean', default: false },
  after: { type: 'string' },
  since: { type: 'string' },
} as const satisfies ParseArgsOptionsConfig;

const words = ['test', 'pause', 'resume', 'skip', 'replay'] as const;
type Word = (typeof words)[number];

/** Names of targets (docs/configuration.md, `targets[].name`). */
const nameGrammar = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** @param now ms since the epoch @throws UsageError that names the argument */
export function parseTargets(argv: readonly string[], io: CommandIo, now: number): TargetsArguments {
  const { values: flags, positionals } = readFlags(argv, targetsFlags);
  const [text, name, ...more] = positionals;
  const word = text === undefined || text === 'list' ? null : wordOf(text);
  if (word !== 'test' && flags['dry-run']) throw new UsageError('read --dry-run: must be with test');
  const { after, since } = flags;
  if (word !== 'replay' && after !== undefined) throw new UsageError('read --after: must be with replay');
  if (word !== 'replay' && since !== undefined) throw new UsageError('read --since: must be with replay');
  if (word === null) {
    if (name !== undefined) throw new UsageError(`read arguments: ${shown(name)}: list takes no NAME`);
    return { connection: connectionOf(flags, io), action: null, flags };
  }
  if (name === undefined)
    throw new UsageError(`read arguments: ${word} without a NAME: must name a target of the gateway`);
  if (!nameGrammar.test(name))
    throw new UsageError(`read NAME: ${shown(name)}: must be the name of a target`);
  const [reference, ...others] = word === 'test' ? more : [undefined, ...more];
  if (others.length > 0) throw new UsageError(`read arguments: ${shown(others.join(' '))}: ${rules[word]}`);
  const body = {
    test: () => ({ ...(reference === undefined ? {} : { reference }), dryRun: flags['dry-run'] }),
    replay: () => startOf(after, since, now),
    ...{ pause: () => ({}), resume: () => ({}), skip: () => ({}) },
  }[word]();
  return { connection: connectionOf(flags, io), action: { word, name, body }, flags };
}

const oneName = 'must be one NAME';
const rules: Readonly<Record<Word, string>> = {
  test: 'must be one NAME and at most one REFERENCE',
  ...{ pause: oneName, resume: oneName, skip: oneName, replay: oneName },
};

function wordOf(text: string): Word {
  const word = words.find((each) => each === text);
  if (word !== undefined) return word;
  throw new UsageError(`read arguments: ${shown(text)}: must be list, ${words.join(', ')}, or nothing`);
}

function startOf(after: string | undefined, since: string | undefined, now: number): Action['body'] {
  if (after !== undefined && since === undefined) {
    if (parsePosition(after) !== null) return { after };
    throw new UsageError(`read --after: ${shown(after)}: must be a position, as in pk3v9qdz-1041`);
  }
  if (since !== undefined && after === undefined) return { since: sinceOf(since, now) };
  throw new UsageError('read arguments: replay: must be with one of --after and --since');
}
