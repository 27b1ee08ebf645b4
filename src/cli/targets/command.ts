import { type Ask, readAnswer } from '../asking/gateway.ts';
import { type Output, outputOf } from '../asking/output.ts';
import type { AskingParts } from '../asking/parts.ts';
import { type Command, exitCodes } from '../command.ts';
import { connectionHelp } from '../connection.ts';
import { Blocks } from '../output/blocks.ts';
import { act, noTargets } from './act.ts';
import { targetList } from './answers.ts';
import { parseTargets } from './arguments.ts';
import { isInTrouble, targetLines } from './lines.ts';

/** `manifeed targets`: prints how the tools are that a gateway triggers, tries one, and controls it. */
export function targetsCommand(parts: AskingParts): Command {
  return {
    usage: '[list | test NAME [REFERENCE] | pause NAME | resume NAME | skip NAME | replay NAME]',
    details: [
      '',
      'Without arguments, or with list, it shows the targets of the gateway: state, what waits, last success and',
      'failure.',
      "The token must be an administrator's (manifeed token --admin makes one).",
      '',
      '  test NAME [REFERENCE]  send one marked test, of a tag that the gateway knows or of an invented one',
      '    --dry-run            send nothing; print the exact request, with secrets as ***',
      '  pause NAME             send nothing until resume; what waits for longer than maxAge (24 h) is given up',
      '  resume NAME            go on, and try at once what failed; also if its tool disabled it',
      '  skip NAME              give up what waits, and go on with the next change',
      '  replay NAME            go back, and send again what followed: give one of',
      '    --after POSITION     a position',
      '    --since TIME         a duration back from now, such as 2h, or an RFC 3339 time',
      ...connectionHelp,
      '',
      'Exit codes: 0 all is well, or done; 1 a target is disabled, late or served by no gateway, or the tool',
      'did not accept the test; 2 trouble.',
    ],
    async run(argv, io) {
      const { connection, action, flags } = parseTargets(argv, io, parts.now());
      const ask = parts.askOver(connection, 'administrator');
      const output = outputOf('targets', flags, parts.terminal);
      return action === null ? list(ask, output) : act(ask, action, output);
    },
  };
}

async function list(ask: Ask, output: Output): Promise<number> {
  const path = '/v1/targets';
  const { targets } = readAnswer(path, targetList, await ask({ path }));
  if (targets.length === 0) output.note(noTargets);
  const blocks = new Blocks(output.out);
  for (const line of targetLines(targets, output)) await blocks.add(line);
  await blocks.flush();
  return targets.some(isInTrouble) ? exitCodes.failed : exitCodes.ok;
}
