/** The installed client in Deno and Bun, by their npm packages, and in Node as a process of its own. */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { digest, type Gateway, startGateway } from '../../support/gateway.ts';
import { Inbox } from '../../support/inbox.ts';
import { installClient } from './support/installed.ts';

const root = new URL('../../..', import.meta.url).pathname;
const script = new URL('./support/smoke.mjs', import.meta.url).pathname;
const installed = installClient();
let gateway: Gateway;
beforeAll(async () => {
  cpSync(script, join(installed.folder, 'smoke.mjs'));
  gateway = await startGateway();
});
afterAll(async () => {
  await gateway.close();
  installed.remove();
});

const lineSchema = z.object({
  transport: z.string(),
  kind: z.string(),
  tag: z.string().nullable().optional(),
});

it.each([
  ['node', []],
  ['deno', ['run', '--allow-net', '--allow-read', '--allow-write', '--no-prompt']],
  ['bun', []],
] as const)('%s: follows over each transport, and keeps its position in a file', async (program, flags) => {
  const folder = mkdtempSync(join(installed.folder, `${program}-`));
  const file = program === 'node' ? process.execPath : join(root, 'node_modules/.bin', program);
  const child = spawn(file, [...flags, 'smoke.mjs', gateway.url, folder], {
    cwd: installed.folder,
    env: { PATH: process.env.PATH, HOME: folder, NO_COLOR: '1' },
  });
  const lines = new Inbox<z.infer<typeof lineSchema>>();
  let output = '';
  child.stdout.on('data', (bytes: Buffer) => {
    output += bytes.toString();
    for (; output.includes('\n'); output = output.slice(output.indexOf('\n') + 1))
      lines.push(lineSchema.parse(JSON.parse(output.slice(0, output.indexOf('\n')))));
  });
  let errors = '';
  child.stderr.on('data', (bytes: Buffer) => {
    errors += bytes.toString();
  });
  const code = new Promise((resolve) => {
    child.once('close', (status) => {
      lines.end(`${program} ended with ${status}: ${errors}`);
      resolve(status);
    });
  });
  try {
    for (let ready = 0; ready < 3; ready++) await lines.until(({ kind }) => kind === 'ready', 60_000);
    for (const tag of ['first', 'last'])
      await gateway.publish({ reference: `r.test/app:${tag}`, digest: digest(`${program} ${tag}`) });
    expect(await code).toBe(0);
  } finally {
    child.kill('SIGKILL');
  }
  for (const transport of ['websocket', 'sse', 'long-poll']) {
    const own = lines.seen.filter((line) => line.transport === transport);
    expect(own.map(({ kind, tag }) => tag ?? kind).slice(0, -1)).toEqual(['ready', 'first', 'last']);
    // The loop broke at `last`, so what is saved is the position before it.
    expect(own.at(-1)?.tag).toMatch(/^[0-9a-z]+-\d+$/);
  }
});
