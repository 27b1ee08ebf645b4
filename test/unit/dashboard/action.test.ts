/** Something that the gateway is asked to do. */
import { describe, expect, it } from 'vitest';
import { Action } from '../../../dashboard/src/gateway/action.ts';

describe('an action', () => {
  it('is done once, however often it is asked for meanwhile', async () => {
    const action = new Action<number>();
    let asked = 0;
    const { promise, resolve } = Promise.withResolvers<number>();
    const ask = () => {
      asked++;
      return promise;
    };
    const first = action.run(ask);
    expect(action.state.value.kind).toBe('asking');
    expect(await action.run(ask)).toBeNull();
    resolve(7);
    expect(await first).toBe(7);
    expect(action.state.value).toEqual({ kind: 'done', value: 7 });
    expect(await action.run(ask)).toBe(7);
    expect(asked).toBe(2);
  });

  it('keeps why it failed, and can be tried again', async () => {
    const action = new Action<number>();
    const error = new Error('no');
    expect(await action.run(() => Promise.reject(error))).toBeNull();
    expect(action.state.value).toEqual({ kind: 'failed', error });
    expect(await action.run(() => Promise.reject('text'))).toBeNull();
    expect(action.state.value).toMatchObject({ kind: 'failed', error: { message: 'text' } });
    expect(await action.run(async () => 1)).toBe(1);
  });

  it('shows nothing of what comes after the screen was left, and does nothing then', async () => {
    for (const end of ['resolve', 'reject'] as const) {
      const action = new Action<number>();
      const late = Promise.withResolvers<number>();
      const run = action.run(() => late.promise);
      action.close();
      late[end](1);
      expect(await run).toBeNull();
      expect(action.state.value.kind).toBe('asking');
      expect(await action.run(async () => 2)).toBeNull();
    }
  });
});
