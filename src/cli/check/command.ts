import { type Output, outputOf } from '../asking/output.ts';
import type { AskingParts } from '../asking/parts.ts';
import type { Command, CommandIo } from '../command.ts';
import { connectionHelp } from '../connection.ts';
import type { ReadInput } from '../input.ts';
import { Blocks } from '../output/blocks.ts';
import { escapeLine } from '../output/escape.ts';
import { type CheckArguments, parseCheck } from './arguments.ts';
import { readImageFile } from './files/file.ts';
import { notGranted } from './granted.ts';
import { checkLines } from './lines.ts';
import { checkAll } from './questions.ts';
import { readRunning } from './running/running.ts';
import { subjectsOf } from './subjects.ts';
import { codeOf, type Verdict } from './verdict.ts';
import type { Found } from './wanted.ts';

interface CheckParts extends AskingParts {
  readonly readInput: ReadInput;
  /** Whether standard input is a terminal, at which a person has to type. */
  readonly isInputTty: boolean;
}

/** Images that a warning names. */
const maxNamed = 10;

/** By the reason for which the gateway cannot answer (PROTOCOL.md, section 9), what would make it known. */
const hints: readonly (readonly [string, string])[] = [
  ['unknown', 'the tag must be watched, or told of by a webhook'],
  ['not-listed', 'all tags of the repository must be polled: watch it, and name no tags there'],
  ['no-digest', 'a webhook must name the digest, or the gateway be able to ask the registry for it'],
  [
    'platform-unknown',
    'the image must have the platform, and registries[].platforms or watch[].manifests be set',
  ],
  ['too-many-rows', 'ask for fewer images with ranges at once'],
  [notGranted, 'give the token of somebody who may see the repository with --token-file'],
];

/** `manifeed check`: prints which images have moved, and what is newer. */
export function checkCommand(parts: CheckParts): Command {
  return {
    usage: 'IMAGE… | --file FILE… | --running',
    details: [
      '',
      'An IMAGE is [host/]repo[:tag][@digest], or has a range for a tag: nginx:1.27.3, "nginx:^1.27".',
      '',
      '  --file FILE        the images of a compose file, of Kubernetes objects or of a Dockerfile;',
      '                     - is standard input; repeatable',
      '  --running          the images and digests of the JSON on standard input: of docker ps, docker inspect,',
      '                     docker image inspect and docker images --digests, several together;',
      '                     or of podman, nerdctl or crictl',
      '  --newer WORD       which newer versions of a tag count: patch, minor (default), major, no',
      '  --range RANGE      of all images that name none, instead of --newer: "^1.27"',
      '  --platform NAME    linux/amd64: only a move of its manifest counts',
      '  --build-arg N=V    the value of an ARG of a Dockerfile; repeatable',
      ...connectionHelp,
      '',
      'Exit codes: 0 nothing new, 1 something new, 2 trouble, or something is not known.',
    ],
    async run(argv, io) {
      const args = parseCheck(argv, io);
      const output = outputOf('check', args.output, parts.terminal);
      const readsInput = args.running || args.files.includes('-');
      if (readsInput && parts.isInputTty) output.remark('reading standard input …');
      const found = await readSources(args, parts.readInput, io);
      for (const problem of found.problems) output.warn(escapeLine(problem));
      for (const note of found.notes) output.note(escapeLine(note));
      const subjects = subjectsOf(found.wanted, args.wishes);
      const ask = parts.askOver(args.connection);
      const verdicts = await checkAll(ask, subjects, args.platform);
      // Also if the reader has left: whether that shows is chance, and 0 would be an answer.
      await print(verdicts, output);
      warnOfTrouble(verdicts, output);
      return codeOf(verdicts, found.problems.length > 0);
    },
  };
}

async function readSources(args: CheckArguments, read: ReadInput, { env }: CommandIo): Promise<Found> {
  const { buildArguments } = args;
  const sources: Found[] = [{ wanted: args.images, problems: [], notes: [] }];
  for (const path of args.files) sources.push(await readImageFile(path, { read, env, buildArguments }));
  if (args.running) sources.push(readRunning(await read('-')));
  return {
    wanted: sources.flatMap(({ wanted }) => wanted),
    problems: sources.flatMap(({ problems }) => problems),
    notes: sources.flatMap(({ notes }) => notes),
  };
}

async function print(verdicts: readonly Verdict[], output: Output): Promise<void> {
  const blocks = new Blocks(output.out);
  for (const line of checkLines(verdicts, output)) await blocks.add(line);
  await blocks.flush();
}

function warnOfTrouble(verdicts: readonly Verdict[], output: Output): void {
  const trouble = verdicts.filter(({ isTrouble }) => isTrouble);
  if (trouble.length === 0) return;
  const named = trouble
    .slice(0, maxNamed)
    .map(({ subject, answer }) => `${subject.image} (${answer.reason})`);
  const more = trouble.length > maxNamed ? ` and ${trouble.length - maxNamed} more` : '';
  // For people each line has said it.
  if (output.format !== 'columns') output.warn(escapeLine(`not known: ${named.join(', ')}${more}`));
  for (const [reason, hint] of hints)
    if (trouble.some(({ answer }) => answer.reason === reason)) output.warn(`${reason}: ${hint}`);
}
