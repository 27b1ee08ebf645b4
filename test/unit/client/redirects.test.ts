/** Requests with a body go to the origin of the gateway alone. */
import { describe, expect, it } from 'vitest';
import { ask, type Question } from '../../../client/src/index.ts';
import { maxRedirects } from '../../../client/src/transport/redirects.ts';

type Answer = readonly [status: number, location?: string];
const gateway = 'https://gateway.test/prefix';

/** Asks over a network that gives these answers, the last one again and again. */
async function play(answers: readonly Answer[], question: Question = { path: '/v1/check', body: [] }) {
  const sent: (readonly [url: string, method: string | undefined, body: string | undefined])[] = [];
  const redirects: (string | undefined)[] = [];
  const answer = await ask(gateway, question, {
    token: 'secret',
    fetch: async (url, { method, body, redirect }) => {
      const [status, location] = answers[Math.min(sent.length, answers.length - 1)] ?? [200];
      sent.push([url, method, body]);
      redirects.push(redirect);
      const headers = new Headers(location === undefined ? {} : { location });
      return { status, headers, body: status === 200 ? new Response('{"a":1}').body : null };
    },
  }).catch((error: unknown) => error);
  return { answer, sent, redirects };
}

describe('a request with a body', () => {
  it.each<[status: number, location: string]>([
    [307, '/elsewhere'],
    [308, 'https://gateway.test/elsewhere'],
  ])('is repeated at %i to %s, with its method and its body', async (status, location) => {
    const { answer, sent, redirects } = await play([[status, location], [200]]);
    expect(answer).toEqual({ a: 1 });
    expect(sent).toEqual([
      [`${gateway}/v1/check`, 'POST', '[]'],
      ['https://gateway.test/elsewhere', 'POST', '[]'],
    ]);
    expect(redirects).toEqual(['manual', 'manual']);
  });

  it.each<[status: number, location: string]>([
    [307, 'https://other.test/v1/check?token=s3cret'],
    [308, 'https://gateway.test:8443/v1/check'],
    [308, 'http://gateway.test/v1/check'],
    [301, 'https://other.test/'],
  ])('does not leave the origin at %i to %s, and the error names both', async (status, location) => {
    const { answer, sent } = await play([[status, location], [200]]);
    const { origin } = new URL(location);
    const message = `post /v1/check: ${status} from https://gateway.test to ${origin}: must stay there, because it has a body: give ${origin} if that is the gateway`;
    expect(answer).toMatchObject({ code: 'PROTOCOL', message, status, retryable: false });
    expect(sent).toHaveLength(1);
  });

  it.each<[Answer, string]>([
    [[303, '/elsewhere'], '303 of https://gateway.test: loses the body: must be 307 or 308'],
    [[302, '/elsewhere'], '302 of https://gateway.test: loses the body: must be 307 or 308'],
    [[307], '307 of https://gateway.test: no Location: must name an address'],
    [[307, 'https://['], '307 of https://gateway.test: no Location: must name an address'],
    [[0], "redirected from https://gateway.test: must be the gateway's own address"],
  ])('is refused at %j', async (redirect, message) => {
    const { answer, sent } = await play([redirect, [200]]);
    expect(answer).toMatchObject({
      code: 'PROTOCOL',
      message: `post /v1/check: ${message}`,
      retryable: false,
    });
    expect(sent).toHaveLength(1);
  });

  it('is redirected a few times only', async () => {
    const { answer, sent } = await play([[307, '/again']]);
    const message = `post /v1/check: more than ${maxRedirects} redirects: must be fewer`;
    expect(answer).toMatchObject({ code: 'PROTOCOL', message, retryable: false });
    expect(sent).toHaveLength(maxRedirects + 1);
  });
});

it('a request without a body is redirected by the runtime', async () => {
  const { redirects } = await play([[200]], { path: '/v1/tags' });
  expect(redirects).toEqual([undefined]);
});
