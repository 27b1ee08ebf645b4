/** What `manifeed targets` makes of its arguments and of the gateway's answers. */
import { describe, expect, it } from 'vitest';
import { FeedError } from '../../../../client/src/index.ts';
import type { Asked } from '../../../../src/cli/asking/gateway.ts';
import { UsageError } from '../../../../src/cli/command.ts';
import type { Screen } from '../../../../src/cli/output/terminal.ts';
import type { TargetRow } from '../../../../src/cli/targets/answers.ts';
import { targetsCommand } from '../../../../src/cli/targets/command.ts';

const target: TargetRow = {
  ...{ name: 'tower', kind: 'watchtower', state: 'idle', disabled: null, retryAt: null, lag: 0 },
  ...{ waiting: 0, waitingSince: null, late: false, lastSuccess: null, lastFailure: null },
};

/** Runs it at a gateway that answers by script. */
async function runTargets(args: readonly string[], answer: (asked: Asked) => unknown, isTty = false) {
  let [out, err] = ['', ''];
  const asked: Asked[] = [];
  const screen = (add: (text: string) => void): Screen => ({
    ...{ isTty, paint: (style, text) => `<${style}>${text}</${style}>` },
    write: async (text) => {
      add(text);
      return true;
    },
  });
  const command = targetsCommand({
    terminal: {
      out: screen((text) => {
        out += text;
      }),
      err: screen((text) => {
        err += text;
      }),
      watchReader: () => () => {},
    },
    askOver: () => async (question) => {
      asked.push(question);
      return answer(question);
    },
    now: () => Date.parse('2026-11-30T12:00:00Z'),
  });
  const io = { out: () => {}, err: () => {}, env: {}, readFile: () => Buffer.from('') };
  const code = await command.run(args, io);
  return { code, out, err, asked };
}

const lists =
  (...targets: readonly Partial<TargetRow>[]) =>
  () => ({ targets: targets.map((each) => ({ ...target, ...each })), gateway: 'g1' });

describe('the list of targets', () => {
  it.each<[number, Partial<TargetRow>]>([
    [0, { state: 'delivering' }],
    [0, { state: 'retrying', retryAt: '2026-11-30T12:05:00.000Z' }],
    [0, { state: 'paused' }],
    [0, { state: 'elsewhere', waiting: null }],
    [1, { state: 'disabled', disabled: 'status 410' }],
    [1, { state: 'unserved' }],
    [1, { state: 'retrying', late: true }],
    [1, { state: 'paused', late: true }],
  ])('ends with %i for %j', async (code, row) => {
    expect((await runTargets([], lists({}, row))).code).toBe(code);
  });

  it('is also what list says', async () => {
    const rows = lists({}, { name: 'hooks' });
    expect((await runTargets(['list'], rows)).out).toBe((await runTargets([], rows)).out);
  });

  it('has the same fields in a pipe whatever is known, and no control characters', async () => {
    const failure = { at: '2026-11-30T11:00:00.000Z', result: 'retried', why: 'a\tb\n\u001b[0m' };
    const rows = lists(
      { state: 'elsewhere', waiting: null },
      { state: 'retrying', retryAt: 'T1', waitingSince: 'T0', lastFailure: failure },
    );
    const { out } = await runTargets([], rows);
    expect(out.split('\n').map((line) => line.split('\t'))).toEqual([
      ['tower', 'watchtower', 'elsewhere', '-', '0', '-', '-', '-', '-', '-'],
      [
        ...['tower', 'watchtower', 'retrying', '0', '0', 'T0', 'T1', '-'],
        ...['2026-11-30T11:00:00.000Z', 'a\\tb\\n\\u001b[0m'],
      ],
      [''],
    ]);
  });

  it('on a terminal says what is late, and until when a target waits to try again', async () => {
    const row = { state: 'retrying', late: true, retryAt: '2026-11-30T12:05:00Z', waiting: 12, lag: 345 };
    const { out } = await runTargets([], lists({}, row), true);
    const [head = '', well = '', late = ''] = out.split('\n');
    expect(head).toMatch(/^<dim>NAME {3}KIND/);
    expect(well).toMatch(/^tower {2}watchtower {2}<green>idle *<\/green> {8}0 {4}0 {2}-/);
    expect(late).toMatch(/<red>late, retrying until 2026-\d\d-\d\d \d\d:05:00<\/red> {7}12 {2}345 {2}-/);
  });

  it('refuses an answer of another form, and names the member', async () => {
    await expect(runTargets([], () => ({ targets: [{ ...target, lag: 'x' }] }))).rejects.toThrow(
      /read \/v1\/targets: targets\[0\]\.lag: /,
    );
  });
});

describe('what is done with one target', () => {
  it.each<[readonly string[], string, object]>([
    [['test', 'a.b'], 'a.b/test', { dryRun: false }],
    [['test', 'a', 'nginx:1', '--dry-run'], 'a/test', { reference: 'nginx:1', dryRun: true }],
    [['pause', 'a'], 'a/pause', {}],
    [['replay', 'a', '--since', '2h'], 'a/replay', { since: '2026-11-30T10:00:00.000Z' }],
    [['replay', 'a', '--after', 'pk3v9qdz-7'], 'a/replay', { after: 'pk3v9qdz-7' }],
  ])('%j is one question', async (args, path, body) => {
    const answer = { ...target, request: '', verdict: null };
    const { asked } = await runTargets(args, () => answer);
    expect(asked).toMatchObject([{ path: `/v1/targets/${path}`, body }]);
  });

  it.each<[readonly string[], RegExp]>([
    [['frob'], /"frob": must be list, test, pause, resume, skip, replay, or nothing/],
    [['list', 'a'], /"a": list takes no NAME/],
    [['test'], /test without a NAME/],
    [['pause', '..'], /read NAME: "\.\.": must be the name of a target/],
    [['pause', 'a', 'b'], /"b": must be one NAME$/],
    [['test', 'a', 'b', 'c'], /"c": must be one NAME and at most one REFERENCE/],
    [['pause', 'a', '--dry-run'], /read --dry-run: must be with test/],
    [['--after', 'pk3v9qdz-7'], /read --after: must be with replay/],
    [['test', 'a', '--since', '2h'], /read --since: must be with replay/],
    [['replay', 'a'], /must be with one of --after and --since/],
    [['replay', 'a', '--after', 'pk3v9qdz-7', '--since', '2h'], /must be with one of/],
    [['replay', 'a', '--after', 'x'], /read --after: "x": must be a position/],
    [['replay', 'a', '--since', 'soon'], /read --since: "soon": must be a duration/],
  ])('%j is wrong usage, and nothing is asked', async (args, message) => {
    const never = () => expect.unreachable();
    await expect(runTargets(args, never)).rejects.toThrow(message);
    await expect(runTargets(args, never)).rejects.toBeInstanceOf(UsageError);
  });

  it.each([
    ['accepted', 0, 'green'],
    ['ignored', 0, 'cyan'],
    ['retry', 1, 'red'],
    ['refused', 1, 'red'],
    ['stop', 1, 'red'],
    ['of a later gateway', 1, 'dim'],
  ])('a test that is %s ends with %i', async (kind, code, style) => {
    const answer = () => ({ request: 'POST x', verdict: { kind, why: 'status 1\u0007' } });
    const shown = await runTargets(['test', 'a'], answer, true);
    expect(shown.code).toBe(code);
    expect(shown.out).toMatch(new RegExp(`^<${style}>${kind}</${style}>  a  .*\nstatus 1\\\\u0007\n$`));
    expect((await runTargets(['test', 'a'], answer)).out).toBe(`${kind}\ta\tstatus 1\\u0007\n`);
  });

  it('waits longer for a test than for an answer, and says that the tool may still be at work', async () => {
    const late = () => {
      throw new FeedError('TIMEOUT', 'no answer');
    };
    await expect(runTargets(['test', 'a'], late)).rejects.toThrow(
      /^test a: no answer within 4 minutes: the tool may still be at work/,
    );
    const { asked } = await runTargets(['test', 'a'], () => ({ request: '', verdict: null }));
    expect(asked[0]?.timeoutMs).toBe(240_000);
  });

  it('names twenty of the targets that there are', async () => {
    const many = lists(...Array.from({ length: 30 }, (_, at) => ({ name: `t${at}` })));
    const answer = (asked: Asked) => {
      if (asked.path === '/v1/targets') return many();
      throw new FeedError('NOT_FOUND', 'no such target', { status: 404 });
    };
    await expect(runTargets(['skip', 'a'], answer)).rejects.toThrow(
      /^skip a: no such target: must be t0, .*t19, or one of 10 more$/,
    );
  });

  it('passes other refusals on', async () => {
    const refuse = () => {
      throw new FeedError('UNAVAILABLE', 'the ledger is away', { status: 503 });
    };
    await expect(runTargets(['skip', 'a'], refuse)).rejects.toThrow('the ledger is away');
  });
});
