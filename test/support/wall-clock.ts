/**
 * Wall clocks of other processes, which a test can step while they run. A Node process loads a module first. Any
 * other program preloads a shared library, which is compiled here and needs Linux and a C compiler.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface WallClock {
  /** The environment of the process that uses this clock. */
  readonly env: Readonly<Record<string, string>>;
  /** How far it is ahead of the true clock, ms. */
  readonly offsetMs: number;
  set(offsetMs: number): void;
}

export interface WallClocks {
  forNode(offsetMs?: number): WallClock;
  /** A clock for another program; null if this machine cannot make one. */
  forProgram(offsetMs?: number): WallClock | null;
  close(): void;
}

const preload = new URL('./wall-clock-preload.ts', import.meta.url).pathname;
const source = new URL('./wall-clock.c', import.meta.url).pathname;

/** @param compiler the C compiler; default `cc` */
export function openWallClocks(compiler = 'cc'): WallClocks {
  const folder = mkdtempSync(join(tmpdir(), 'manifeed-clock-'));
  const files: number[] = [];
  let library: string | null | undefined;
  const make = (offsetMs: number, env: Readonly<Record<string, string>>): WallClock => {
    const path = join(folder, `${files.length}`);
    const file = openSync(path, 'w');
    files.push(file);
    const clock = { env: { ...env, WALL_CLOCK_OFFSET: path }, offsetMs, set };
    function set(next: number) {
      clock.offsetMs = Math.round(next);
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(BigInt(clock.offsetMs));
      writeSync(file, bytes, 0, bytes.length, 0);
    }
    set(offsetMs);
    return clock;
  };
  return {
    forNode: (offsetMs = 0) => make(offsetMs, { NODE_OPTIONS: `--import ${preload}` }),
    forProgram(offsetMs = 0) {
      if (library === undefined) library = compile(compiler, join(folder, 'wall-clock.so'));
      return library === null ? null : make(offsetMs, { LD_PRELOAD: library });
    },
    close() {
      for (const file of files) closeSync(file);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function compile(compiler: string, target: string): string | null {
  if (process.platform !== 'linux') return null;
  const { status } = spawnSync(compiler, ['-O1', '-shared', '-fPIC', '-o', target, source], {
    stdio: 'ignore',
  });
  return status === 0 ? target : null;
}
