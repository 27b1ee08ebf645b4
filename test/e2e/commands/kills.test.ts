/** `manifeed watch --exec` is killed again and again while changes come. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { digest, type GatewayProcess, publish, spawnGateway } from '../../support/gateway.ts';
import { until } from '../../support/until.ts';
import { start } from './support/run.ts';

let gateway: GatewayProcess;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'manifeed-kills-'));
  gateway = await spawnGateway({ settings: { defaultRegistry: 'reg.test' } });
});
afterAll(async () => {
  await gateway.stop('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

const file = (name: string) => join(folder, name);
const linesOf = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []);

it('manifeed watch --exec goes on after 20 kills at random: the command of every change succeeded at least once', async () => {
  const ran = file('ran');
  const exec = `echo $MANIFEED_CHANGE_DIGEST >> ${ran}`;
  const args = ['watch', 'kill/*', '--state', file('kill-state'), '--parallel', '3', '--exec', exec];
  let watch = start(gateway.url, [...args, '--since', '1h']);
  await until('a state', () => existsSync(file('kill-state')), 30_000);
  const words = Array.from({ length: 400 }, (_, at) => `word-${at}`);
  const pushing = (async () => {
    for (const [at, word] of words.entries())
      await publish(gateway.port, [{ reference: `kill/app-${at % 7}:1`, digest: digest(word) }]);
  })();
  // A generator with a seed: a run that fails can be repeated.
  let seed = 1;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  for (let kills = 0; kills < 20; kills++) {
    const before = linesOf(ran).length;
    const some = Math.ceil(random() * 20);
    await until('more runs', () => linesOf(ran).length >= Math.min(before + some, words.length), 60_000);
    watch.child.kill('SIGKILL');
    await watch.ended;
    watch = start(gateway.url, args);
  }
  await pushing;
  const missing = () => {
    const done = new Set(linesOf(ran));
    return words.filter((word) => !done.has(digest(word)));
  };
  await until('all runs', () => missing().length === 0, 120_000);
  watch.child.kill('SIGTERM');
  await watch.ended;
  expect(missing()).toEqual([]);
}, 300_000);
