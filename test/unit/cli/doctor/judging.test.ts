/** What `manifeed doctor` makes of facts, and how it says it. */
import { describe, expect, it } from 'vitest';
import { FeedError } from '../../../../client/src/index.ts';
import { type CommandIo, UsageError } from '../../../../src/cli/command.ts';
import { parseDoctor } from '../../../../src/cli/doctor/arguments.ts';
import { judgeClock } from '../../../../src/cli/doctor/checks/clock.ts';
import { examineMachine, readConfig } from '../../../../src/cli/doctor/checks/local.ts';
import { examineRegistries } from '../../../../src/cli/doctor/checks/registries.ts';
import { judgeStatus } from '../../../../src/cli/doctor/checks/status.ts';
import { failed, fine } from '../../../../src/cli/doctor/finding.ts';
import { findingJson, personLines, tabbedLine } from '../../../../src/cli/doctor/lines.ts';
import { sizeText } from '../../../../src/cli/doctor/size-text.ts';
import { troubleOf } from '../../../../src/cli/doctor/trouble.ts';
import { loadConfig } from '../../../../src/config/config.ts';
import { warningsOf } from '../../../../src/status/warnings.ts';
import { goodMachine, runDoctor } from '../../../support/doctor.ts';
import { goodFacts, goodRegistry, goodTarget } from '../../../support/status-facts.ts';

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('a clock', () => {
  const stamp = { precisionMs: 1_000, sentAt: 1_000_000, cameAt: 1_004_000 };

  it.each([
    ['ok', 1_009_000],
    ['failed', 1_009_001],
    ['ok', 994_000],
    ['failed', 993_999],
  ])('is %s at %i, with the way there and the precision counted', (level, toldMs) => {
    expect(judgeClock({ ...stamp, toldMs }, 'gateway')).toMatchObject({ level, about: 'gateway' });
  });
});

describe('the status', () => {
  const judge = (wrong: Partial<typeof goodFacts>) => {
    const facts = { ...goodFacts, ...wrong };
    return judgeStatus({
      ...facts,
      warnings: [...warningsOf(facts)],
      registries: [...facts.registries],
      hooks: [...facts.hooks],
      moreRegistries: 0,
      moreHooks: 0,
      targets: facts.targets === null ? null : [...facts.targets],
      moreTargets: 0,
    });
  };
  const { ledger } = goodFacts;

  it('is well where nothing is wrong', () => {
    expect(judge({}).every(({ level }) => level === 'ok')).toBe(true);
  });

  it.each([
    [0, 'none is polled'],
    [1, '1 is polled, and it is not in trouble'],
    [2, '2 are polled, and none is in trouble'],
  ])('of %i registries is told in words', (count, text) => {
    const found = judge({ registries: Array.from({ length: count }, () => goodRegistry) });
    expect(found.find(({ check }) => check === 'registries')?.text).toBe(text);
  });

  it.each([
    [[], 'none is configured'],
    [[goodTarget], '1, and it keeps up'],
    [[goodTarget, goodTarget], '2, and all keep up'],
  ])('of %# targets is told in words', (targets, text) => {
    expect(judge({ targets }).find(({ check }) => check === 'targets')?.text).toBe(text);
  });

  it('says nothing of targets while the ledger cannot be asked', () => {
    expect(judge({ targets: null }).some(({ check }) => check === 'targets')).toBe(false);
  });

  it.each([
    [64 * 1024 ** 2, '64 MiB'],
    [10 * 1024 ** 3 - 1, '10239 MiB'],
    [67_649 * 1024 ** 2, '66 GiB'],
  ])('tells %i bytes as %s', (bytes, text) => {
    expect(sizeText(bytes)).toBe(text);
  });

  it.each<[string, string, Partial<typeof goodFacts>, RegExp]>([
    ['disk', 'warning', { ledger: { ...ledger, freeBytes: 1_024 } }, /^The ledger may grow by only 0 MiB$/],
    ['ledger', 'failed', { ledger: { ...ledger, storing: false, why: 'full' } }, /does not store/],
    [
      'ledger',
      'warning',
      { ledger: { ...ledger, risk: { cause: 'No file', remedy: 'set one' } } },
      /^No file$/,
    ],
    ['ledger', 'warning', { ledger: { ...ledger, kind: 'memory' } }, /in memory/],
    ['clock', 'warning', { ledger: { ...ledger, clockBehindMs: 60_000 } }, /60 s behind/],
    ['registries', 'warning', { registries: [{ ...goodRegistry, state: 'throttled' }] }, /fewer requests/],
    ['registries', 'warning', { registries: [{ ...goodRegistry, state: 'left-alone' }] }, /left alone/],
    ['descriptors', 'warning', { descriptors: { used: 10, limit: 1_024 } }, /only 1024 files/],
    [
      'targets',
      'warning',
      { targets: [{ ...goodTarget, state: 'disabled', disabled: 'status 410' }] },
      /wants no more: status 410$/,
    ],
    ['targets', 'warning', { targets: [{ ...goodTarget, state: 'unserved' }] }, /No gateway serves it/],
    ['targets', 'warning', { targets: [{ ...goodTarget, state: 'paused' }] }, /paused it/],
    [
      'targets',
      'warning',
      { targets: [{ ...goodTarget, late: true, waitingSince: '2026-11-25T09:40:00.000Z' }] },
      /has waited for 20 minutes$/,
    ],
    ['gateway', 'warning', { draining: true }, /shutting down/],
  ])('of which %s is in trouble becomes a %s with a remedy', (check, level, wrong, text) => {
    const found = judge(wrong).filter((each) => each.level !== 'ok');
    expect(found).toMatchObject([
      { check, level, text: expect.stringMatching(text), remedy: expect.stringMatching(/\S/) },
    ]);
    expect(judge(wrong).filter((each) => each.check === check && each.level === 'ok')).toEqual([]);
  });
});

describe('an error of the client', () => {
  const caused = (code: string) =>
    new Error('fetch failed', { cause: Object.assign(new Error(`it said ${code}`), { code }) });

  it.each([
    ['ECONNREFUSED', /Start the gateway/],
    ['ENOTFOUND', /Correct the name of the host/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', /NODE_EXTRA_CA_CERTS/],
    ['ECONNRESET', /firewall or a proxy/],
  ])('of the network by %s has a remedy', (code, remedy) => {
    const trouble = troubleOf(new FeedError('NETWORK', 'get /healthz: no answer', { cause: caused(code) }));
    expect(trouble).toMatchObject({
      text: `no answer (it said ${code})`,
      remedy: expect.stringMatching(remedy),
    });
  });

  it('is told by its innermost cause, at most eight deep, and of several by the first', () => {
    const several = new AggregateError([Object.assign(new Error('first'), { code: 'ECONNREFUSED' })], '');
    expect(troubleOf(new FeedError('NETWORK', 'x', { cause: several })).text).toBe('no answer (first)');
    let deep = new Error('bottom');
    for (let depth = 0; depth < 20; depth++) deep = new Error(`depth ${depth}`, { cause: deep });
    expect(troubleOf(new FeedError('NETWORK', 'x', { cause: deep })).text).toBe('no answer (depth 12)');
  });
});

describe('this machine', () => {
  const read = (settings: object) =>
    loadConfig({ argv: ['--config', 'm'], env: {}, readFile: () => JSON.stringify(settings) });
  const config = read({ ledger: 'sqlite:/var/lib/manifeed/m.db' });
  const about = '/var/lib/manifeed';

  it.each<[string, string, Partial<typeof goodMachine>, RegExp]>([
    ['full', 'failed', { freeBytes: async () => 4_096 }, /^the disk of the ledger is full: 0 MiB are free$/],
    ['nearly full', 'warning', { freeBytes: async () => 60 * 1024 * 1024 }, /nearly full: 60 MiB/],
    ['read-only', 'warning', { isWritable: async () => false }, /may not write/],
    [
      'not there',
      'failed',
      { freeBytes: () => Promise.reject(new Error('ENOENT: no such folder')) },
      /ENOENT/,
    ],
  ])('whose disk is %s', async (_name, level, wrong, text) => {
    const found = await all(examineMachine(config, { ...goodMachine, ...wrong }));
    expect(found).toMatchObject([
      { check: 'descriptors', level: 'ok' },
      { check: 'disk', level, about, text: expect.stringMatching(text), remedy: expect.stringMatching(/\S/) },
    ]);
  });

  it('with few open files has no room for the configured connections', async () => {
    const found = await all(
      examineMachine(read({ ledger: 'memory' }), { ...goodMachine, openFiles: () => 1_024 }),
    );
    expect(found).toMatchObject([
      {
        check: 'descriptors',
        level: 'warning',
        text: expect.stringContaining('not for 17500'),
        remedy: expect.stringContaining('ulimit'),
      },
    ]);
  });

  it('has a configuration, or what is wrong with it, without its secrets', () => {
    const io = (text: string): Pick<CommandIo, 'readFile' | 'env'> => ({
      env: {},
      readFile: () => Buffer.from(text),
    });
    expect(readConfig('m.yaml', io('ledger: memory')).finding.level).toBe('ok');
    const wrong = readConfig(
      'm.yaml',
      io('pace: { burst: x }\nwebhooks: [{ name: a, kind: ghcr, secret: hunter2, nope: 1 }]'),
    );
    expect(wrong).toMatchObject({
      config: null,
      finding: {
        level: 'failed',
        about: 'm.yaml',
        text: expect.stringContaining('pace.burst: "x": must be'),
      },
    });
    expect(wrong.finding.text).not.toContain('hunter2');
  });
});

describe('registries', () => {
  it('of a private authority are not judged: only the gateway knows it', async () => {
    const error = new Error('fetch failed', {
      cause: Object.assign(new Error('self-signed'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
    });
    const found = await all(
      examineRegistries([{ host: 'r.test', ca: 'PEM' }, { host: 'p.test' }], {
        headStatus: async () => error,
      }),
    );
    expect(found.map(({ level }) => level)).toEqual(['skipped', 'failed']);
  });

  it('are not asked if the gateway names what is no host', async () => {
    const asked: string[] = [];
    const known = ['192.0.2.1/latest/meta-data', 'r.test?x', 'user@r.test', 'r.test:5000'].map((host) => ({
      host,
    }));
    const headStatus = async (url: string) => {
      asked.push(url);
      return 200;
    };
    const found = await all(examineRegistries(known, { headStatus }));
    expect(asked).toEqual(['https://r.test:5000/v2/']);
    expect(found.map(({ level }) => level)).toEqual(['failed', 'failed', 'failed', 'ok']);
  });

  it('are asked up to a bound, four at once', async () => {
    let running = 0;
    let most = 0;
    const known = Array.from({ length: 150 }, (_, at) => ({ host: `r${at}.test` }));
    const found = await all(
      examineRegistries(known, {
        headStatus: async () => {
          most = Math.max(most, ++running);
          await new Promise((resolve) => setImmediate(resolve));
          running--;
          return 200;
        },
      }),
    );
    expect([found.length, most]).toEqual([101, 4]);
    expect(found.at(-1)).toMatchObject({ level: 'skipped', text: '50 more were not asked' });
  });

  it('may be none', async () => {
    const headStatus = async () => 200;
    expect(await all(examineRegistries([], { headStatus }))).toMatchObject([{ level: 'ok' }]);
  });
});

describe('the output', () => {
  const bad = failed('sse', 'it\u001b buffers', 'Switch it off', { docs: 'docs/a.md#b' });
  const plain = (_style: string, text: string) => text;

  it('has a mark, and the remedy below', () => {
    expect(personLines(fine('clock', 'they agree'), plain)).toBe('✓ clock        they agree');
    expect(personLines({ ...bad, about: 'r.test' }, plain)).toBe(
      '✗ sse          r.test: it\\u001b buffers\n               Switch it off. (docs/a.md#b)',
    );
  });

  it('has tabs in a pipe, and JSON', () => {
    expect(tabbedLine(bad)).toBe('failed\tsse\t-\tit\\u001b buffers\tSwitch it off\tdocs/a.md#b');
    expect(JSON.parse(findingJson(bad))).toEqual(bad);
  });

  it('is only what should be mended with --quiet, and a terminal gets marks', async () => {
    const gone = () => Promise.reject(new Error('gone'));
    const given = { fetch: gone, files: { 'm.yaml': 'ledger: memory' } };
    const loud = await runDoctor(['--config', 'm.yaml'], given);
    expect(loud.written).toMatch(/^ok\tconfig\tm\.yaml\t/);
    const quiet = await runDoctor(['--config', 'm.yaml', '--quiet'], given);
    expect([quiet.code, quiet.written]).toEqual([
      1,
      expect.stringMatching(/^failed\tgateway\t-\tno answer \(gone\)\t/),
    ]);
    const terminal = await runDoctor(['--config', 'm.yaml'], { ...given, isTty: true });
    expect(terminal.written).toMatch(/^<green>✓<\/green> config .*\n.*\n?.*<red>✗<\/red> gateway/s);
    const colourless = await runDoctor(['--quiet', '--no-color'], { ...given, isTty: true });
    expect(colourless.written).toMatch(/^✗ gateway {6}no answer \(gone\)\n {15}See whether a firewall/);
  });
});

describe('the arguments', () => {
  const io: CommandIo = {
    ...{ out: () => {}, err: () => {}, env: {} },
    readFile: () => Buffer.from('from file'),
  };

  it.each<[readonly string[], RegExp]>([
    [['now'], /^read arguments: "now": must be flags only/],
    [['--hook', 'ci'], /^read --hook: must be with --canary/],
    [['--repository', 'a'], /^read --repository: must be with --canary/],
    [['--hook-token-file', 'a'], /^read --hook-token-file: must be with --canary/],
    [['--canary', '--hook', 'a/b'], /^read --hook: "a\/b": must be the name/],
    [['--canary', '--repository', 'A'], /^--repository: "A": must be/],
    [['--canary', '--repository', 'a:1'], /^read --repository: "a:1": must have no tag/],
    [['--gateway', 'ftp://a'], /^read --gateway: /],
  ])('%j are refused by name', (argv, message) => {
    expect(() => parseDoctor(argv, io)).toThrow(UsageError);
    expect(() => parseDoctor(argv, io)).toThrow(message);
  });

  it("have the hook's token apart from the subscriber's", () => {
    const env = { MANIFEED_TOKEN: 'subscriber' };
    const tokenOf = (...argv: readonly string[]) => {
      const { canary } = parseDoctor(['--canary', ...argv], { ...io, env });
      const token = canary?.hookToken;
      return typeof token === 'function' ? token() : token;
    };
    expect([tokenOf(), tokenOf('--hook-token-file', 'f')]).toEqual(['subscriber', 'from file']);
  });
});
