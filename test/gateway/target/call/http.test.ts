import { afterEach, describe, expect, it } from 'vitest';
import { CallError } from '../../../../src/target/call/error.ts';
import { HttpCaller, type HttpRequest } from '../../../../src/target/call/http.ts';
import { freePort } from '../../../support/free-port.ts';
import { type SinkScript, SinkServer } from '../../../support/sink-server.ts';
import { until } from '../../../support/until.ts';

const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function callerAndSink(script?: SinkScript) {
  const sink = await SinkServer.start(script);
  const caller = new HttpCaller({ connections: 2 });
  ends.push(
    () => caller.close(),
    () => sink.close(),
  );
  const post = (more: Partial<HttpRequest> = {}, signal = new AbortController().signal) =>
    caller.send({ method: 'POST', url: `${sink.url}/a?b=c`, headers: {}, body: '{}', ...more }, signal);
  return { sink, caller, post };
}

describe('a call of a tool', () => {
  it('sends method, path, headers and body, and gives the answer', async () => {
    const { sink, post } = await callerAndSink(() => ({
      status: 418,
      headers: { 'X-Told': 'yes', 'content-type': 'text/plain' },
      body: 'tea — pot',
    }));
    const answer = await post({ headers: { 'x-own': '1' }, body: 'the body' });
    expect(answer).toMatchObject({ status: 418, text: 'tea — pot', isWhole: true });
    expect(answer.headers).toMatchObject({ 'x-told': 'yes' });
    expect(sink.requests[0]).toMatchObject({
      ...{ method: 'POST', target: '/a?b=c', body: 'the body' },
      headers: { 'x-own': '1', 'user-agent': 'manifeed', host: `127.0.0.1:${sink.port}` },
    });
  });

  it('follows no redirect', async () => {
    const { sink, post } = await callerAndSink(() => ({ status: 302, headers: { location: '/internal' } }));
    expect(await post()).toMatchObject({ status: 302, headers: { location: '/internal' } });
    expect(sink.requests).toHaveLength(1);
  });

  it('reads no more of an endless answer than it wants, and hangs up', async () => {
    const { sink, post } = await callerAndSink(() => ({ bytes: 100 * 1024 * 1024 }));
    const { text, isWhole } = await post();
    expect({ length: text.length, isWhole }).toEqual({ length: 64 * 1024, isWhole: false });
    await until('the connection to end', async () => (await sink.connections()) === 0);
    expect(sink.written).toBeLessThan(20 * 1024 * 1024);
  });

  it('reads as much as a kind asks for', async () => {
    const { post } = await callerAndSink(() => ({ bytes: 300_000 }));
    expect(await post({ maxAnswerBytes: 300_000 })).toMatchObject({ isWhole: true });
    expect(await post({ maxAnswerBytes: 299_999 })).toMatchObject({ isWhole: false });
  });

  it.each([{ hang: true }, { drip: true }] as const)('ends at the time limit: %j', async (reply) => {
    const { sink, post } = await callerAndSink(() => reply);
    const limit = new AbortController();
    const call = post({}, limit.signal);
    await sink.received(1);
    limit.abort(new CallError('timeout', 'no answer within 20 s'));
    await expect(call).rejects.toMatchObject({ kind: 'timeout', message: 'no answer within 20 s' });
    await until('the connection to end', async () => (await sink.connections()) === 0);
  });

  it.each(['before', 'midway'] as const)('says when the connection was cut %s the answer', async (cut) => {
    const { sink, post } = await callerAndSink(() => ({ cut }));
    const failure = await post({ url: `${sink.url}/secret-path?token=t` }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CallError);
    expect(failure).toMatchObject({ kind: 'network' });
    expect(String(failure)).toContain(`POST ${sink.url}: no answer (`);
    expect(String(failure)).not.toMatch(/secret-path|token/);
  });

  it('says when nobody listens', async () => {
    const { post } = await callerAndSink();
    const url = `http://127.0.0.1:${await freePort()}/x`;
    await expect(post({ url })).rejects.toMatchObject({
      kind: 'network',
      message: expect.stringMatching(/ECONNREFUSED/),
    });
  });

  it('has at most as many connections as it may', async () => {
    const gate = Promise.withResolvers<void>();
    const { sink, post } = await callerAndSink(() => ({ after: gate.promise }));
    const calls = [post(), post(), post()];
    await sink.received(2);
    expect(await sink.connections()).toBe(2);
    gate.resolve();
    await Promise.all(calls);
    expect(sink.requests).toHaveLength(3);
  });
});
