/** What `manifeed publish` asks for, and what it makes of the answer. */
import { describe, expect, it } from 'vitest';
import { type CommandIo, UsageError } from '../../../../src/cli/command.ts';
import { parsePublish } from '../../../../src/cli/publish/arguments.ts';
import { outcomeOf } from '../../../../src/cli/publish/outcome.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const other = `sha256:${'cd'.repeat(32)}`;

function parse(argv: readonly string[], env: Record<string, string> = {}) {
  const io: CommandIo = {
    ...{ out: () => {}, err: () => {}, env },
    readFile: (path) => Buffer.from(`token in ${path}\n`),
  };
  return parsePublish(argv, io);
}

describe('the arguments of publish', () => {
  it('become what the hook takes', () => {
    expect(parse(['app:1', digest]).publication).toEqual({ reference: 'app:1', digest, action: 'push' });
    expect(parse([`app@${digest}`, '--delete']).publication).toEqual({
      ...{ reference: `app@${digest}`, action: 'delete' },
    });
    expect(parse(['app:1', '--id', 'build-7', '--occurred-at', '2026-11-23T20:00:00Z']).publication).toEqual({
      ...{ reference: 'app:1', action: 'push', id: 'build-7', occurredAt: '2026-11-23T20:00:00Z' },
    });
  });

  it('name the hook and its token in the order of all commands', () => {
    const env = { MANIFEED_TOKEN_FILE: 'from-variable', MANIFEED_TOKEN: 'token itself' };
    const tokenOf = (...args: Parameters<typeof parse>) => {
      const { token } = parse(...args).connection;
      return typeof token === 'function' ? token() : token;
    };
    expect(tokenOf(['app:1', '--token-file', 'flag'], env)).toBe('token in flag');
    expect(tokenOf(['app:1'], env)).toBe('token in from-variable');
    expect(tokenOf(['app:1'], { MANIFEED_TOKEN: 'token itself' })).toBe('token itself');
    expect([parse(['app:1']).hook, parse(['app:1', '--hook', 'ci']).hook]).toEqual(['publish', 'ci']);
  });

  it.each<[readonly string[], RegExp]>([
    [[], /^read arguments: no REF: must name an image/],
    [['app:1', digest, 'more'], /^read arguments: "more": must be one REF and at most one DIGEST/],
    [['App:1'], /^REF: "App:1": must be \[host/],
    [['app:-'], /^REF: "app:-": the tag must match/],
    [['app'], /^read REF: "app": must have a tag or a digest/],
    [['app:1', 'sha256:ab'], /^read DIGEST: "sha256:ab": must be sha256:<64 hex digits>/],
    [[`app@${digest}`, other], /^read DIGEST: .*: must be the digest that REF names/],
    [['app:1', '--hook', 'a/b'], /^read --hook: "a\/b": must be the name of a webhook/],
    [['app:1', '--occurred-at', 'now'], /^read --occurred-at: "now": must be an RFC 3339 time/],
    [['app:1', '--gateway', 'gw'], /^read --gateway: "gw": must be a URL/],
    [['app:1', '--nonsense'], /^read arguments: unknown flag --nonsense$/],
  ])('%j are refused by name', (argv, message) => {
    expect(() => parse(argv)).toThrow(UsageError);
    expect(() => parse(argv)).toThrow(message);
  });
});

describe('the outcome', () => {
  const tally = { accepted: 1, changes: 0, pending: 0, unchanged: 0, ignored: {} };

  it.each([
    ['changed', { ...tally, changes: 1 }],
    ['pending', { ...tally, pending: 1 }],
    ['unchanged', { ...tally, unchanged: 1 }],
    ['stale', { ...tally, ignored: { stale: 1 } }],
  ])('is %s', (word, answer) => {
    expect(outcomeOf(answer)).toMatchObject({ word, isTaken: true });
  });

  it('is pending, and then says what helps where the gateway may not ask the registry', () => {
    expect(outcomeOf({ ...tally, pending: 1 }).meaning).toContain('no digest unless you give it');
  });

  it('is a failure if the hook ignored it, with the reason', () => {
    const answer = { ...tally, accepted: 0, ignored: { 'other-event': 1 } };
    expect(outcomeOf(answer)).toMatchObject({ word: 'ignored', isTaken: false });
    expect(outcomeOf(answer).meaning).toBe(
      'the hook ignored it (other-event): must be a hook of the kind manifeed',
    );
  });

  it('is none if the answer has another form', () => {
    expect(() => outcomeOf('ok')).toThrow(/^read the answer of the hook: must be an object/);
    expect(() => outcomeOf({ ignored: 3 })).toThrow(/must be an object/);
  });
});
