/** What becomes of credentials that are not the gateway's: clients send it those of other registries. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type GatewayProcess, digest as hash, publish, spawnGateway } from '../../support/gateway.ts';
import { askPlain } from '../../support/plain-http.ts';
import { until } from '../../support/until.ts';

const token = 'token-of-the-test';
/** As Watchtower's fork sends them to a mirror that challenges with Basic. */
const user = 'dockerhub-somebody';
const password = 'dckr_pat_S3CRETofSomebody';
const encoded = Buffer.from(`${user}:${password}`).toString('base64');
const secrets = [user, password, encoded];

const folder = mkdtempSync(join(tmpdir(), 'manifeed-foreign-'));
let gateway: GatewayProcess;

beforeAll(async () => {
  gateway = await spawnGateway({
    settings: {
      ledger: `sqlite:${folder}/data/m.db`,
      log: { level: 'debug' },
      access: [{ name: 'reader', sha256: hash(token).slice(7) }],
    },
    env: { NODE_OPTIONS: `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${folder}` },
  });
});
afterAll(async () => {
  await gateway?.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const paths = [
  ...['/v2/', '/v2/library/nginx/manifests/latest', '/v2/library/nginx/tags/list', '/docker.io/v2/'],
  ...['/v2/?ns=docker.io', '/v2/updates', '/v1/tags', '/v1/events', '/metrics'],
];

/** All objects and strings that the process still reaches, after a collection of garbage. */
async function heapOf({ child }: GatewayProcess): Promise<string> {
  child.kill('SIGUSR2');
  let text = '';
  await until('a heap snapshot', () => {
    const [file] = readdirSync(folder).filter((name) => name.endsWith('.heapsnapshot'));
    text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8');
    return text.trimEnd().endsWith(']}');
  });
  return text;
}

it('G25: credentials that are not known leave nothing in the answer, the log, the ledger or the memory', async () => {
  const headers = [`Basic ${encoded}`, `Bearer ${password}`].map((authorization) => ({ authorization }));
  for (const path of paths) {
    for (const each of headers) {
      const { status, body, headers: answered } = await askPlain(gateway.port, 'GET', path, each);
      expect(status, path).toBe(401);
      for (const secret of secrets) expect(body + JSON.stringify(answered), path).not.toContain(secret);
    }
  }
  // The newest request is remembered by parts of Node as long as there is no newer one.
  await publish(gateway.port, [{ reference: 'nginx:1', digest: hash('one') }]);
  const known = { authorization: `Basic ${Buffer.from(`anyone:${token}`).toString('base64')}` };
  for (const path of paths.slice(0, 4)) await askPlain(gateway.port, 'GET', path, known);
  const heap = await heapOf(gateway);
  // It does have what was asked for.
  expect(heap).toContain('library/nginx');
  const files = readdirSync(join(folder, 'data')).map((name) => readFileSync(join(folder, 'data', name)));
  expect(files.length).toBeGreaterThan(0);
  for (const secret of secrets) {
    expect(gateway.output().includes(secret), 'the log').toBe(false);
    expect(heap.includes(secret), 'the memory').toBe(false);
    expect(
      files.some((bytes) => bytes.includes(secret)),
      'the ledger',
    ).toBe(false);
  }
});
