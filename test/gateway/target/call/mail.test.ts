import { readFileSync } from 'node:fs';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import { CallError } from '../../../../src/target/call/error.ts';
import { type Mail, Mailer } from '../../../../src/target/call/mail.ts';
import { freePort } from '../../../support/free-port.ts';
import { TargetWorld } from '../../../support/target-gateway.ts';
import { until } from '../../../support/until.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../../fixtures/poll/${name}`, import.meta.url), 'utf8');
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** A mail server on loopback, without TLS unless it is told otherwise, and the messages that it took. */
async function mailServer(options: SMTPServerOptions = {}) {
  const messages: { readonly to: readonly string[]; readonly text: string }[] = [];
  const server = new SMTPServer({
    ...{ authOptional: true, disabledCommands: ['STARTTLS'], logger: false, closeTimeout: 10 },
    onData(stream, { envelope }, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const to = envelope.rcptTo.map(({ address }) => address);
        messages.push({ to, text: Buffer.concat(chunks).toString() });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => new Promise((resolve) => server.close(() => resolve())));
  const address = server.server.address();
  if (address === null || typeof address === 'string') throw new Error('listen: no port');
  return { port: address.port, messages, connections: () => server.connections.size };
}

function mailTo(port: number, more: Partial<Mail> = {}): Mail {
  return {
    ...{ host: '127.0.0.1', port, security: 'none', from: 'manifeed@example.com' },
    ...{ to: ['a@example.com', 'b@example.com'], subject: 'nginx: 1.27 updated', text: 'line\n' },
    ...{ messageId: '<a-1.tool@example.com>', headers: { 'auto-submitted': 'auto-generated' }, ...more },
  };
}

const never = () => new AbortController().signal;
const mailer = new Mailer(undefined);

describe('an e-mail', () => {
  it('is received with its headers by all receivers', async () => {
    const { port, messages } = await mailServer();
    expect(await mailer.send(mailTo(port), never())).toMatchObject({ code: 250 });
    expect(messages).toHaveLength(1);
    expect(messages[0]?.to).toEqual(['a@example.com', 'b@example.com']);
    const text = messages[0]?.text ?? '';
    expect(text).toContain('Subject: nginx: 1.27 updated\r\n');
    expect(text).toContain('Message-ID: <a-1.tool@example.com>\r\n');
    expect(text).toMatch(/^Auto-Submitted: auto-generated\r$/im);
    expect(text.trimEnd().endsWith('\r\n\r\nline')).toBe(true);
  });

  it('has no header that its subject brings', async () => {
    const { port, messages } = await mailServer();
    await mailer.send(mailTo(port, { subject: 'a\r\nbcc: x@example.com é' }), never());
    expect(messages[0]?.text).not.toMatch(/^bcc:/im);
    expect(messages[0]?.to).not.toContain('x@example.com');
  });

  it('logs in', async () => {
    const users: unknown[] = [];
    const { port } = await mailServer({
      allowInsecureAuth: true,
      onAuth({ username, password }, _session, done) {
        users.push([username, password]);
        if (password === 'right') done(null, { user: username });
        else done(Object.assign(new Error('no'), { responseCode: 535 }));
      },
    });
    const right = mailTo(port, { username: 'u', password: 'right' });
    expect(await mailer.send(right, never())).toMatchObject({ code: 250 });
    expect(await mailer.send({ ...right, password: 'wrong' }, never())).toMatchObject({ code: 535 });
    expect(users).toEqual([
      ['u', 'right'],
      ['u', 'wrong'],
    ]);
  });

  it.each([421, 450, 550])('gives the code %i of a refusal', async (responseCode) => {
    const { port } = await mailServer({
      onMailFrom: (_address, _session, done) => done(Object.assign(new Error('not now'), { responseCode })),
    });
    expect(await mailer.send(mailTo(port), never())).toEqual({
      ...{ code: responseCode, text: expect.stringContaining('not now') },
    });
  });

  it('tells which of several receivers were refused', async () => {
    const { port, messages } = await mailServer({
      onRcptTo: ({ address }, _session, done) =>
        done(
          address.startsWith('a@') ? null : Object.assign(new Error('no such user'), { responseCode: 550 }),
        ),
    });
    expect(await mailer.send(mailTo(port), never())).toMatchObject({
      code: 250,
      refused: [expect.stringMatching(/^550 .*no such user/)],
    });
    expect(messages[0]?.to).toEqual(['a@example.com']);
  });

  it('is not sent without TLS if it must have it', async () => {
    const { port, messages } = await mailServer();
    await expect(mailer.send(mailTo(port, { security: 'starttls' }), never())).resolves.toMatchObject({
      code: 500,
    });
    expect(messages).toEqual([]);
  });

  it.each([
    ['starttls', {}],
    ['tls', { secure: true }],
  ] as const)(
    'goes by %s to a server with a certificate that it trusts, and to no other',
    async (security, more) => {
      const options = {
        disabledCommands: [],
        key: fixture('localhost.key.pem'),
        cert: fixture('localhost.cert.pem'),
      };
      const { port, messages } = await mailServer({ ...options, ...more });
      await expect(mailer.send(mailTo(port, { security }), never())).rejects.toMatchObject({
        ...{
          kind: 'network',
          message: expect.stringMatching(/no answer \(E[A-Z]+: .*certificate.*\)$/),
        },
      });
      expect(messages).toEqual([]);
      expect(await new Mailer(options.cert).send(mailTo(port, { security }), never())).toMatchObject({
        code: 250,
      });
      expect(messages).toHaveLength(1);
    },
  );

  it('says when nobody listens', async () => {
    const port = await freePort();
    await expect(mailer.send(mailTo(port), never())).rejects.toMatchObject({
      ...{
        kind: 'network',
        message: expect.stringMatching(/^SMTP 127\.0\.0\.1:\d+: no answer \(E[A-Z]+: .*ECONNREFUSED/),
      },
    });
  });

  it('ends at the time limit', async () => {
    const reached = Promise.withResolvers<void>();
    const { port, connections } = await mailServer({ onMailFrom: () => reached.resolve() });
    const limit = new AbortController();
    const sending = mailer.send(mailTo(port), limit.signal);
    await reached.promise;
    limit.abort(new CallError('timeout', 'no answer within 1 s'));
    await expect(sending).rejects.toMatchObject({ kind: 'timeout' });
    await until('the connection to end', () => connections() === 0);
    await expect(mailer.send(mailTo(port), limit.signal)).rejects.toMatchObject({ kind: 'timeout' });
  });
});

describe('a target of the kind email', () => {
  it('sends a change once, again if the server wants it later, and stops if it wants none', async () => {
    const world = new TargetWorld();
    ends.push(() => world.end());
    const refusals = [450, 0, 550];
    const { port, messages } = await mailServer({
      onMailFrom(_address, _session, done) {
        const responseCode = refusals.shift() ?? 0;
        done(responseCode === 0 ? null : Object.assign(new Error('so it is'), { responseCode }));
      },
    });
    const target = { name: 'tool', kind: 'email', host: '127.0.0.1', port, security: 'none', coalesce: '0s' };
    const addresses = { from: 'manifeed@example.com', to: ['ops@example.com'] };
    const { push, shown } = await world.gateway([{ ...target, ...addresses }]);
    await push('registry.example.com/team/app:1.0');
    await until('it to be accepted', async () => (await shown('tool')).counts.accepted === 1);
    expect(messages).toHaveLength(1);
    expect(messages[0]?.text).toContain('Subject: registry.example.com/team/app: 1.0 created\r\n');
    await push('registry.example.com/team/app:1.1');
    await until('it to be disabled', async () => (await shown('tool')).state === 'disabled');
    expect((await shown('tool')).counts).toEqual({ accepted: 1, retried: 1, stopped: 1 });
  });
});
