/** Who the page is to the gateway. */
import { describe, expect, it } from 'vitest';
import { FeedError } from '../../../client/src/index.ts';
import { Session, type TokenStorage } from '../../../dashboard/src/gateway/session.ts';
import { fakeClock } from '../../support/fake-clock.ts';

const access = {
  ...{ name: 'ops', repositories: ['**'], admin: true, metrics: true, unpaced: false },
  ...{ defaultRegistry: 'docker.io', gateway: 'eu-1' },
};
const unauthorized = new FeedError('UNAUTHORIZED', 'get /v1/access: 401', { status: 401 });

/** A session whose gateway knows the token `right`. @param fails how often the network is down first */
function open({ stored, fails = 0 }: { stored?: string; fails?: number } = {}) {
  const clock = fakeClock();
  const kept = new Map(stored === undefined ? [] : [['manifeed.token', stored]]);
  const storage: TokenStorage = {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => void kept.set(name, value),
    removeItem: (name) => void kept.delete(name),
  };
  const asked: (string | null)[] = [];
  let left = fails;
  const ask = async (_: unknown, token: string | null) => {
    asked.push(token);
    if (left-- > 0) throw new FeedError('NETWORK', 'get /v1/access: no answer');
    if (token !== 'right') throw unauthorized;
    return access;
  };
  return { session: new Session({ ask, storage, clock }), clock, kept, asked };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a session', () => {
  it('asks for a token if the gateway does, and keeps the one that is right', async () => {
    const { session, kept } = open();
    await session.open();
    expect(session.state.value).toEqual({ kind: 'token-needed', isWrong: false });
    await session.enter('wrong');
    expect(session.state.value).toEqual({ kind: 'token-needed', isWrong: true });
    await session.enter('right');
    expect(session.state.value).toEqual({ kind: 'open', access });
    expect(kept.get('manifeed.token')).toBe('right');
  });

  it('goes on after a reload of the tab', async () => {
    const { session, asked } = open({ stored: 'right' });
    await session.open();
    expect(session.state.value.kind).toBe('open');
    expect(asked).toEqual(['right']);
  });

  it('forgets the token when it is left, and when another answer refuses it', async () => {
    const { session, kept } = open({ stored: 'right' });
    await session.open();
    session.refused();
    expect(session.state.value).toEqual({ kind: 'token-needed', isWrong: true });
    await session.enter('right');
    session.leave();
    expect(session.state.value).toEqual({ kind: 'token-needed', isWrong: false });
    expect([session.token, kept.size]).toEqual([null, 0]);
  });

  it('tries again until the gateway answers', async () => {
    const { session, clock, asked } = open({ stored: 'right', fails: 2 });
    await session.open();
    expect(session.state.value).toMatchObject({ kind: 'unreachable', untilMs: clock.now() + 3_000 });
    clock.advance(3_000);
    await settled();
    expect(session.state.value).toMatchObject({ kind: 'unreachable', untilMs: clock.now() + 6_000 });
    clock.advance(6_000);
    await settled();
    expect(session.state.value.kind).toBe('open');
    expect(asked.length).toBe(3);
  });

  it('does not hear the answer to an older attempt', async () => {
    const { session } = open({ stored: 'right' });
    const first = session.open();
    session.leave();
    await first;
    expect(session.state.value.kind).toBe('token-needed');
  });
});
