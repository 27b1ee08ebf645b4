import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  LongMessages,
  longBytes,
  type MessageTaker,
} from '../../../../src/transport/websocket/long-messages.ts';

const long = (text: string) => Buffer.from(text.padEnd(longBytes));
const short = (text: string) => Buffer.from(text);

function client(messages: LongMessages) {
  const heard: string[] = [];
  const state = { heard, isPaused: false, receive };
  const taker: MessageTaker = {
    read: (data) => heard.push(data.toString().trim()),
    pause: () => {
      state.isPaused = true;
    },
    resume: () => {
      state.isPaused = false;
    },
  };
  function receive(...all: readonly Buffer[]) {
    for (const data of all) if (messages.mayRead(taker, data, false)) taker.read(data, false);
  }
  return state;
}

describe('LongMessages', () => {
  it('reads short messages at once, however many', () => {
    const one = client(new LongMessages());
    const texts = Array.from({ length: 100 }, (_, n) => `${n}`);
    one.receive(...texts.map(short));
    expect(one.heard).toEqual(texts);
    expect(one.isPaused).toBe(false);
  });

  it('reads one long message in a turn, keeps the order, and stops the socket meanwhile', async () => {
    const one = client(new LongMessages());
    one.receive(long('1'), long('2'), short('3'), long('4'), short('5'));
    expect(one.heard).toEqual(['1']);
    expect(one.isPaused).toBe(true);
    await nextTurn();
    expect(one.heard).toEqual(['1', '2', '3']);
    one.receive(short('6'));
    await nextTurn();
    await nextTurn();
    expect(one.heard).toEqual(['1', '2', '3', '4', '5', '6']);
    expect(one.isPaused).toBe(false);
    one.receive(short('7'));
    expect(one.heard.at(-1)).toBe('7');
  });

  it('lets the clients take turns', async () => {
    const messages = new LongMessages();
    const [one, other] = [client(messages), client(messages)];
    one.receive(long('1'), long('2'), long('3'));
    other.receive(long('a'), long('b'));
    for (let turn = 0; one.heard.length + other.heard.length < 5; turn += 1) {
      expect(one.heard.length + other.heard.length).toBeLessThanOrEqual(1 + turn);
      await nextTurn();
    }
    expect(one.heard).toEqual(['1', '2', '3']);
    expect(other.heard).toEqual(['a', 'b']);
  });
});
