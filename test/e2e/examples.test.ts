/** The programs of examples/, as a reader runs them: each prints the changes, also those that it was away for. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { type Child, startChild } from '../support/child.ts';
import { freePort } from '../support/free-port.ts';
import { digest, type GatewayProcess, metric, publish, spawnGateway } from '../support/gateway.ts';
import { isInstalled } from '../support/parts.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'manifeed-examples-'));
let gateway: GatewayProcess | null = null;
let program: Child | null = null;

afterEach(async () => {
  await program?.stop('SIGTERM');
  await gateway?.stop('SIGKILL');
  program = gateway = null;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Languages that are not on this machine are not part of `npm run setup`; what they lack is named here. */
function hasLanguage(tool: string): boolean {
  if (isInstalled(tool)) return true;
  console.log(`Not run, because ${tool} is missing: its program in examples/`);
  return false;
}

const examples: readonly (readonly [string, string, readonly string[]])[] = [
  ['Node', process.execPath, ['examples/follow.mjs', 'nginx']],
  ['shell', 'sh', ['examples/follow.sh', 'nginx']],
  ...(hasLanguage('python3') ? [['Python', 'python3', ['examples/follow.py', 'nginx']] as const] : []),
  ...(hasLanguage('go') ? [['Go', join(folder, 'follow'), ['nginx']] as const] : []),
];

/** `go run` would leave its program running when it is ended. */
function buildGo(): void {
  const args = ['build', '-o', join(folder, 'follow'), 'examples/go/follow.go'];
  const { status, stderr } = spawnSync('go', args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`build the Go example: ${stderr}`);
}
if (isInstalled('go')) buildGo();

describe.each(examples)('the %s example', (language, command, args) => {
  const settings = { ledger: `sqlite:${join(folder, `${language}.db`)}` };

  it('G1: prints each change, and after a kill -9 of the gateway those that it missed', async () => {
    const port = await freePort();
    gateway = await spawnGateway({ port, settings });
    const env = { ...process.env, MANIFEED_URL: `http://127.0.0.1:${port}` };
    const example = startChild(command, args, { cwd: root, env });
    program = example;
    const follows = () => metric(port, /^manifeed_subscribers\{.*\} [1-9]/).then((count) => count > 0);
    const prints = (tag: string) => example.says(digest(tag));

    if (language !== 'shell') await example.until('a subscriber', follows);
    await publish(port, [{ reference: 'nginx:1', digest: digest('1') }]);
    await prints('1');
    await gateway.stop('SIGKILL');
    gateway = await spawnGateway({ port, settings });
    await publish(port, [{ reference: 'nginx:2', digest: digest('2') }]);
    await prints('2');
    expect(example.output().split(digest('1'))).toHaveLength(2);
    expect(example.output()).not.toMatch(/missing|refused:/);
  });

  it('stops with the reason when the gateway refuses what it asks for', async () => {
    gateway = await spawnGateway({
      settings: { access: [{ name: 'me', sha256: digest('right').slice(7) }] },
    });
    const env = { ...process.env, MANIFEED_URL: gateway.url, MANIFEED_TOKEN: 'wrong' };
    const { status, stderr } = spawnSync(command, args, {
      cwd: root,
      env,
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect(stderr).toMatch(/refused.*(4010|401)/);
    expect(status).toBe(1);
  });
});
