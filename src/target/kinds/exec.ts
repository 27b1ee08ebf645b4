/** A command on the gateway's machine: Diun, Copacetic, Renovate's CLI, scripts. No shell reads it. */
import { z } from 'zod';
import { mappingRule, text } from '../../config/settings/values.ts';
import type { Command } from '../call/process.ts';
import {
  type ChangeDelivery,
  type Kind,
  pushTypes,
  type SettingFault,
  type ShownRunAnswer,
  type Verdict,
} from '../kind.ts';
import { faultsOfTemplate, fill, hasPlaceholder, withoutEscapes } from '../template.ts';
import { deliveryVariables } from '../variables.ts';

const maxArguments = 1_000;
const variable = /^(?!MANIFEED_)[A-Za-z_][A-Za-z0-9_]{0,255}$/;

const members = z.strictObject({
  command: z
    .tuple([text('a program, without NUL', /^[^\0]+$/)], argument(), {
      error: 'must be a list: a program and its arguments',
    })
    .refine((all) => all.length <= maxArguments, { error: `must have at most ${maxArguments}` })
    .meta({ secret: 'variables' })
    .describe(
      `Program and arguments. Placeholders such as \`\${change.reference}\` are replaced in arguments, each within one argument`,
    ),
  env: z
    .record(z.string().regex(variable), argument().meta({ secret: true }), {
      error: mappingRule('variables to values', 'must have names of variables, none with MANIFEED_'),
    })
    .optional()
    .describe(
      'Variables that it gets besides `PATH`, `HOME`, `LANG`, `TZ` and `MANIFEED_CHANGE_…`. Their values are secret',
    ),
  failIf: text('a regular expression')
    .refine(isPattern, { error: 'must be a regular expression' })
    .optional()
    .describe('It has failed, whatever its exit code is, if this regular expression is in its output'),
});

function argument() {
  return text('a string without NUL', /^[^\0]*$/);
}

function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'm') instanceof RegExp;
  } catch {
    return false;
  }
}

type Settings = z.output<typeof members>;

/** The change is in variables (docs/commands.md), and all of them are one line of JSON on standard input. */
export function commandOf(delivery: ChangeDelivery, { command, env }: Settings): Command {
  const { change, changes } = delivery;
  const [program, ...args] = command;
  const plain = (value: string) => value.replaceAll('\0', '');
  return {
    command: [withoutEscapes(program), ...args.map((each) => fill(each, delivery, plain))],
    env: { ...env, ...deliveryVariables(delivery) },
    input: `${JSON.stringify({ change, changes })}\n`,
  };
}

function judge({ code, signal, shown }: ShownRunAnswer, isFailIfIn: boolean): Verdict {
  const saying = shown === '' ? '' : `: ${shown}`;
  if (code !== 0)
    return { kind: 'retry', why: `${code === null ? `ended by ${signal}` : `exit code ${code}`}${saying}` };
  return isFailIfIn ? { kind: 'retry', why: `failIf is in the output${saying}` } : { kind: 'accepted' };
}

export const exec: Kind<Settings> = {
  name: 'exec',
  members,
  templates: ['command'],
  defaults: { timeoutMs: 600_000, coalesceMs: 5_000, concurrency: 1, types: pushTypes },
  deletes: true,
  replays: true,
  needsReference: true,
  faults({ command: [program, ...args] }): readonly SettingFault[] {
    const message = 'the program: must be without placeholders';
    const ofProgram = hasPlaceholder(program) ? [{ key: 'command[0]', message }] : [];
    return [...ofProgram, ...args.flatMap((each, at) => faultsOfTemplate(`command[${at + 1}]`, each))];
  },
  async deliver(delivery, settings, reach) {
    const { failIf } = settings;
    const answer = await reach.run(commandOf(delivery, settings));
    if (failIf === undefined || answer.code !== 0) return judge(answer, false);
    return judge(answer, await reach.find({ name: 'failIf', pattern: failIf, text: answer.output }));
  },
  describe(delivery, settings) {
    const { command, env, input } = commandOf(delivery, settings);
    const own = Object.keys(settings.env ?? {});
    const shown = Object.entries(env).map(([name, value]) => `${name}=${own.includes(name) ? '***' : value}`);
    return [JSON.stringify(command), ...shown, '', input].join('\n');
  },
};
