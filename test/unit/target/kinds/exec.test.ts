import { describe, expect, it } from 'vitest';
import { commandOf, exec } from '../../../../src/target/kinds/exec.ts';
import { delivery, scriptedReach, wireChange } from '../../../support/target-samples.ts';

/** Settings as the configuration gives them. */
function settingsOf(members: object): Parameters<typeof commandOf>[1] {
  return exec.members.parse({ command: ['copa'], ...members }) as Parameters<typeof commandOf>[1];
}

const ended = (code: number | null, output = '', signal: string | null = null) => ({
  ...{ code, signal, output, shown: output.trim().replace(/\s+/g, ' ') },
});

describe('exec', () => {
  it('runs the command with the change in its variables and on standard input', () => {
    const changes = [wireChange({ tag: 'latest' }), wireChange()] as const;
    const { command, env, input } = commandOf(
      delivery({}, { changes }),
      settingsOf({ env: { TOKEN: 't', EMPTY: '' } }),
    );
    expect(command).toEqual(['copa']);
    expect(env).toMatchObject({
      ...{ TOKEN: 't', EMPTY: '', MANIFEED_CHANGE_TAG: '1.27', MANIFEED_CHANGE_COUNT: '2' },
      MANIFEED_CHANGE_REFERENCE: 'docker.io/library/nginx:1.27',
    });
    expect(input.endsWith('\n')).toBe(true);
    expect(JSON.parse(input)).toEqual({ change: wireChange(), changes });
  });

  it('puts a name into one argument, whatever is in it', () => {
    const command = ['copa', 'patch', '-i', `\${change.reference}`, `x \${change.mediaType}`];
    const run = commandOf(delivery({ mediaType: `a' "b"\n; rm -rf $HOME\0` }), settingsOf({ command }));
    expect(run.command).toEqual([
      ...['copa', 'patch', '-i', 'docker.io/library/nginx:1.27', `x a' "b"\n; rm -rf $HOME`],
    ]);
  });

  it('leaves what is escaped as the text that it is', () => {
    const command = [`a$\${change.tag}`, `$\${change.tag}`, `\${change.tag}`];
    expect(exec.faults?.(settingsOf({ command }))).toEqual([]);
    expect(commandOf(delivery(), settingsOf({ command })).command).toEqual([
      ...[`a\${change.tag}`, `\${change.tag}`, '1.27'],
    ]);
  });

  it.each([
    [ended(0), {}, { kind: 'accepted' }],
    [ended(0, 'failed=1'), {}, { kind: 'accepted' }],
    [ended(0, 'Jobs completed failed=0'), { failIf: 'failed=[1-9]' }, { kind: 'accepted' }],
    [ended(3, 'failed=1'), { failIf: 'failed=[1-9]' }, { kind: 'retry', why: 'exit code 3: failed=1' }],
    [
      ended(0, 'Jobs\ncompleted failed=3'),
      { failIf: 'failed=[1-9]' },
      { kind: 'retry', why: 'failIf is in the output: Jobs completed failed=3' },
    ],
    [ended(1, 'no such file\n'), {}, { kind: 'retry', why: 'exit code 1: no such file' }],
    [ended(2), {}, { kind: 'retry', why: 'exit code 2' }],
    [ended(null, '', 'SIGKILL'), {}, { kind: 'retry', why: 'ended by SIGKILL' }],
  ])('judges how it ended: %j with %j', async (answer, members, verdict) => {
    const reach = { ...scriptedReach(), run: async () => answer };
    expect(await exec.deliver(delivery(), settingsOf(members), reach)).toEqual(verdict);
  });

  it.each([
    [{ command: [] }],
    [{ command: [''] }],
    [{ command: 'diun serve' }],
    [{ command: ['a', 'b\0c'] }],
    [{ command: Array.from({ length: 1_001 }, () => 'a') }],
    [{ env: { 'A-B': '1' } }],
    [{ env: { MANIFEED_CHANGE_TAG: '1' } }],
    [{ env: { A: 1 } }],
    [{ failIf: '(' }],
    [{ shell: true }],
  ])('refuses %j', (members) => {
    expect(exec.members.safeParse({ command: ['a'], ...members }).success).toBe(false);
  });

  it.each([
    [['a', `\${change.tag}`], undefined],
    [['a', `\${change.tg}`], `\${change.tg}: must be one of`],
    [[`\${change.tag}`], 'the program: must be without placeholders'],
  ])('knows the placeholders of %j', (command, message) => {
    const [fault] = exec.faults?.(settingsOf({ command })) ?? [];
    if (message === undefined) expect(fault).toBeUndefined();
    else
      expect(fault).toEqual({
        key: expect.stringMatching(/^command\[[01]\]$/),
        message: expect.stringContaining(message),
      });
  });

  it('shows what it would run, without the values of env', () => {
    const shown = exec.describe(delivery(), settingsOf({ env: { TOKEN: 'hunter2' } }));
    expect(shown).toContain('["copa"]\n');
    expect(shown).toContain('TOKEN=***');
    expect(shown).toContain('MANIFEED_CHANGE_TAG=1.27');
    expect(shown).not.toContain('hunter2');
  });

  it('needs a reference for a test, and hears of no reset', () => {
    expect(exec).toMatchObject({ needsReference: true, deletes: true });
    expect(exec.reset).toBeUndefined();
  });
});
