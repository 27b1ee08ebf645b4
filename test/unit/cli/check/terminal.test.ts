/** What `manifeed check` says to a person at a terminal. */
import { describe, expect, it } from 'vitest';
import { checkCommand } from '../../../../src/cli/check/command.ts';

const answer = {
  ...{ image: 'nginx:1', digest: null, moved: null, newest: null, certain: true },
  ...{ checkedAt: null, reason: null },
};

const pinned = `nginx:1@sha256:${'a'.repeat(64)}`;

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
  it.each([
    ['nginx:1', 'unknown', 'the tag must be watched, or told of by a webhook'],
    ['nginx:^1', 'not-listed', 'all tags of the repository must be polled: watch it, and name no tags there'],
    [
      pinned,
      'no-digest',
      'a webhook must name the digest, or the gateway be able to ask the registry for it',
    ],
    [
      pinned,
      'platform-unknown',
      'the image must have the platform, and registries[].platforms or watch[].manifests be set',
    ],
    ['nginx:^1', 'too-many-rows', 'ask for fewer images with ranges at once'],
    ['nginx:1', 'not-granted', 'give the token of somebody who may see the repository with --token-file'],
  ])('%s by %s is told once on a terminal, with what would make it known', async (image, reason, hint) => {
    expect(await check([image], false, reason)).toEqual({
      ...{ code: 2, err: `manifeed check: ${reason}: ${hint}\n` },
    });
  });
});
