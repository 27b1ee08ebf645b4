/** How the link ends the thread of the SQLite ledger. */
import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { abandonAfterMs, SqliteLink } from '../../../../src/ledger/sqlite/link.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

/** A thread that a test plays itself. */
class FakeThread extends EventEmitter {
  readonly asked: unknown[] = [];
  terminations = 0;

  postMessage(request: { readonly kind: string }): void {
    this.asked.push(request.kind);
  }

  async terminate(): Promise<number> {
    this.terminations++;
    this.emit('exit', 1);
    return 1;
  }
}

describe('a link whose file did not open', () => {
  const abandoned = () => {
    const [clock, thread] = [fakeClock(), new FakeThread()];
    const link = new SqliteLink(() => {}, thread);
    return { clock, thread, link, ended: link.abandon(clock) };
  };

  it('has the thread end by itself, and does not terminate it', async () => {
    const { clock, thread, ended } = abandoned();
    expect(thread.asked).toEqual(['close']);
    const failure = { code: 'UNAVAILABLE', message: 'closed', detail: undefined, stack: undefined };
    thread.emit('message', { id: 1, ok: false, failure });
    thread.emit('exit', 0);
    await ended;
    clock.advance(abandonAfterMs);
    expect(thread.terminations).toBe(0);
  });

  it('terminates a thread that has not ended in time', async () => {
    const { clock, thread, ended } = abandoned();
    clock.advance(abandonAfterMs - 1);
    expect(thread.terminations).toBe(0);
    clock.advance(1);
    await ended;
    expect(thread.terminations).toBe(1);
  });

  it('does nothing if the thread has ended already', async () => {
    const { thread, link, ended } = abandoned();
    thread.emit('exit', 0);
    await ended;
    await link.abandon(fakeClock());
    expect(thread.asked).toEqual(['close']);
  });
});
