/** What `manifeed check` says to a person at a terminal. */
import { describe, expect, it } from 'vitest';
import { checkCommand } from '../../../../src/cli/check/command.ts';

const answer = {
  ...{ image: 'nginx:1', digest: null, moved: null, newest: null, certain: true },
  ...{ checkedAt: null, reason: null },
};

async function check(argv: readonly string[], isInputTty: boolean, reason: string | null = null) {
  const err: string[] = [];
  const screen = (lines: string[]) => ({
    isTty: true,
    write: async (text: string) => lines.push(text) > 0,
    paint: (_: string, text: string) => text,
  });
  const command = checkCommand({
    terminal: { out: screen([]), err: screen(err), watchReader: () => () => {} },
    askOver: () => async () => ({ images: [{ ...answer, reason }] }),
    now: () => 0,
    readInput: async () => 'FROM nginx:1',
    isInputTty,
  });
  const io = { out: () => {}, err: () => {}, readFile: () => Buffer.from(''), env: {} };
  return { code: await command.run(argv, io), err: err.join('') };
}

describe('standard input', () => {
  it('at a terminal is waited for with a word, unless the command is quiet', async () => {
    expect(await check(['--file', '-'], true)).toEqual({ code: 0, err: 'reading standard input …\n' });
    expect((await check(['--file', '-', '--quiet'], true)).err).toBe('');
  });

  it('that is a pipe or a file, or not read, is not mentioned', async () => {
    expect((await check(['--file', '-'], false)).err).toBe('');
    expect((await check(['--file', 'Dockerfile'], true)).err).toBe('');
  });
});

describe('an unknown image', () => {
  it('is named once on a terminal, with what would make it known', async () => {
    const told = 'manifeed check: what is unknown must be watched, or told of by a webhook\n';
    expect(await check(['nginx:1'], false, 'unknown')).toEqual({ code: 2, err: told });
  });
});
