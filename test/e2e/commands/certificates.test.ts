// @needs openssl
/** Commands and a gateway behind a proxy that speaks TLS. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CertificateFiles, makeCertificate } from '../../support/certificate.ts';
import { digest, type Gateway, startGateway } from '../../support/gateway.ts';
import { run, start } from './support/run.ts';

interface Proxy {
  readonly url: string;
  readonly server: Server;
  readonly certificate: string;
}

let gateway: Gateway;
let proxy: Proxy;
let misnamed: Proxy;
const folders: string[] = [];

async function startProxy(subject: string): Promise<Proxy> {
  const folder = mkdtempSync(join(tmpdir(), 'manifeed-certificate-'));
  folders.push(folder);
  const files: CertificateFiles = makeCertificate(folder, subject);
  const pem = { key: readFileSync(files.key), cert: readFileSync(files.certificate) };
  const server = createServer(pem, (socket) => {
    const inner = connect(gateway.port, '127.0.0.1');
    socket.pipe(inner).pipe(socket);
    for (const [one, other] of [[socket, inner] as const, [inner, socket] as const])
      one.on('error', () => {}).on('close', () => other.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  return { url: `https://127.0.0.1:${address.port}`, server, certificate: files.certificate };
}

beforeAll(async () => {
  gateway = await startGateway({ registries: [{ host: 'reg.test' }], defaultRegistry: 'reg.test' });
  await gateway.publish({ reference: 'reg.test/team/app:1', digest: digest('a') });
  proxy = await startProxy('IP:127.0.0.1');
  misnamed = await startProxy('DNS:gateway.example');
});
afterAll(async () => {
  for (const { server } of [proxy, misnamed]) await new Promise((resolve) => server.close(resolve));
  await gateway.close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const untrusted = 'has a certificate that this machine does not trust';
const hint = 'name the PEM file of its authority in NODE_EXTRA_CA_CERTS';

describe('a certificate', () => {
  it('that nobody has signed is named by every command, with what helps', async () => {
    for (const args of [
      ['tags', 'team/app'],
      ['check', 'team/app:1'],
    ]) {
      const { code, out, err } = await run(proxy.url, args);
      expect([code, out]).toEqual([args[0] === 'check' ? 2 : 1, '']);
      expect(err).toContain(`${proxy.url} ${untrusted} (self-signed certificate): ${hint}`);
      expect(err).not.toContain('is the gateway up');
    }
  });

  it('that nobody has signed is named by watch, which comes back', async () => {
    const watch = start(proxy.url, ['watch', 'team/app']);
    await watch.sees((_, err) => err.includes(`${untrusted} (self-signed certificate): ${hint}`));
    watch.child.kill('SIGTERM');
    expect((await watch.ended).err).not.toContain('is the gateway up');
  });

  it('for other names is told with the names that it has', async () => {
    const { err } = await run(misnamed.url, ['tags', 'team/app'], {
      env: { NODE_EXTRA_CA_CERTS: misnamed.certificate },
    });
    expect(err).toContain(`${misnamed.url} ${untrusted} (`);
    expect(err).toContain('use a name that its certificate has');
  });

  it('whose authority NODE_EXTRA_CA_CERTS names is trusted', async () => {
    const { code, out } = await run(proxy.url, ['tags', 'team/app'], {
      env: { NODE_EXTRA_CA_CERTS: proxy.certificate },
    });
    expect([code, out]).toEqual([0, expect.stringContaining('reg.test/team/app:1')]);
  });
});
