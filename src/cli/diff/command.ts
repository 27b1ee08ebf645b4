import type { ParseArgsOptionsConfig } from 'node:util';
import { parseRfc3339 } from '../../event/rfc3339.ts';
import { outputOf } from '../asking/output.ts';
import type { AskingParts } from '../asking/parts.ts';
import { type Command, UsageError } from '../command.ts';
import { connectionFlags, connectionHelp, connectionOf, readFlags, sinceOf } from '../connection.ts';
import { compareSides } from './sides.ts';
import { changedSince, parseRepository } from './since.ts';

const diffFlags = {
  ...connectionFlags,
  tag: { type: 'string', multiple: true, default: [] },
  since: { type: 'string' },
} as const satisfies ParseArgsOptionsConfig;

/** `manifeed diff`: what two repositories differ in, or what has changed in one. */
export function diffCommand(parts: AskingParts): Command {
  return {
    usage: 'LEFT RIGHT | --since 24h REPO',
    details: [
      '',
      'LEFT and RIGHT are [host/]repo, or both prefixes with "/" behind them: diff nginx mirror.example.com/nginx,',
      'diff ghcr.io/team/ mirror.example.com/team/, diff docker.io/ mirror.example.com/',
      '',
      '  --since 24h   compare REPO with what it was then: a duration, or an RFC 3339 time',
      '  --tag TAG     only these tags; also a glob or semver:RANGE; repeatable',
      ...connectionHelp,
      '',
      'Exit codes: 0 the same, 1 different, 2 trouble, or the answer is in doubt: standard error says why.',
    ],
    async run(argv, io) {
      const { values, positionals } = readFlags(argv, diffFlags);
      const [left, right, ...more] = positionals;
      const output = outputOf('diff', values, parts.terminal);
      const { tag: tags, since } = values;
      const ask = () => parts.askOver(connectionOf(values, io));
      if (since !== undefined) {
        if (left === undefined || right !== undefined)
          throw new UsageError('read arguments: --since: must be with one repository, such as nginx');
        const sinceMs = parseRfc3339(sinceOf(since, parts.now()))?.ms ?? 0;
        return changedSince(ask(), output, { repository: parseRepository(left), tags, sinceMs });
      }
      if (left === undefined || right === undefined || more.length > 0)
        throw new UsageError(
          'read arguments: must be two repositories, or two prefixes such as ghcr.io/team/',
        );
      return compareSides(ask(), output, { left, right, tags });
    },
  };
}
