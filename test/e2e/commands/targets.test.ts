/** `manifeed targets`, a gateway and tools that answer by script, as real processes but for the tools. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { digest, type GatewayProcess, publish, spawnGateway } from '../../support/gateway.ts';
import { SinkServer } from '../../support/sink-server.ts';
import { webhookOf, webhookSecret } from '../../support/target-gateway.ts';
import { until } from '../../support/until.ts';
import { type RunOptions, run, startShell } from './support/run.ts';

const token = (name: string, rights: object) => ({
  ...{ name, sha256: digest(`token-of-${name}`).slice(7), ...rights },
});
const root = { MANIFEED_TOKEN: 'token-of-root' };

let well: SinkServer;
let ill: SinkServer;
let gateway: GatewayProcess;
let folder: string;
let pushes = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'manifeed-targets-'));
  well = await SinkServer.start();
  ill = await SinkServer.start(() => ({ status: 410, body: 'no \u001b[31mmore' }));
  const exec = { name: 'deploy', kind: 'exec', command: ['true'], repository: ['never/matches'] };
  const targets = [
    webhookOf(well, { repository: ['team/*'] }),
    webhookOf(ill, { name: 'gone', repository: ['ill/*'] }),
    exec,
  ];
  const access = [token('root', { admin: true }), token('ci', { repositories: ['team/*'] })];
  const webhooks = [{ name: 'publish', kind: 'manifeed', verify: 'none' }];
  gateway = await spawnGateway({ settings: { defaultRegistry: 'reg.test', targets, access, webhooks } });
});
afterAll(async () => {
  await gateway.stop('SIGTERM');
  await well.close();
  await ill.close();
  rmSync(folder, { recursive: true, force: true });
});

const targets = (args: readonly string[] = [], options: RunOptions = { env: root }) =>
  run(gateway.url, ['targets', ...args], options);
const push = (reference: string) => publish(gateway.port, [{ reference, digest: digest(`${pushes++}`) }]);
const fieldsOf = (out: string) =>
  out
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
/** Fields of one target in the list, once they fit. */
async function listed(name: string, fits: (fields: readonly string[]) => boolean) {
  let found: readonly string[] = [];
  await until(`${name} to be listed`, async () => {
    found = fieldsOf((await targets()).out).find((fields) => fields[0] === name) ?? [];
    return fits(found);
  });
  return found;
}
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe('manifeed targets', () => {
  it('lists how targets are, and ends with 1 once one needs somebody', async () => {
    expect(await targets()).toMatchObject({ code: 0, err: '' });
    await push('team/app:1');
    const accepted = await listed('hooks', (fields) => fields[7] !== '-' && fields[2] === 'idle');
    expect(accepted).toEqual(['hooks', 'webhook', 'idle', '0', '0', '-', '-', time, '-', '-']);
    await push('ill/app:1');
    const disabled = await listed('gone', (fields) => fields[2] === 'disabled');
    const why = 'status 410: no \\u001b[31mmore';
    expect(disabled).toEqual(['gone', 'webhook', 'disabled', '1', '1', time, '-', '-', time, why]);
    expect((await targets()).code).toBe(1);
    const rows = (await targets(['--json'])).out.trim().split('\n');
    expect(rows.map((row) => JSON.parse(row).name)).toEqual(['hooks', 'gone', 'deploy']);
    for (const hidden of ['\u001b', '/hook/of/team']) expect(rows.join('')).not.toContain(hidden);
  });

  it('shows columns on a terminal', async () => {
    await listed('hooks', (fields) => fields[7] !== '-');
    const line = 'script -qec "$MANIFEED targets" /dev/null';
    const { out } = await startShell(gateway.url, line, { env: { ...root, TERM: 'xterm', NO_COLOR: '1' } })
      .ended;
    const lines = out.trim().split(/\r?\n/);
    expect(lines[0]).toMatch(/^NAME +KIND +STATE +WAITING +LAG +LAST SUCCESS +LAST FAILURE$/);
    expect(lines[1]).toMatch(/^hooks +webhook +idle +0 +\d+ +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +-$/);
    expect(lines[2]).toMatch(/^gone +webhook +disabled .* status 410: no \\u001b\[31mmore$/);
  });

  it('sends a test, and ends with 1 if the tool does not accept it', async () => {
    expect(await targets(['test', 'hooks'])).toMatchObject({ code: 0, err: '', out: 'accepted\thooks\t-\n' });
    expect(JSON.parse(well.requests.at(-1)?.body ?? '')).toMatchObject({ type: 'test' });
    await push('team/app:2');
    await until('the change', () => well.requests.at(-1)?.body.includes('"tag.') === true);
    expect((await targets(['test', 'hooks', 'team/app:2'])).out).toBe('accepted\thooks\t-\n');
    expect(JSON.parse(well.requests.at(-1)?.body ?? '').data).toMatchObject({ tag: '2' });
    expect(await targets(['test', 'gone'])).toMatchObject({
      ...{ code: 1, err: '', out: 'stop\tgone\tstatus 410: no \\u001b[31mmore\n' },
    });
    const { out } = await targets(['test', 'gone', '--json']);
    expect(JSON.parse(out)).toMatchObject({ request: expect.any(String), verdict: { kind: 'stop' } });
    const line = 'script -qec "$MANIFEED targets test gone --no-color" /dev/null';
    const shown = await startShell(gateway.url, line, { env: { ...root, TERM: 'xterm' } }).ended;
    expect(shown.out).toMatch(
      /^stop {2}gone {2}the tool wants no more; .*\r?\nstatus 410: no \\u001b\[31mmore/,
    );
  });

  it('prints what a test would send, with secrets masked, and sends nothing', async () => {
    const before = well.requests.length;
    const { code, out, err } = await targets(['test', 'hooks', '--dry-run']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(new RegExp(`^POST http://127\\.0\\.0\\.1:${well.port}\\*\\*\\*\n`));
    expect(out).toMatch(/^webhook-signature: v1,/m);
    expect(out).toMatch(/^\{"type":"test"/m);
    expect(out).not.toContain(webhookSecret);
    expect(out).not.toContain('/hook/of/team');
    expect(well.requests).toHaveLength(before);
  });

  it('pauses, resumes, skips and replays', async () => {
    expect(fieldsOf((await targets(['pause', 'hooks'])).out)[0]?.slice(0, 3)).toEqual([
      ...['hooks', 'webhook', 'paused'],
    ]);
    await push('team/app:3');
    expect(await listed('hooks', (fields) => fields[4] === '1')).toContain('paused');
    // What an operator did is no trouble.
    const states = fieldsOf((await targets()).out).map((fields) => fields[2]);
    expect((await targets()).code).toBe(states.includes('disabled') ? 1 : 0);
    expect((await targets(['skip', 'hooks'])).code).toBe(0);
    await listed('hooks', (fields) => fields[4] === '0');
    const before = well.requests.length;
    expect((await targets(['resume', 'hooks'])).code).toBe(0);
    expect((await targets(['replay', 'hooks', '--since', '1h'])).code).toBe(0);
    await until('the replay', () => well.requests.length > before);
    expect(JSON.parse((await targets(['pause', 'hooks', '--json'])).out)).toMatchObject({ state: 'paused' });
    await targets(['resume', 'hooks']);
  });

  it('names the targets that there are, and the reference that is missing', async () => {
    expect(await targets(['test', 'nope'])).toMatchObject({
      ...{
        code: 2,
        out: '',
        err: 'manifeed targets: test nope: no such target: must be hooks, gone, deploy\n',
      },
    });
    const rule = 'must have a REFERENCE: manifeed targets test deploy nginx:1.27';
    expect(await targets(['test', 'deploy'])).toMatchObject({
      ...{
        code: 2,
        err: `manifeed targets: test deploy: its tool acts on the image that a request names: ${rule}\n`,
      },
    });
    expect((await targets(['test', 'deploy', 'team/app:none'])).err).toMatch(
      /reg\.test\/team\/app:none: must be a tag that the index knows\n$/,
    );
    expect((await targets(['replay', 'hooks', '--after', 'zzzzzzzz-1'])).err).toContain('POSITION_GONE');
  });

  it("wants an administrator's token, from a file too", async () => {
    expect(await targets([], {})).toMatchObject({
      code: 2,
      err: expect.stringContaining('requires a token'),
    });
    const ci = await targets(['pause', 'hooks'], { env: { MANIFEED_TOKEN: 'token-of-ci' } });
    expect([ci.code, ci.out]).toEqual([2, '']);
    expect(ci.err).toMatch(/refuses this token \(403\): it must be an administrator's/);
    expect(ci.err).not.toContain('token-of-ci');
    const wrong = await targets([], { env: { MANIFEED_TOKEN: 'token-of-nobody' } });
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('does not know this token (401)') });
    const file = join(folder, 'token');
    writeFileSync(file, 'token-of-root\n');
    expect((await targets(['test', 'hooks', '--token-file', file], {})).code).toBe(0);
  });

  it('says that a gateway has no targets, or does not answer', async () => {
    const bare = await spawnGateway({ settings: {} });
    const none = 'no targets are configured: list them in the section targets (docs/targets.md)\n';
    try {
      expect(await run(bare.url, ['targets'])).toMatchObject({
        ...{ code: 0, out: '', err: `manifeed targets: ${none}` },
      });
      expect(await run(bare.url, ['targets', '--quiet'])).toMatchObject({ code: 0, err: '' });
      expect(await run(bare.url, ['targets', 'test', 'hooks'])).toMatchObject({
        ...{ code: 2, err: `manifeed targets: test hooks: ${none}` },
      });
    } finally {
      await bare.stop('SIGTERM');
    }
    const away = await run(`http://127.0.0.1:${await freePort()}`, ['targets']);
    expect(away).toMatchObject({ code: 2, err: expect.stringContaining('is the gateway up?') });
  });
});
