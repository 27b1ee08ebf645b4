import { describe, expect, it } from 'vitest';
import { type AskOptions, ask, FeedError, type Question } from '../../../client/src/index.ts';
import type { Fetch, FetchInit } from '../../../client/src/runtime.ts';
import { fakeClock } from '../../support/fake-clock.ts';

/** Asks a gateway that answers with `status` and `text`. */
async function play(question: Question, status: number, text: string, options: AskOptions = {}) {
  const asked: { url: string; init: FetchInit }[] = [];
  const answer = ask('https://gateway.test/prefix/', question, {
    ...options,
    fetch: async (url, init) => {
      asked.push({ url, init });
      const body = new Response(text).body;
      return { status, headers: new Headers(), body };
    },
  });
  return { answer: await answer.catch((error: unknown) => error), asked };
}

describe('ask', () => {
  it('sends a GET with query and token, and gives the JSON of the answer', async () => {
    const query = new URLSearchParams({ repository: 'nginx' });
    const token = async () => 'secret';
    const { answer, asked } = await play({ path: '/v1/tags', query }, 200, '{"tags":[]}', { token });
    expect(answer).toEqual({ tags: [] });
    expect(asked[0]?.url).toBe('https://gateway.test/prefix/v1/tags?repository=nginx');
    const { method, headers } = asked[0]?.init ?? {};
    expect([method, headers?.authorization]).toEqual([undefined, 'Bearer secret']);
  });

  it.each(['', () => '', () => null, () => undefined, async () => undefined])(
    'takes an empty token for none, as of a variable that is not set',
    async (token) => {
      const { asked } = await play({ path: '/v1/tags' }, 200, '{}', { token });
      expect(asked[0]?.init.headers).toEqual({ accept: 'application/json' });
    },
  );

  it('sends a body as JSON by POST, and takes 202 for an answer', async () => {
    const { answer, asked } = await play(
      { path: '/v1/hooks/publish', body: { a: 1 } },
      202,
      '{"accepted":1}',
    );
    expect(answer).toEqual({ accepted: 1 });
    const { method, headers, body } = asked[0]?.init ?? {};
    expect([method, headers?.['content-type'], body]).toEqual(['POST', 'application/json', '{"a":1}']);
  });

  it('sends a body by PUT if that is asked for, and says so if it is refused', async () => {
    const { asked } = await play({ path: '/v1/pace', body: { a: 1 }, method: 'PUT' }, 200, '{}');
    const { method, body } = asked[0]?.init ?? {};
    expect([method, body]).toEqual(['PUT', '{"a":1}']);
    const refusal = '{"errors":[{"code":"DENIED","message":"no","detail":null}]}';
    const refused = await play({ path: '/v1/pace', body: {}, method: 'PUT' }, 403, refusal);
    expect(refused.answer).toMatchObject({ code: 'DENIED' });
  });

  it('throws what the gateway refused, and what is no answer of a gateway', async () => {
    const refusal = '{"errors":[{"code":"DENIED","message":"no","detail":{"parameter":"image"}}]}';
    const refused = await play({ path: '/v1/check', body: [] }, 403, refusal);
    expect(refused.answer).toBeInstanceOf(FeedError);
    expect(refused.answer).toMatchObject({ code: 'DENIED', message: 'post /v1/check: 403 DENIED: no' });
    const page = await play({ path: '/v1/tags' }, 200, '<html>');
    expect(page.answer).toMatchObject({ code: 'PROTOCOL', message: 'read answer of /v1/tags: must be JSON' });
  });

  it.each(['one\ntwo', 'a\u0001b', 'dots…'])(
    'refuses the token %j itself, and does not repeat it',
    async (token) => {
      const { answer, asked } = await play({ path: '/v1/tags' }, 200, '{}', { token: () => token });
      const message = 'read token: must be one line that a header may hold';
      expect(answer).toMatchObject({ code: 'UNAUTHORIZED', message, retryable: false });
      expect(asked).toEqual([]);
    },
  );

  it.each([
    [502, 'something in front of the gateway (a proxy that reaches no gateway?): must come from a gateway'],
    [429, 'something in front of the gateway (a proxy?): must come from a gateway'],
    [404, "something that is no gateway: must be a gateway's address"],
  ])('says of %i without an error of a gateway who may have answered', async (status, who) => {
    const { answer } = await play({ path: '/v1/tags' }, status, '<h1>sorry</h1>');
    expect(answer).toMatchObject({
      code: 'PROTOCOL',
      message: `get /v1/tags: ${status} from ${who}`,
      status,
    });
  });

  it('names the origin of a redirect that took the token away', async () => {
    const refusal = '{"errors":[{"code":"UNAUTHORIZED","message":"token required"}]}';
    const fetch: Fetch = async () => ({
      ...{ status: 401, url: 'https://gateway.test/v1/tags', headers: { get: () => null } },
      body: new Response(refusal).body,
    });
    const answer = ask('http://gateway.test', { path: '/v1/tags' }, { fetch, token: 'secret' });
    await expect(answer).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message:
        'get /v1/tags: redirected to https://gateway.test: must be asked there at once: 401 UNAUTHORIZED: token required',
    });
  });

  it('does not repeat a token that a proxy shows in its refusal', async () => {
    const refusal = '{"errors":[{"code":"DENIED","message":"not Bearer s3cret-token"}]}';
    const { answer } = await play({ path: '/v1/tags' }, 403, refusal, { token: 's3cret-token' });
    expect(answer).toMatchObject({ code: 'DENIED', message: 'get /v1/tags: 403 DENIED: not Bearer …' });
  });

  it('ends with the signal', async () => {
    const controller = new AbortController();
    const question = { path: '/v1/tags', signal: controller.signal };
    const answer = ask('http://gateway.test', question, {
      fetch: async (_, { signal }) => {
        controller.abort();
        throw signal.reason;
      },
    });
    await expect(answer).rejects.toMatchObject({ code: 'NETWORK' });
  });

  it.each([
    [undefined, 60_000],
    [240_000, 240_000],
  ])('with timeoutMs %s waits for %i ms', async (timeoutMs, waitMs) => {
    const clock = fakeClock();
    const fetch = (_url: string, { signal }: FetchInit) =>
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    const answer = ask('https://gateway.test', { path: '/v1/tags', timeoutMs }, { clock, fetch });
    let isOver = false;
    const ended = answer
      .catch((error: unknown) => error)
      .finally(() => {
        isOver = true;
      });
    await new Promise(setImmediate);
    clock.advance(waitMs - 1);
    await new Promise(setImmediate);
    expect(isOver).toBe(false);
    clock.advance(1);
    expect(await ended).toMatchObject({ code: 'TIMEOUT' });
  });
});
