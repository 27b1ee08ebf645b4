import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Kind, Verdict } from '../../../src/target/kind.ts';
import { maskOf } from '../../../src/target/mask.ts';
import { Tool } from '../../../src/target/tool.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { filterOf } from '../../support/hub-world.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { delivery, resetDelivery } from '../../support/target-samples.ts';

function toolOf(deliver: () => Promise<Verdict>, more: Partial<Kind> = {}, settings: object = {}) {
  const clock = fakeClock();
  const log = recordingLog();
  const kind: Kind = {
    name: 'scripted',
    members: z.strictObject({}),
    defaults: { timeoutMs: 1_000, coalesceMs: null, concurrency: 1, types: [] },
    ...{ deletes: false, replays: false, needsReference: false, deliver, describe: () => '', ...more },
  };
  const tool = new Tool(
    {
      ...{ name: 'tool', kind, settings, filter: filterOf(), types: new Set(), timeoutMs: 1_000 },
      rules: { coalesceMs: 0, minAgeMs: 0, maxAgeMs: 1, concurrency: 1 },
      ...{ paced: false, origin: null, mask: maskOf(['hunter22'], []) },
    },
    { clock, log },
  );
  return { clock, log, tool };
}

describe('the tool of a target', () => {
  it('ends an attempt at its time limit, whatever the kind does', async () => {
    const { clock, tool } = toolOf(() => new Promise(() => {}));
    const verdict = tool.deliver(delivery());
    clock.advance(1_000);
    expect(await verdict).toEqual({ kind: 'retry', why: 'no answer within 1000 ms' });
  });

  it('says of a command that it did not end', async () => {
    // Its time is over before it is started.
    const command = ['no-such-program'] as const;
    const { clock, tool } = toolOf(() => Promise.reject(new Error('not here')), {
      deliver: (_delivery, _settings, reach) => {
        reach.run({ command, env: {}, input: '' }).catch(() => {});
        return new Promise(() => {});
      },
    });
    const verdict = tool.deliver(delivery());
    clock.advance(1_000);
    expect(await verdict).toEqual({ kind: 'retry', why: 'the command did not end within 1000 ms' });
    await tool.close();
  });

  it.each([
    [{ token: 't' }, 'status 401: no', 'status 401: token may be wrong: no'],
    [{ username: 'u', password: 'p' }, 'status 403', 'status 403: password may be wrong'],
    [{ token: 't', headers: {} }, 'status 401', 'status 401: token or headers may be wrong'],
    [{ url: 'https://h' }, 'status 401: no', 'status 401: no'],
    [{ token: 't' }, 'status 500: no', 'status 500: no'],
    [{ username: 'u', password: 'p' }, '535 5.7.8 no', '535: username or password may be wrong: 5.7.8 no'],
    [{ username: 'u', password: 'p' }, '535-no', '535: username or password may be wrong: no'],
    [{ username: 'u', password: 'p' }, '535', '535: username or password may be wrong'],
    [{ username: 'u', password: 'p' }, '550 no', '550 no'],
    [{ from: 'a@example.com' }, '535 no', '535 no'],
  ])('names the members of %j that may be wrong after %j', async (settings, told, why) => {
    const { tool } = toolOf(async () => ({ kind: 'retry', why: told }), {}, settings);
    expect(await tool.deliver(delivery())).toEqual({ kind: 'retry', why });
  });

  it('takes what a kind throws for a failure, logs it, and hides secrets', async () => {
    const { log, tool } = toolOf(() => Promise.reject(new Error('broken: hunter22')));
    expect(await tool.deliver(delivery())).toEqual({ kind: 'retry', why: 'broken: ***' });
    expect(log.lines).toMatchObject([{ level: 'error', fields: { error: 'broken: ***' } }]);
  });

  it('shows the beginning of what the tool said, without its secrets', async () => {
    const why = `status 500: ${'x'.repeat(207)}hunter22`;
    const { tool } = toolOf(async () => ({ kind: 'refused', why }));
    const verdict = await tool.deliver(delivery());
    expect(verdict).toEqual({ kind: 'refused', why: `status 500: ${'x'.repeat(207)}*` });
  });

  it('tells a kind that knows no resets nothing', async () => {
    const { tool } = toolOf(async () => ({ kind: 'accepted' }));
    expect(await tool.reset(resetDelivery())).toMatchObject({ kind: 'ignored' });
  });

  it('ends what is under way when it is closed', async () => {
    const { tool } = toolOf(() => new Promise(() => {}));
    const verdict = tool.deliver(delivery());
    await tool.close();
    expect(await verdict).toEqual({ kind: 'retry', why: 'the gateway ends' });
  });

  it('begins nothing more once it is killed', async () => {
    let begun = 0;
    const { tool } = toolOf(() => {
      begun += 1;
      return new Promise(() => {});
    });
    const verdict = tool.deliver(delivery());
    tool.kill();
    const ended = { kind: 'retry', why: 'the gateway ends' };
    expect([await verdict, await tool.deliver(delivery())]).toEqual([ended, ended]);
    expect(begun).toBe(1);
  });
});
