/** What a line looks like, and what hostile data cannot do to it. */
import { describe, expect, it } from 'vitest';
import { FeedError } from '../../../../client/src/index.ts';
import { escapeLines, escapeText, jsonLine } from '../../../../src/cli/output/escape.ts';
import { StatusLine } from '../../../../src/cli/output/status-line.ts';
import { type Screen, withoutColor } from '../../../../src/cli/output/terminal.ts';
import { localTime } from '../../../../src/cli/output/times.ts';
import type { Item } from '../../../../src/cli/watch/item.ts';
import { columnLine, eventJson, itemJson, tabbedLine } from '../../../../src/cli/watch/lines.ts';
import { changeInput, itemVariables } from '../../../../src/cli/watch/run/environment.ts';
import { statusText } from '../../../../src/cli/watch/status.ts';

const at = '2026-11-30T12:00:00.000Z';
const digest = `sha256:${'ab'.repeat(32)}`;
const shared = { registry: 'docker.io', repository: 'library/nginx', digest, mediaType: null, size: null };
const change = {
  ...shared,
  ...{
    position: 'e-7',
    type: 'tag.updated' as const,
    tag: '1.27',
    previousDigest: `sha256:${'cd'.repeat(32)}`,
  },
  ...{ occurredAt: at, recordedAt: at, origin: 'poll' },
};
const moved: Item = { kind: 'change', change, resume: 'e-7' };
const row = { ...shared, tag: '1.27', firstSeenAt: at, updatedAt: at };
const hostile = 'a\u001b[31m\tb\nc\u009b\u202e\u2028\\d\u{e0041}';

describe('escaping', () => {
  it('leaves no control character, tab, line end or turned direction in a text', () => {
    const escaped = 'a\\u001b[31m\\tb\\nc\\u009b\\u202e\\u2028\\\\d\\udb40\\udc41';
    expect(escapeText(hostile)).toBe(escaped);
    expect(escapeLines('a\nb\u001b')).toBe('a\nb\\u001b');
  });

  it('keeps the value of JSON', () => {
    const line = jsonLine({ name: hostile });
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u);
    expect(JSON.parse(line)).toEqual({ name: hostile });
  });
});

describe('a line', () => {
  it('for programs has five fields, whatever the data', () => {
    const { previousDigest } = change;
    expect(tabbedLine(moved)).toBe(
      [at, 'tag.updated', 'docker.io/library/nginx:1.27', digest, previousDigest].join('\t'),
    );
    const odd = { ...change, repository: hostile, digest: null, previousDigest: null, tag: null };
    const line = tabbedLine({ kind: 'change', change: odd, resume: 'e-7' });
    expect(line.split('\t').slice(3)).toEqual(['-', '-']);
    expect(line).not.toMatch(/[\n\u2028]/);
    expect(tabbedLine({ kind: 'state', row }).split('\t')[1]).toBe('state');
  });

  it('for people has a word beside the colour, and short digests', () => {
    const paint: Screen['paint'] = (style, text) => `<${style} ${text}>`;
    expect(columnLine(moved, paint, () => '12:00')).toBe(
      '<dim 12:00>  <yellow moved  >  docker.io/library/nginx:1.27  <dim cdcdcdcdcdcd → abababababab>',
    );
    const plain: Screen['paint'] = (_, text) => text;
    const gone = { ...change, type: 'tag.deleted' as const, digest: null, previousDigest: null };
    const line = columnLine({ kind: 'change', change: gone, resume: 'e-7' }, plain, () => '12:00');
    expect(line).toBe('12:00  deleted  docker.io/library/nginx:1.27');
    expect(localTime('\u001b[2J')).toBe('\\u001b[2J');
    expect(localTime(at)).toMatch(/^2026-(?:11-30|12-01|11-29) \d\d:\d\d:00$/);
  });

  it('as JSON is the change as sent, or the message', () => {
    expect(JSON.parse(itemJson(moved))).toEqual(change);
    expect(JSON.parse(eventJson({ kind: 'state', row }))).toEqual({ type: 'state', state: row });
    expect(JSON.parse(eventJson({ kind: 'snapshot' }))).toEqual({ type: 'snapshot' });
    const reset = { reason: 'epoch' as const, position: 'e-1', floor: 'e-0' };
    expect(JSON.parse(eventJson({ kind: 'reset', ...reset }))).toEqual({ type: 'reset', ...reset });
  });
});

describe("a command's data", () => {
  it('of a change is in nine variables; unknown is empty', () => {
    expect(itemVariables(moved)).toEqual({
      MANIFEED_CHANGE_TYPE: 'tag.updated',
      MANIFEED_CHANGE_REGISTRY: 'docker.io',
      MANIFEED_CHANGE_REPOSITORY: 'library/nginx',
      MANIFEED_CHANGE_TAG: '1.27',
      MANIFEED_CHANGE_DIGEST: digest,
      MANIFEED_CHANGE_PREVIOUS_DIGEST: change.previousDigest,
      MANIFEED_CHANGE_POSITION: 'e-7',
      MANIFEED_CHANGE_REFERENCE: 'docker.io/library/nginx:1.27',
      MANIFEED_CHANGE_PINNED: `docker.io/library/nginx@${digest}`,
    });
    const gone: Item = { kind: 'change', change: { ...change, tag: null, digest: null }, resume: 'e-7' };
    expect(itemVariables(gone)).toMatchObject({
      ...{ MANIFEED_CHANGE_TAG: '', MANIFEED_CHANGE_DIGEST: '' },
      ...{ MANIFEED_CHANGE_REFERENCE: '', MANIFEED_CHANGE_PINNED: '' },
    });
  });

  it('of a row has the type state and no position', () => {
    const item: Item = { kind: 'state', row };
    expect(itemVariables(item)).toMatchObject({
      MANIFEED_CHANGE_TYPE: 'state',
      MANIFEED_CHANGE_POSITION: '',
    });
    expect(changeInput(item)).toBe(`${JSON.stringify(row)}\n`);
  });
});

describe('the status', () => {
  function open(isTty: boolean, isQuiet = false) {
    const written: string[] = [];
    const screen = (name: string): Screen => ({
      isTty,
      write: async (text) => written.push(`${name}${text}`) > 0,
      paint: (_, text) => text,
    });
    const screens = { out: screen('out '), err: screen('err ') };
    return { status: new StatusLine(screens, isQuiet), written };
  }

  it('on a terminal is one line, which makes room for data', async () => {
    const { status, written } = open(true);
    status.show('live', false);
    status.show('live', false);
    await status.data('data');
    status.note('note');
    status.clear();
    const erase = '\r\u001b[K';
    expect(written).toEqual([
      ...[`err ${erase}live`, `err ${erase}`, 'out data\n', 'err live'],
      ...[`err ${erase}note\nlive`, `err ${erase}`],
    ]);
  });

  it('elsewhere is a line for news only, and nothing with --quiet; notes stay', () => {
    const { status, written } = open(false);
    status.show('connecting', false);
    status.show('lost', true);
    expect(written).toEqual(['err lost\n']);
    const quiet = open(false, true);
    quiet.status.show('lost', true);
    quiet.status.note('reset');
    expect(quiet.written).toEqual(['err reset\n']);
  });

  it('says when it tries again, and why, without the escapes of whoever answered', () => {
    const why = new FeedError('NETWORK', 'no answer\u001b[2J');
    const textOf = ({ message }: FeedError) => message;
    expect(statusText({ state: 'waiting', untilMs: 3_200, why }, 'live', 0, textOf)).toEqual({
      ...{ text: 'again in 4 s: no answer\\u001b[2J', isNews: true },
    });
    expect(statusText({ state: 'live', transport: 'sse' }, 'waiting', 0, textOf)?.isNews).toBe(true);
    expect(statusText({ state: 'live', transport: 'sse' }, null, 0, textOf)?.isNews).toBe(false);
    expect(statusText({ state: 'connecting', transport: 'sse' }, null, 0, textOf)?.isNews).toBe(false);
    expect(statusText({ state: 'idle' }, null, 0, textOf)).toBe(null);
  });

  it('has no colours with --no-color', () => {
    const screen: Screen = { isTty: true, write: async () => true, paint: () => 'coloured' };
    const plain = withoutColor({ out: screen, err: screen, watchReader: () => () => {} });
    expect([plain.out.paint('red', 'x'), plain.err.paint('red', 'x')]).toEqual(['x', 'x']);
  });
});
