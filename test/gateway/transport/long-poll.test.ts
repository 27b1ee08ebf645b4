import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digest, type Gateway, hurried, startGateway } from '../../support/gateway.ts';
import { poll } from '../../support/long-poll-client.ts';
import { until } from '../../support/until.ts';

let gateway: Gateway;
let position: string;

beforeAll(async () => {
  gateway = await startGateway({ limits: { longPollMaxWait: '30s' } });
  for (let n = 1; n <= 5; n++) await push(`app:${n}`);
  position = (await get('?repository=nobody')).position;
});
afterAll(() => gateway.close());

const push = (text: string) => gateway.publish({ reference: `r.test/${text}`, digest: digest(text) });

async function get(query: string, options?: Parameters<typeof poll>[2]) {
  const answer = await poll(gateway.port, `/v2/updates${query}`, options);
  const body = JSON.parse(answer.body);
  const next = new URL(answer.next ?? '/', 'http://x').searchParams;
  return { ...answer, body, position: next.get('after') ?? '', link: next };
}

const tagsOf = (answer: { body: { tag: string }[] }) => answer.body.map(({ tag }) => tag);
const sequenceOf = (text: string) => Number(text.split('-')[1]);

describe('GET /v2/updates', () => {
  it('without since gives the last n that match, oldest first, at once', async () => {
    expect(tagsOf(await get('?repository=r.test/app'))).toEqual(['1', '2', '3', '4', '5']);
    const last = await get('?repository=r.test/app&n=2');
    expect(tagsOf(last)).toEqual(['4', '5']);
    expect(last.position).toBe(position);
    expect((await get('?repository=r.test/none&n=2')).body).toEqual([]);
  });

  it('has the members that distribution-spec#575 proposes, and ours', async () => {
    const [update] = (await get('?repository=r.test/app&n=1')).body;
    expect(update).toMatchObject({ repository: 'app', tag: '5', digest: digest('app:5'), mediaType: null });
    expect(update.timestamp).toBe(update.recordedAt);
    expect(Date.parse(update.timestamp)).toBeGreaterThan(0);
    expect(update.position).toBe(position);
  });

  it('G1: pages through the past by Link without gap or duplicate, keeping the other parameters', async () => {
    const seen: string[] = [];
    let target = '?repository=r.test/app&n=2&since=2020-01-01T00:00:00Z';
    for (let page = 0; page < 4; page++) {
      const answer = await get(target);
      expect(answer.link.get('repository')).toBe('r.test/app');
      expect(answer.link.get('n')).toBe('2');
      expect(answer.link.has('since')).toBe(false);
      seen.push(...tagsOf(answer));
      target = `?${answer.link}`;
    }
    expect(seen).toEqual(['1', '2', '3', '4', '5']);
  });

  it('waits for a change, and answers as soon as there is one', async () => {
    const waiting = get(`?repository=r.test/soon&after=${position}&wait=25s`);
    await gateway.metric(/^x/);
    await push('soon:1');
    const answer = await waiting;
    expect(tagsOf(answer)).toEqual(['1']);
    expect(answer.body[0].position).toBe(answer.position);
  });

  it('answers with an empty 200 and a position that goes on when wait runs out', async () => {
    const hasty = await startGateway({}, { clock: hurried(20_000) });
    const answer = await poll(hasty.port, '/v2/updates?repository=nobody&wait=20s');
    expect([answer.status, answer.body]).toEqual([200, '[]']);
    expect(answer.next).toMatch(/after=[0-9a-z]{8}-0$/);
    expect(answer.headers['cache-control']).toBe('no-store');
    await hasty.close();
  });

  it('with n=0 answers nothing at once, and a Link at the head with which a client begins live', async () => {
    await push('begin:1');
    const first = await get('?repository=r.test/begin&n=0&wait=25s');
    expect([first.status, first.body]).toEqual([200, []]);
    expect([first.link.get('repository'), first.link.has('n')]).toEqual(['r.test/begin', false]);
    await push('begin:2');
    const next = await get(`?${first.link}`);
    expect(tagsOf(next)).toEqual(['2']);
    expect(sequenceOf(next.position)).toBe(sequenceOf(first.position) + 1);
  });

  it('G4: moves its position over what it does not want, so that the next request does not read it again', async () => {
    const before = await get(`?repository=r.test/quiet&after=${position}`);
    await push('loud:1');
    await push('loud:2');
    const after = await get(`?repository=r.test/quiet&after=${before.position}`);
    expect(sequenceOf(after.position)).toBe(sequenceOf(before.position) + 2);
  });

  it('G5: answers 410 with reason, position and floor where a position cannot be honoured', async () => {
    const [epoch] = position.split('-');
    for (const [after, reason] of [
      ['zzzzzzzz-1', 'epoch'],
      [`${epoch}-99999`, 'ahead-of-head'],
    ]) {
      const answer = await get(`?after=${after}`);
      expect(answer.status).toBe(410);
      expect(answer.body.errors[0]).toMatchObject({
        code: 'POSITION_GONE',
        detail: { reason, floor: `${epoch}-0` },
      });
      expect(answer.body.errors[0].detail.position).toMatch(new RegExp(`^${epoch}-\\d+$`));
    }
  });

  it('G5: answers 410 where since lies before what retention has kept', async () => {
    const small = await startGateway({ retention: { maxChanges: 2 } }, { clock: hurried(30_000) });
    const entries = [1, 2, 3, 4, 5].map((n) => ({ reference: `r.test/app:${n}`, digest: digest(`${n}`) }));
    await small.publish(...entries);
    const ask = () => poll(small.port, '/v2/updates?since=2020-01-01T00:00:00Z');
    await until('the clock to trim', async () => (await ask()).status !== 200);
    const answer = await ask();
    expect(answer.status).toBe(410);
    expect(JSON.parse(answer.body).errors[0].detail).toMatchObject({ reason: 'below-floor' });
    await small.close();
  });

  it.each([
    ['n', 'n=-1'],
    ['n', 'n='],
    ['n', 'n=0&after=7f3k9qzd-1'],
    ['n', 'n=0&since=2020-01-01T00:00:00Z'],
    ['n', 'n=1001'],
    ['n', 'n=ten'],
    ['wait', 'wait=soon'],
    ['wait', 'wait=31s'],
    ['since', 'since=2999-01-01T00:00:00Z'],
    ['since', 'since=2026-02-30T00:00:00Z'],
    ['since', 'since=2025-02-29T00:00:00Z'],
    ['since', 'since=2026-01-01T24:00:00Z'],
    ['__proto__', '__proto__=x'],
    ['constructor', 'constructor=x'],
    ['snapshot', 'snapshot=true'],
    ['colour', 'colour=red'],
  ])('G13: refuses %s in %s', async (parameter, query) => {
    const answer = await get(`?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.body.errors[0]).toMatchObject({ code: 'PARAMETER_INVALID', detail: { parameter } });
  });

  it('takes an offset in since, as written and as a query spells it', async () => {
    for (const offset of ['+02:00', '%2B02:00']) {
      expect((await get(`?repository=r.test/app&since=2020-01-01T00:00:00${offset}`)).body.length).toBe(5);
    }
  });

  it('G15: leaves a token out of Link', async () => {
    const answer = await get('?access_token=secret&repository=r.test/app');
    expect(answer.headers.link).not.toContain('secret');
  });

  it('forgets a client that goes away while it waits', async () => {
    const subscribers = () => gateway.metric(/^manifeed_subscribers\{transport="long-poll"\}/);
    const over = new AbortController();
    const waiting = get('?repository=nobody&wait=25s', { signal: over.signal }).catch(() => null);
    await until('it to wait', async () => (await subscribers()) === 1);
    over.abort();
    await waiting;
    await until('it to be forgotten', async () => (await subscribers()) === 0);
  });
});
