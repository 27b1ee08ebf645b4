/** What the screen Targets says: which rows, what states, results and answers mean, and what skipping gives up. */
import { describe, expect, it } from 'vitest';
import { actionPath, readTargets, readTest, type Target } from '../../../dashboard/src/gateway/targets.ts';
import { shortened } from '../../../dashboard/src/lib/shortened.ts';
import { example } from '../../../dashboard/src/screens/targets/example.ts';
import {
  countStates,
  maxStates,
  pageRows,
  selectionOf,
} from '../../../dashboard/src/screens/targets/selection.ts';
import {
  doneText,
  isSkippable,
  notDoneText,
  skipText,
} from '../../../dashboard/src/screens/targets/wish-words.ts';
import {
  failureText,
  givenUpOf,
  holderText,
  meaningOf,
  notReadText,
  resultsOf,
  testFailure,
  verdictWords,
} from '../../../dashboard/src/screens/targets/words.ts';
import { loadConfig } from '../../../src/config/config.ts';

const target = (more: Partial<Target> = {}): Target => ({
  ...{ name: 'ci', kind: 'webhook', needsReference: false, url: 'https://ci.example.com', state: 'idle' },
  ...{
    disabled: null,
    retryAt: null,
    position: 'e-7',
    lag: 0,
    waiting: 0,
    holder: 'a',
    waitingSince: null,
    late: false,
  },
  ...{ lastSuccess: null, lastFailure: null, counts: {}, ...more },
});
const many = (count: number, more: Partial<Target> = {}) =>
  Array.from({ length: count }, (_, at) => target({ name: `t${at}`, ...more }));
const query = (text: string) => new URLSearchParams(text);

describe('the selection of targets', () => {
  it('shows a thousand in pages, in the order of the configuration', () => {
    const targets = many(1_000);
    const first = selectionOf(targets, query(''));
    expect(first).toMatchObject({ state: null, next: String(pageRows) });
    expect(first.rows).toEqual(targets.slice(0, pageRows));
    const last = selectionOf(targets, query('from=900'));
    expect([last.rows.length, last.rows[0]?.name, last.next]).toEqual([100, 't900', null]);
  });

  it('shows those of one state', () => {
    const targets = [...many(3), target({ name: 'x', state: 'disabled' })];
    expect(selectionOf(targets, query('state=disabled')).rows.map(({ name }) => name)).toEqual(['x']);
    expect(selectionOf(targets, query('state=paused')).rows).toEqual([]);
  });

  it.each(['from=200', 'from=-1', 'from=x', 'from=1e3', 'from=', `from=${'9'.repeat(400)}`])(
    'begins at the first for a page that is not there: %s',
    (text) => {
      expect(selectionOf(many(150), query(text)).rows[0]?.name).toBe('t0');
    },
  );

  it('counts the states, those that need somebody first, and few of them', () => {
    const states = ['idle', 'new', 'retrying', 'idle', 'disabled'];
    expect(countStates(states.map((state) => target({ state })))).toEqual([
      ...[
        ['disabled', 1],
        ['retrying', 1],
        ['idle', 2],
        ['new', 1],
      ],
    ]);
    const odd = Array.from({ length: 50 }, (_, at) => target({ state: `s${at}` }));
    expect(countStates(odd).length).toBe(maxStates);
  });
});

describe('the words of targets', () => {
  it('have a cause for each state of PROTOCOL.md, and show others as they are', () => {
    const states = [
      'delivering',
      'retrying',
      'holding',
      'idle',
      'paused',
      'disabled',
      'elsewhere',
      'unserved',
    ];
    for (const state of states) expect(meaningOf(state).cause).not.toMatch(/^The state is/);
    for (const state of ['paused', 'disabled', 'unserved']) expect(meaningOf(state).remedy).not.toBe('');
    for (const state of ['new', 'constructor', '']) expect(meaningOf(state).cause).toContain(state);
  });

  it('list what became of changes, what the page does not know too, and no zeros', () => {
    const rows = resultsOf({ expired: 2, retried: 5, refused: 0, novel: 1, skipped: 3 });
    expect(rows.map(({ word, count }) => [word, count])).toEqual([
      ...[
        ['Accepted', 0],
        ['Expired', 2],
        ['Skipped', 3],
        ['Tried again', 5],
        ['novel', 1],
      ],
    ]);
    expect(resultsOf(Object.fromEntries(Array.from({ length: 90 }, (_, at) => [`r${at}`, 1]))).length).toBe(
      20,
    );
  });

  it('count as given up what the tool never got', () => {
    expect(givenUpOf({ accepted: 1, refused: 2, expired: 3, lost: 4, retried: 5, overtaken: 6 })).toBe(9);
    expect(givenUpOf({})).toBe(0);
  });

  it('say how many changes skipping gives up, as far as that is known', () => {
    const text = (waiting: number | null, lag: number) => skipText(target({ waiting, lag }));
    expect(text(0, 0)).toBe('Nothing waits: it is at the newest change already.');
    expect(text(1, 1)).toMatch(/^1 change that waits is given up\./);
    expect(text(12, 12)).toMatch(/^12 changes that wait are given up\./);
    expect(text(1_000, 5_000)).toMatch(
      /^1,000 changes that wait are given up, and whatever else matches among the 5,000 up to the newest one\./,
    );
    expect(text(0, 60)).toMatch(/^Nothing waits\. Whatever matches among the 60 /);
    expect(text(null, 60)).toMatch(/^At most 60 changes up to the newest one/);
  });

  it('offer to skip only where that changes something', () => {
    expect(isSkippable(target())).toBe(false);
    expect(isSkippable(target({ waiting: null }))).toBe(false);
    const since = '2026-01-01T00:00:00Z';
    const some = [{ lag: 1 }, { waiting: 1 }, { waitingSince: since }, { position: null, waiting: null }];
    for (const more of some) expect(isSkippable(target(more))).toBe(true);
  });

  it('do not promise that a halted target loses nothing', () => {
    for (const state of ['paused', 'disabled']) {
      const { cause, remedy } = meaningOf(state);
      expect(remedy).toContain('longer than the setting maxAge (24 hours by default) is given up');
      expect(cause + remedy + doneText('pause', target())).not.toMatch(/lost|loses/);
    }
  });

  it('say of an idle target what has not come to it yet', () => {
    const text = (more: Partial<Target>) => notReadText(target({ state: 'idle', ...more }));
    expect(text({ lag: 1 })).toMatch(/^The newest 1 change, matching or not, did not reach it yet/);
    expect(text({ lag: 1_500 })).toMatch(/^The newest 1,500 changes,.* the pace may hold them back\.$/);
    const silent = [{}, { lag: 5, waiting: 5 }, { lag: 5, waiting: null }, { lag: 5, state: 'paused' }];
    for (const more of silent) expect(text(more)).toBe('');
  });

  it('say that a failed attempt is repeated only while it will be', () => {
    expect(failureText('retried', 'retrying')).toBe('It is tried again.');
    for (const state of ['delivering', 'paused', 'disabled']) expect(failureText('retried', state)).toBe('');
    for (const result of ['refused', 'stopped']) {
      expect(failureText(result, 'delivering')).not.toBe('');
      expect(failureText(result, 'delivering')).not.toContain(result);
    }
    expect(failureText('new', 'retrying')).toContain('new');
  });

  it('say what a wish did, and which other gateway follows', () => {
    expect(doneText('pause', target())).toBe('Paused.');
    expect(doneText('retry', target())).toBe('What had failed is tried now.');
    const afar = target({ counts: null, holder: 'gateway-2:0123abcd' });
    expect(doneText('skip', afar)).toMatch(/^Skipped: .* Gateway gateway-2 serves it, and follows within/);
    expect(doneText('resume', target({ counts: null, holder: null }))).toMatch(/^Resumed: [^G]*$/);
    expect(notDoneText('resume', 'x'.repeat(9_999)).length).toBeLessThan(600);
  });

  it('name the gateway that serves, without the name of its process', () => {
    expect(['gw:0123abcd', 'gw', 'gw:8080', null].map((holder) => holderText({ holder }))).toEqual([
      ...['gw', 'gw', 'gw:8080', 'none'],
    ]);
  });

  it('say what an answer to a test means, and what an unknown one is called', () => {
    const words = ['accepted', 'ignored', 'retry', 'refused', 'stop'].map((kind) => verdictWords(kind));
    expect(new Set(words.map(({ meaning }) => meaning)).size).toBe(5);
    for (const kind of ['toString', 'new']) expect(verdictWords(kind).word).toBe(kind);
    expect(shortened('x'.repeat(500))).toBe(`${'x'.repeat(100)}…`);
  });

  it('tell a tool that takes long from a gateway that says no', () => {
    expect(testFailure('TIMEOUT', 'The gateway does not answer.')).toContain('goes on without this page');
    expect(testFailure('PARAMETER_INVALID', 'must be a tag')).toBe('must be a tag');
  });
});

describe('what the gateway answers of targets', () => {
  const wire = { ...target(), later: 1 };

  it('is read as it is, and what is new is left out', () => {
    expect(readTargets({ targets: [wire], gateway: 'a' }, '/v1/targets')).toEqual({
      ...{ targets: [target()], gateway: 'a' },
    });
  });

  it.each([
    [{ ...wire, name: null }, 'targets[0].name: must be a string'],
    [{ ...wire, lag: '1' }, 'targets[0].lag: must be a number'],
    [{ ...wire, counts: { accepted: null } }, 'targets[0].counts.accepted: must be a number'],
    [{ ...wire, lastFailure: { at: 5 } }, 'targets[0].lastFailure.at: must be a string'],
    [{ ...wire, needsReference: 'no' }, 'targets[0].needsReference: must be true or false'],
    [null, 'targets[0]: must be an object'],
  ])('is refused if it is %j', (odd, message) => {
    expect(() => readTargets({ targets: [odd], gateway: 'a' }, 'answer')).toThrow(message);
  });

  it('is cut where a text is far too long to be shown', () => {
    const huge = 'x'.repeat(7_000_000);
    const failure = { at: huge, result: huge, why: huge };
    const [read] = readTargets(
      { targets: [{ ...wire, name: huge, disabled: huge, lastFailure: failure }], gateway: huge },
      'answer',
    ).targets;
    expect(JSON.stringify(read).length).toBeLessThan(3_000);
    const test = readTest({ request: huge, verdict: { kind: huge, why: huge } }, 'answer');
    expect(JSON.stringify(test).length).toBeLessThan(22_000);
  });

  it('has characters of a tool that do not show in a form that does', () => {
    const why = 'status 410: \u001b[31mred\u001b[0m\tnext\r\nline \u202e';
    const failure = { at: '2026-01-01T00:00:00Z', result: 'stopped', why };
    const [read] = readTargets(
      { targets: [{ ...wire, disabled: why, lastFailure: failure }], gateway: 'a' },
      'answer',
    ).targets;
    const shown = String.raw`status 410: \u001b[31mred\u001b[0m\tnext\r\nline \u202e`;
    expect([read?.disabled, read?.lastFailure?.why]).toEqual([shown, shown]);
    const test = readTest({ request: 'POST /\n\n\ta\u0000', verdict: { kind: 'stop', why } }, 'answer');
    expect(test).toEqual({ request: 'POST /\n\n\ta\\u0000', verdict: { kind: 'stop', why: shown } });
  });

  it('is asked for at a path of its own, whatever the name', () => {
    expect(actionPath('a/../b?c#d', 'skip')).toBe('/v1/targets/a%2F..%2Fb%3Fc%23d/skip');
  });
});

it('the example of a target is a configuration', () => {
  const { targets } = loadConfig({
    argv: ['--config', 'test.yaml'],
    env: { WATCHTOWER_TOKEN: 'token' },
    readFile: () => example,
  });
  expect(targets).toMatchObject([{ name: 'watchtower', kind: 'watchtower' }]);
});
