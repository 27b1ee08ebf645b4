/** The client of PROTOCOL.md, section 11, and the complete ones of examples/clients/, each where its language is there. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { type Child, startChild } from '../support/child.ts';
import { freePort } from '../support/free-port.ts';
import { digest, type GatewayProcess, metric, publish, spawnGateway } from '../support/gateway.ts';
import { isInstalled } from '../support/parts.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'manifeed-own-clients-'));
let gateway: GatewayProcess | null = null;
let program: Child | null = null;

afterEach(async () => {
  await program?.stop('SIGKILL');
  await gateway?.stop('SIGKILL');
  program = gateway = null;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The code of the chapter. */
const chapter =
  readFileSync(join(root, 'PROTOCOL.md'), 'utf8')
    .split('\n## 11. ')[1]
    ?.split('```python\n')[1]
    ?.split('\n```')[0] ?? '';

/** A program of that code, followed by what its reader adds. */
function ofTheProtocol(): string {
  const path = join(folder, 'forty-lines.py');
  writeFileSync(
    path,
    `${chapter}
def show(change):
    print(change["type"], change["tag"], change["digest"], flush=True)
follow(os.environ["MANIFEED_URL"], {"repository": sys.argv[1]}, sys.argv[2],
       show, lambda reset: print("missing", reset["reason"], file=sys.stderr))
`,
  );
  return path;
}

function buildGo(): string {
  const path = join(folder, 'client');
  const { status, stderr } = spawnSync('go', ['build', '-o', path, 'examples/clients/client.go'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`build the Go client: ${stderr}`);
  return path;
}

interface Client {
  readonly name: string;
  readonly command: readonly string[];
  /** Its arguments for a repository and a file. */
  readonly args: (state: string) => readonly string[];
}

const clients: Client[] = [];
if (isInstalled('python3')) {
  const path = join(root, 'examples/clients/client.py');
  clients.push(
    { name: 'the 40 lines', command: ['python3', ofTheProtocol()], args: (state) => ['nginx', state] },
    { name: 'Python', command: ['python3', path], args: (state) => ['--state', state, 'nginx'] },
  );
}
if (isInstalled('go'))
  clients.push({ name: 'Go', command: [buildGo()], args: (state) => ['-state', state, 'nginx'] });
if (clients.length < 3)
  console.log('Not run, because Python or Go is missing: some clients of other languages');

/** Runs a client until the test is over. */
function run({ command, args }: Client, state: string, env: Readonly<Record<string, string>>): Child {
  const [file = '', ...first] = command;
  program = startChild(file, [...first, ...args(state)], { env: { ...process.env, ...env } });
  return program;
}

it('the client of PROTOCOL.md has at most 40 lines', () => {
  const lines = chapter.split('\n');
  expect(lines.length).toBeGreaterThan(20);
  expect(lines.length).toBeLessThanOrEqual(40);
});

describe.each(clients)('$name', (client) => {
  const state = join(folder, `${client.name}.position`);
  const settings = { ledger: `sqlite:${join(folder, `${client.name}.db`)}`, drain: { window: '1s' } };
  const push = (port: number, ...tags: readonly string[]) =>
    publish(
      port,
      tags.map((tag) => ({ reference: `nginx:${tag}`, digest: digest(tag) })),
    );
  const follows = (port: number) => async () => (await metric(port, /^manifeed_subscribers\{.*\} [1-9]/)) > 0;

  it('G1: prints each change once, over its own death, a kill -9 and a drain of the gateway', async () => {
    const port = await freePort();
    const env = { MANIFEED_URL: `http://127.0.0.1:${port}` };
    gateway = await spawnGateway({ port, settings });
    const before = run(client, state, env);
    await before.until('a subscriber', follows(port));
    await push(port, '1', '2');
    await before.says(digest('2'));
    await before.until('a saved position', () => readFileSync(state, 'utf8').trim().endsWith('-2'));
    await before.stop('SIGKILL');
    await push(port, '3');
    const after = run(client, state, env);
    await after.says(digest('3'));
    await gateway.stop('SIGKILL');
    gateway = await spawnGateway({ port, settings });
    await push(port, '4');
    await after.says(digest('4'));
    await gateway.stop('SIGTERM');
    gateway = await spawnGateway({ port, settings });
    await push(port, '5');
    await after.says(digest('5'));
    const printed = ['1', '2', '3', '4', '5'].filter((tag) => after.output().includes(digest(tag)));
    expect(printed).toEqual(['3', '4', '5']);
    for (const tag of printed) expect(after.output().split(digest(tag))).toHaveLength(2);
    expect(after.output()).not.toContain('missing');
  }, 180_000);

  it('G5: says that changes are missing if its position can no longer be resumed', async () => {
    gateway = await spawnGateway({ settings: { ledger: 'memory' } });
    writeFileSync(state, 'zzzzzzzz-7\n');
    const told = run(client, state, { MANIFEED_URL: gateway.url });
    await told.says('missing');
    await push(gateway.port, 'on');
    await told.says(digest('on'));
  });

  it('ends with the reason if the gateway refuses it', async () => {
    const access = [{ name: 'me', sha256: digest('right').slice(7) }];
    gateway = await spawnGateway({ settings: { access } });
    const [file = '', ...first] = client.command;
    const { status, stderr } = spawnSync(file, [...first, ...client.args(state)], {
      env: { ...process.env, MANIFEED_URL: gateway.url, MANIFEED_TOKEN: 'wrong' },
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect([status, stderr]).toEqual([1, expect.stringMatching(/refused.*401.*UNAUTHORIZED/s)]);
  });
});
