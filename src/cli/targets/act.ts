/** Does one thing with one target. */
import { FeedError } from '../../../client/src/index.ts';
import { type Ask, readAnswer } from '../asking/gateway.ts';
import type { Output } from '../asking/output.ts';
import { exitCodes } from '../command.ts';
import { escapeLines, escapeText, jsonLine } from '../output/escape.ts';
import { nothing } from '../output/names.ts';
import type { Style } from '../output/terminal.ts';
import { targetList, targetRow, testAnswer } from './answers.ts';
import type { Action } from './arguments.ts';
import { targetLines } from './lines.ts';

/** Time for a test, ms. Some tools answer only when they are done; Node's fetch waits five minutes for a head. */
const testMs = 4 * 60_000;
/** Names in an error. */
const maxNames = 20;

/** @returns the exit code @throws FeedError */
export async function act(ask: Ask, action: Action, output: Output): Promise<number> {
  const { word, name, body } = action;
  const path = `/v1/targets/${name}/${word}`;
  const timeoutMs = word === 'test' ? testMs : undefined;
  let answer: unknown;
  try {
    answer = await ask({ path, body, timeoutMs });
  } catch (error) {
    throw error instanceof FeedError ? await explained(ask, action, error) : error;
  }
  if (word === 'test') return printTest(name, readAnswer(path, testAnswer, answer), output);
  for (const line of targetLines([readAnswer(path, targetRow, answer)], output))
    await output.out.write(`${line}\n`);
  return exitCodes.ok;
}

const verdicts: Readonly<Record<string, { readonly style: Style; readonly meaning: string }>> = {
  accepted: { style: 'green', meaning: 'the tool accepted the test' },
  ignored: { style: 'cyan', meaning: 'the tool answered, and has nothing to do with this image' },
  retry: { style: 'red', meaning: 'failed; a change would be tried again' },
  refused: { style: 'red', meaning: 'refused; a change would be given up' },
  stop: { style: 'red', meaning: 'the tool wants no more; a change would disable the target' },
};
const successes: ReadonlySet<string> = new Set(['accepted', 'ignored']);

async function printTest(
  name: string,
  answer: ReturnType<typeof testAnswer.parse>,
  { format, out }: Output,
): Promise<number> {
  const { request, verdict } = answer;
  const code = verdict === null || successes.has(verdict.kind) ? exitCodes.ok : exitCodes.failed;
  if (format === 'json') await out.write(`${jsonLine(answer)}\n`);
  else if (verdict === null) await out.write(`${escapeLines(request).trimEnd()}\n`);
  else {
    const { kind, why } = verdict;
    const { style, meaning } = verdicts[kind] ?? { style: 'dim', meaning: '' };
    const fields = [escapeText(kind), name, escapeText(why ?? nothing)];
    if (format === 'tabs') await out.write(`${fields.join('\t')}\n`);
    else {
      const told = [out.paint(style, escapeText(kind)), name, out.paint('dim', meaning)];
      await out.write(`${told.join('  ')}\n${why === undefined ? '' : `${escapeText(why)}\n`}`);
    }
  }
  return code;
}

/** The error with what helps: the targets that there are, or the argument that is missing. */
async function explained(ask: Ask, { word, name, body }: Action, error: FeedError): Promise<FeedError> {
  const { code, detail } = error;
  if (code === 'NOT_FOUND') return refusal(error, `${word} ${name}: ${await knownTargets(ask)}`);
  if (code === 'TIMEOUT' && word === 'test') {
    const rule = `no answer within ${testMs / 60_000} minutes: the tool may still be at work: see its log`;
    return refusal(error, `test ${name}: ${rule}`);
  }
  if (code === 'PARAMETER_INVALID' && detail?.parameter === 'reference' && body.reference === undefined) {
    const hint = `manifeed targets test ${name} nginx:1.27`;
    return refusal(
      error,
      `test ${name}: its tool acts on the image that a request names: must have a REFERENCE: ${hint}`,
    );
  }
  return error;
}

async function knownTargets(ask: Ask): Promise<string> {
  const path = '/v1/targets';
  const { targets } = readAnswer(path, targetList, await ask({ path }));
  if (targets.length === 0) return noTargets;
  const names = targets.slice(0, maxNames).map((each) => each.name);
  const more = targets.length > maxNames ? `, or one of ${targets.length - maxNames} more` : '';
  return `no such target: must be ${names.join(', ')}${more}`;
}

/** What is said of a gateway without targets. */
export const noTargets = 'no targets are configured: list them in the section targets (docs/targets.md)';

function refusal({ code, status, detail, retryable }: FeedError, message: string): FeedError {
  return new FeedError(code, message, { status, detail, retryable });
}
