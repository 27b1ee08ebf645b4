import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createServer, type Server } from '../../../src/http/server.ts';

describe('createServer', () => {
  let server: Server;

  beforeEach(async () => {
    server = await createServer({
      logger: pino({ level: 'silent' }),
      redactUrl: (url) => url.replace(/access_token=[^&]*/, 'access_token=***'),
      maxBodyBytes: 1_024,
      headerTimeoutMs: 5_000,
      requestTimeoutMs: 5_000,
      idleTimeoutMs: 5_000,
      trustProxy: [],
      corsOrigins: ['https://dashboard.example.test'],
      random: () => 0.5,
    });
    server.post('/take', async () => ({ taken: true }));
    server.get('/fail', async () => {
      throw new Error('a secret of the inside');
    });
  });

  afterEach(() => server.close());

  const post = (headers: Record<string, string>) =>
    server.inject({
      method: 'POST',
      url: '/take',
      headers: { host: 'gateway.example.test', ...headers },
      body: {},
    });

  it('takes a POST without an Origin, from its own host and from a configured origin', async () => {
    for (const origin of [undefined, 'http://gateway.example.test', 'https://dashboard.example.test']) {
      const answer = await post(origin === undefined ? {} : { origin });
      expect(answer.statusCode, origin).toBe(200);
    }
  });

  it('refuses a POST that a foreign page sends', async () => {
    for (const origin of ['https://evil.example.test', 'null']) {
      const answer = await post({ origin });
      expect(answer.statusCode).toBe(403);
      expect(answer.json()).toMatchObject({ errors: [{ code: 'ORIGIN_DENIED' }] });
    }
  });

  it('names an endpoint that is not there, without the token in its URL', async () => {
    const answer = await server.inject('/nothing?access_token=mf_secret');
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject({ errors: [{ code: 'NOT_FOUND' }] });
    expect(answer.body).not.toContain('mf_secret');
  });

  it('says nothing of what went wrong inside', async () => {
    const answer = await server.inject('/fail');
    expect(answer.statusCode).toBe(500);
    expect(answer.headers['retry-after']).toBe('6');
    expect(answer.body).not.toContain('secret of the inside');
  });

  it('answers a body over the cap with 413 and a broken one with 400', async () => {
    const large = await server.inject({ method: 'POST', url: '/take', body: { text: 'x'.repeat(2_000) } });
    expect(large.statusCode).toBe(413);
    expect(large.json()).toMatchObject({ errors: [{ code: 'BODY_TOO_LARGE' }] });
    const headers = { 'content-type': 'application/json' };
    const broken = await server.inject({ method: 'POST', url: '/take', headers, body: '{' });
    expect(broken.statusCode).toBe(400);
    expect(broken.json()).toMatchObject({ errors: [{ code: 'BODY_INVALID' }] });
  });
});
