/** What `manifeed watch` accepts, and what becomes of it. */
import { describe, expect, it } from 'vitest';
import { type CommandIo, UsageError } from '../../../../src/cli/command.ts';
import { parseWatch } from '../../../../src/cli/watch/arguments.ts';
import { parseWishes, planOf } from '../../../../src/cli/watch/images.ts';

const now = Date.parse('2026-11-30T12:00:00Z');
const files: Readonly<Record<string, string>> = {
  token: 'from-flag\n',
  other: 'from-variable\n',
  empty: ' \n',
};

function ioWith(env: Record<string, string>): CommandIo {
  return {
    out: () => {},
    err: () => {},
    readFile: (path) => Buffer.from(files[path] ?? ''),
    env,
  };
}

function parse(argv: readonly string[], env: Record<string, string> = {}, isWindows = false) {
  return parseWatch(argv, ioWith(env), { now, isWindows });
}

function tokenOf(argv: readonly string[], env: Record<string, string>) {
  const { token } = parse(argv, env).connection;
  return typeof token === 'function' ? token() : token;
}

describe('the arguments of watch', () => {
  it('have defaults', () => {
    const args = parse(['nginx:1.27', '--exec', 'true']);
    expect(args.connection).toEqual({ url: 'http://127.0.0.1:8080', token: undefined });
    expect(args.exec).toEqual({
      ...{ command: ['sh', '-c', 'true'], parallel: 1, onBusy: 'queue', retries: 0 },
      ...{ onError: 'exit', timeoutMs: null },
    });
    expect(args).toMatchObject({ count: null, timeoutMs: null, state: null, format: 'columns' });
    expect(args.start).toEqual({ after: null, since: null });
  });

  it('behind -- are a command without a shell', () => {
    expect(parse(['nginx', '--', 'kubectl', '--help', '--']).exec?.command).toEqual([
      'kubectl',
      '--help',
      '--',
    ]);
  });

  it('count back from now, or name a time', () => {
    expect(parse(['a', '--since', '2h']).start.since).toBe('2026-11-30T10:00:00.000Z');
    expect(parse(['a', '--since', '2026-01-01T00:00:00Z']).start.since).toBe('2026-01-01T00:00:00Z');
    expect(parse(['a', '--after', '7f3k-12']).start.after).toBe('7f3k-12');
  });

  it('name the token before the variables do, and the file before the text', () => {
    const env = { MANIFEED_TOKEN: 'text', MANIFEED_TOKEN_FILE: 'other' };
    expect(tokenOf(['a', '--token-file', 'token'], env)).toBe('from-flag');
    expect(tokenOf(['a'], env)).toBe('from-variable');
    expect(tokenOf(['a'], { MANIFEED_TOKEN: 'text', MANIFEED_TOKEN_FILE: '' })).toBe('text');
    expect(parse(['a', '--gateway', 'http://flag'], { MANIFEED_URL: 'http://v' }).connection.url).toBe(
      'http://flag',
    );
    expect(parse(['a'], { MANIFEED_URL: 'https://v/prefix' }).connection.url).toBe('https://v/prefix');
  });

  it('take a token with a line end, and say so of one that no header can hold, without it', () => {
    expect(tokenOf(['a'], { MANIFEED_TOKEN: 'text\n' })).toBe('text');
    expect(tokenOf(['a'], { MANIFEED_TOKEN: '\n' })).toBe(undefined);
    for (const token of ['hunter2\nhunter2', 'hunter2€', 'hunter2\0'])
      expect(() => tokenOf(['a'], { MANIFEED_TOKEN: token })).toThrow(
        /^read MANIFEED_TOKEN: must be a token: one line, without control characters$/,
      );
  });

  it.each([
    [[], /no image: must name one/],
    [['nginx', '--bad'], /read arguments: unknown flag --bad$/],
    [['nginx:'], /must have a tag behind ":"/],
    [['NGINX'], /lower-case path segments/],
    [['nginx:b@d'], /^tag: "b@d"/],
    [['a', '--type', 'pushes'], /^type: "pushes": must be one of/],
    [['a', '--count', '0'], /read --count: "0": must be a whole number, at least 1/],
    [['a', '--timeout', 'soon'], /read --timeout: "soon": must be a duration/],
    [['a', '--since', 'noon'], /read --since: "noon": must be a duration such as 2h, or an RFC 3339 time/],
    [['a', '--since', '999999999999d'], /read --since/],
    [['a', '--after', '-5'], /--after/],
    [['a', '--after=x'], /read --after: "x": must be a position/],
    [['a', '--exec', ' '], /read --exec: empty/],
    [['a', '--'], /nothing behind "--"/],
    [['a', '--exec', 'x', '--', 'y'], /--exec and --: must be one of the two/],
    [['a', '--retry', '1'], /read --retry: must be with --exec or -- CMD/],
    [['a', '--exec', 'x', '--json'], /read --json: with a command nothing is printed/],
    [['a', '--json', '--json-events'], /read --json-events: must be without --json/],
    [['a', '--exec', 'x', '--on-busy', 'drop'], /read --on-busy: "drop": must be queue or latest/],
    [['a', '--exec', 'x', '--on-error', 'stop'], /read --on-error: "stop": must be exit or continue/],
    [['a', '--exec', 'x', '--parallel', '1001'], /read --parallel: 1001: must be at most 1000/],
    [['a', '--gateway', 'gateway:8080'], /read --gateway: "gateway:8080": must be a URL/],
    [['a', '--gateway', 'http://u:p@g'], /read --gateway: must hold no credentials/],
    [['a', '--token-file', 'empty'], /read --token-file: "empty": empty: must hold a token/],
  ] as const)('%j are refused: %s', (argv, message) => {
    expect(() => parse(argv)).toThrow(UsageError);
    expect(() => parse(argv)).toThrow(message);
  });

  it('on Windows have no shell', () => {
    expect(() => parse(['a', '--exec', 'x'], {}, true)).toThrow(/must be -- CMD ARG/);
    expect(parse(['a', '--', 'x.exe'], {}, true).exec?.command).toEqual(['x.exe']);
  });
});

describe('the images of watch', () => {
  const plan = (images: readonly string[], tags: readonly string[] = [], types: readonly string[] = []) =>
    planOf(parseWishes(images, tags), types);
  const change = (repository: string, tag: string | null, registry = 'docker.io') => ({
    registry,
    repository,
    tag,
  });

  it('have their tag behind the last colon of the last segment', () => {
    expect(parseWishes(['host:5000/a/b', 'host:5000/a:1', 'n:^1.27', 'n:semver:>=1 <2'], ['x'])).toEqual([
      { repository: 'host:5000/a/b', tags: ['x'] },
      { repository: 'host:5000/a', tags: ['1'] },
      { repository: 'n', tags: ['semver:^1.27'] },
      { repository: 'n', tags: ['semver:>=1 <2'] },
    ]);
  });

  it('with the same tags are one subscription, exactly', () => {
    const same = plan(['nginx', 'redis'], ['1.27', 'latest'], ['*']);
    expect(same.filter).toEqual({ repository: ['nginx', 'redis'], tag: ['1.27', 'latest'], type: ['*'] });
    expect(same.isWider).toBe(false);
  });

  it('with different tags are one subscription that is wider, and are judged one by one', () => {
    const mixed = plan(['nginx:1.27', 'redis:7', 'ghcr.io/team/**:*-rc']);
    expect(mixed.filter).toEqual({
      ...{ repository: ['nginx', 'redis', 'ghcr.io/team/**'], tag: ['1.27', '7', '*-rc'] },
    });
    expect(mixed.isWider).toBe(true);
    const wants = mixed.judge('docker.io');
    expect(wants(change('library/nginx', '1.27'))).toBe(true);
    expect(wants(change('library/nginx', '7'))).toBe(false);
    expect(wants(change('team/x/y', '2-rc', 'ghcr.io'))).toBe(true);
    expect(wants({ ...change('library/redis', '7'), type: 'tag.deleted' })).toBe(true);
    expect(wants({ ...change('library/redis', '7'), type: 'manifest.pushed' })).toBe(false);
    const elsewhere = mixed.judge('reg.test');
    expect([elsewhere(change('library/redis', '7')), elsewhere(change('redis', '7', 'reg.test'))]).toEqual([
      ...[false, true],
    ]);
  });

  it('without a tag take all tags, and untagged manifests if asked for', () => {
    const mixed = plan(['nginx', 'redis:7'], [], ['*']);
    expect(mixed.filter.tag).toBeUndefined();
    const wants = mixed.judge('docker.io');
    const pushed = { type: 'manifest.pushed' };
    expect(wants({ ...change('library/nginx', null), ...pushed })).toBe(true);
    expect(wants({ ...change('library/redis', null), ...pushed })).toBe(false);
  });

  it('with more tags than a subscription may name ask for all of them', () => {
    const images = Array.from({ length: 101 }, (_, at) => `nginx:${at}`);
    expect(plan(images).filter.tag).toBeUndefined();
    expect(plan(images.slice(1)).filter.tag?.length).toBe(100);
  });
});
