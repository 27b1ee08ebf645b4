/** What a target remembers over a restart, with SQLite. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changeIn, TargetWorld, webhookOf } from '../../support/target-gateway.ts';
import { until } from '../../support/until.ts';

const world = new TargetWorld();
const repository = 'registry.example.com/team/app';
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'manifeed-target-'));
});

afterEach(async () => {
  await world.end();
  rmSync(folder, { recursive: true, force: true });
});

const ledger = () => ({ ledger: `sqlite:${join(folder, 'manifeed.db')}` });

describe('a target, over a restart', () => {
  it('that is removed and added again gets what came meanwhile', async () => {
    const sink = await world.sink();
    const first = await world.gateway([webhookOf(sink)], ledger());
    await first.push(`${repository}:a`);
    await until('it to be accepted', async () => (await first.shown()).lag === 0);
    await first.gateway.close();
    const without = await world.gateway([], ledger());
    await without.push(`${repository}:b`);
    await without.gateway.close();
    const again = await world.gateway([webhookOf(sink)], ledger());
    await until('the position to rise', async () => (await again.shown()).lag === 0);
    expect(sink.requests.map((request) => changeIn(request).tag)).toEqual(['a', 'b']);
  });

  it('tries at once what had failed, and repeats nothing that was accepted', async () => {
    const sink = await world.sink((request) =>
      changeIn(request).tag === 'bad' ? { status: 429, headers: { 'retry-after': '3600' } } : {},
    );
    const first = await world.gateway([webhookOf(sink)], ledger());
    await first.push(`${repository}:bad`);
    await first.push(`${repository}:good`);
    await until('the good one to be accepted', async () => (await first.shown()).counts.accepted === 1);
    await until('the other one to wait', async () => (await first.shown()).state === 'retrying');
    await first.gateway.close();
    sink.script = () => ({});
    const again = await world.gateway([webhookOf(sink)], ledger());
    await until('the position to rise', async () => (await again.shown()).lag === 0);
    const tags = sink.requests.map((request) => changeIn(request).tag);
    expect(tags.sort()).toEqual(['bad', 'bad', 'good']);
  });

  it('stays paused', async () => {
    const sink = await world.sink();
    const first = await world.gateway([webhookOf(sink)], ledger());
    await first.act('pause');
    await first.gateway.close();
    const again = await world.gateway([webhookOf(sink)], ledger());
    await again.push(`${repository}:a`);
    expect((await again.shown()).state).toBe('paused');
    await again.act('resume');
    expect(await sink.received(1)).toHaveLength(1);
  });

  it('waits for an attempt that is under way when the gateway ends, and does not repeat it', async () => {
    const gate = Promise.withResolvers<void>();
    const sink = await world.sink(() => ({ after: gate.promise }));
    const first = await world.gateway([webhookOf(sink)], { ...ledger(), drain: { window: '10s' } });
    await first.push(`${repository}:a`);
    await sink.received(1);
    const closing = first.gateway.close();
    gate.resolve();
    await closing;
    const again = await world.gateway([webhookOf(sink)], ledger());
    expect((await again.shown()).lag).toBe(0);
    expect(sink.requests).toHaveLength(1);
  });
});
