import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { localStorageStore } from '../../../client/src/index.ts';
import { fileStore } from '../../../client/src/node/index.ts';
import type { PositionStore } from '../../../client/src/store/store.ts';
import { bring, changeOf, nextOf, playStream, ready } from '../../support/client-stream.ts';

const folder = mkdtempSync(join(tmpdir(), 'manifeed-store-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the file of a position', () => {
  it('has the newest position, and leaves nothing beside it', async () => {
    const path = join(folder, 'position');
    const store = fileStore(path);
    expect(await store.load()).toBeNull();
    await store.save('e-1');
    await store.save('e-2');
    expect(readFileSync(path, 'utf8')).toBe('e-2\n');
    expect(await fileStore(path).load()).toBe('e-2');
    expect(readdirSync(folder)).toEqual(['position']);
  });

  it('is refused if it holds anything else: a live start would pass over changes in silence', async () => {
    const path = join(folder, 'broken');
    for (const text of ['', 'hello', 'e-1\ne-2', `e-1${' '.repeat(1e6)}x`, `${'e'.repeat(2_000)}-1`]) {
      writeFileSync(path, text);
      await expect(fileStore(path).load()).rejects.toThrow(/must be a position, or be deleted/);
    }
  });
});

describe.runIf(existsSync('/dev/zero'))('a device in the place of the file', () => {
  it('is refused, though it never ends', async () => {
    await expect(fileStore('/dev/zero').load()).rejects.toThrow(/must be a position, or be deleted/);
  });
});

describe('the position in localStorage', () => {
  it('is an item of its own', () => {
    const items = new Map<string, string>();
    const store = localStorageStore('feed', {
      getItem: (key) => items.get(key) ?? null,
      setItem: (key, value) => items.set(key, value),
    });
    expect(store.load()).toBeNull();
    void store.save('e-3');
    expect([store.load(), [...items.keys()]]).toEqual(['e-3', ['feed']]);
  });
});

/** A store whose saves end when the test says so. */
function heldStore(position: string | null = null) {
  const saves: { position: string; end: (error?: Error) => void }[] = [];
  const store: PositionStore = {
    load: () => Promise.resolve(position),
    save: (saved) =>
      new Promise((resolve, reject) => {
        saves.push({ position: saved, end: (error) => (error ? reject(error) : resolve()) });
      }),
  };
  return { store, saves };
}

describe('a stream with a store', () => {
  it('begins after what is stored, and saves a position when the next event is asked for', async () => {
    const { store, saves } = heldStore('e-1');
    const { opened, events } = playStream({ store });
    const first = events.next();
    const connection = await opened.next();
    expect(connection.ask.start.after).toBe('e-1');
    bring(connection, changeOf(2));
    bring(connection, changeOf(3));
    await first;
    expect(saves).toEqual([]);
    await events.next();
    expect(saves.map(({ position }) => position)).toEqual(['e-2']);
  });

  it('saves one position at a time, and then the newest', async () => {
    const { store, saves } = heldStore();
    const { opened, events } = playStream({ store, after: null });
    const first = events.next();
    const connection = await opened.next();
    ready(connection, 'e-0');
    for (let n = 1; n <= 5; n++) bring(connection, changeOf(n));
    await first;
    for (let n = 1; n <= 5; n++) await events.next();
    expect(saves.map(({ position }) => position)).toEqual(['e-0']);
    saves[0]?.end();
    await Promise.resolve();
    await Promise.resolve();
    expect(saves.map(({ position }) => position)).toEqual(['e-0', 'e-4']);
  });

  it('saves a bookmark only once everything before it is processed', async () => {
    const { store, saves } = heldStore();
    const { opened, events } = playStream({ store, after: null });
    const first = events.next();
    const connection = await opened.next();
    bring(connection, changeOf(1));
    connection.receiver.take({ kind: 'bookmark', position: 'e-9' }, 5);
    await first;
    expect(saves).toEqual([]);
    const next = events.next();
    expect(saves.map(({ position }) => position)).toEqual(['e-1']);
    saves[0]?.end();
    await Promise.resolve();
    await Promise.resolve();
    expect(saves.map(({ position }) => position)).toEqual(['e-1', 'e-9']);
    connection.receiver.take({ kind: 'bookmark', position: 'e-10' }, 5);
    saves[1]?.end();
    await Promise.resolve();
    await Promise.resolve();
    expect(saves.at(-1)?.position).toBe('e-10');
    saves[2]?.end();
    bring(connection, changeOf(11));
    expect((await next).value).toMatchObject({ kind: 'change' });
  });

  it('does not save the event whose processing a break interrupts, and waits for the save under way', async () => {
    const { store, saves } = heldStore();
    const { opened, events } = playStream({ store, after: null });
    const first = events.next();
    const connection = await opened.next();
    bring(connection, changeOf(1));
    bring(connection, changeOf(2));
    await first;
    await events.next();
    let hasEnded = false;
    const ended = events.return().then(() => {
      hasEnded = true;
    });
    await Promise.resolve();
    expect(hasEnded).toBe(false);
    saves[0]?.end();
    await ended;
    expect(saves.map(({ position }) => position)).toEqual(['e-1']);
  });

  it('saves nothing before a snapshot is complete', async () => {
    const { store, saves } = heldStore();
    const { opened, events } = playStream({ store, filter: { snapshot: true } });
    const first = events.next();
    const connection = await opened.next();
    bring(connection, changeOf(1));
    ready(connection, 'e-2');
    await first;
    await events.next();
    expect(await nextOf(events)).toMatchObject({ kind: 'ready' });
    expect(saves).toEqual([]);
    void events.next();
    expect(saves.map(({ position }) => position)).toEqual(['e-2']);
  });

  it('ends with STORE if a position cannot be saved, also while nothing comes', async () => {
    const { store, saves } = heldStore();
    const { opened, events } = playStream({ store, after: null });
    const first = events.next();
    ready(await opened.next(), 'e-1');
    await first;
    const next = events.next();
    saves[0]?.end(new Error('disk full'));
    await expect(next).rejects.toMatchObject({ code: 'STORE', message: 'save position: disk full' });
  });

  it('ends with STORE if the position cannot be loaded', async () => {
    const store = { load: () => Promise.reject(new Error('no such disk')), save: () => {} };
    const { events } = playStream({ store });
    await expect(events.next()).rejects.toMatchObject({ code: 'STORE' });
  });
});
