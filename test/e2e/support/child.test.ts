import { afterEach, describe, expect, it } from 'vitest';
import { type Child, endGroup, startChild } from '../../support/child.ts';

const children: Child[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) await child.stop('SIGKILL');
});

function run(program: string, input?: string): Child {
  const child = startChild(process.execPath, ['-e', program], input === undefined ? {} : { input });
  children.push(child);
  return child;
}

describe('a process of a test', () => {
  it('that ends without what is waited for fails the wait at once, in its own words', async () => {
    const child = run(`console.error('no such port'); process.exitCode = 3;`);
    await expect(child.says('listening')).rejects.toThrow(
      /^wait for "listening": it ended \(exit code 3\): no such port/,
    );
    await expect(child.until('an answer', () => Promise.reject(new Error('refused')))).rejects.toThrow(
      /^wait for an answer: it ended/,
    );
  });

  it('that is killed tells the signal', async () => {
    const child = run('setInterval(() => {}, 1e3)');
    const waiting = expect(child.says('listening')).rejects.toThrow('it ended (exit code SIGKILL)');
    await child.stop('SIGKILL');
    await waiting;
    expect(await child.ended).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('has what it said last, though it ends at once', async () => {
    const child = run(`process.stdout.write('x'.repeat(1e6) + 'the end')`);
    await child.says('the end');
    await child.ended;
    expect([child.out().length, child.err()]).toEqual([1_000_007, '']);
  });

  it('reads its input', async () => {
    const child = run('process.stdin.pipe(process.stderr)', 'a line');
    expect(await child.ended).toEqual({ code: 0, signal: null });
    expect([child.out(), child.err(), child.output()]).toEqual(['', 'a line', 'a line']);
  });

  it('that cannot be started says why', async () => {
    const child = startChild('no-such-program', []);
    await expect(child.says('listening')).rejects.toThrow('spawn no-such-program ENOENT');
  });

  it('that says something else for too long fails the wait with that', async () => {
    const child = run(`console.log('loading'); setInterval(() => {}, 1e3)`);
    await child.says('loading');
    await expect(child.says('listening', 50)).rejects.toThrow(
      /"listening", from .*which has said "loading\\n"/,
    );
  });

  it('and its children end together', async () => {
    const program = `require('node:child_process').spawn('sleep', ['600'], { stdio: 'inherit' }); console.log('both');`;
    const child = startChild(process.execPath, ['-e', program], { detached: true });
    await child.says('both');
    endGroup(child, 'SIGKILL');
    // Its output is open until the last of them has ended.
    await child.ended;
    endGroup(child, 'SIGKILL');
  });
});
