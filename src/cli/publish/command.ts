import { askOver } from '../asking/gateway.ts';
import { type Command, exitCodes } from '../command.ts';
import { connectionHelp } from '../connection.ts';
import { escapeText, jsonLine } from '../output/escape.ts';
import { nothing } from '../output/names.ts';
import { type Terminal, withoutColor } from '../output/terminal.ts';
import { type PublishArguments, parsePublish } from './arguments.ts';
import { type Outcome, outcomeOf } from './outcome.ts';

/** `manifeed publish`: tells a gateway's hook that a tag moved or is gone, and says what became of it. */
export function publishCommand({ terminal }: { readonly terminal: Terminal }): Command {
  return {
    usage: 'REF [DIGEST] [--delete]',
    details: [
      '',
      'REF is [host/]repo:tag; DIGEST is what the tag points at now, and can be left out if the gateway',
      'may ask the registry for it. The token is that of the webhook, whose kind must be manifeed.',
      '',
      '  --hook NAME         the webhook (default: publish)',
      '  --delete            the tag is gone; without a tag, the digest and all tags that point at it',
      '  --id ID             the same in each attempt: a repetition changes nothing',
      '  --occurred-at TIME  RFC 3339; older than what this hook said before: it changes nothing',
      ...connectionHelp,
      '',
      'It prints changed, pending (the registry is asked first), unchanged, stale or ignored.',
      'Exit codes: 0 the gateway has stored it, or knew it; 1 failed or ignored; 2 usage.',
    ],
    async run(argv, io) {
      const args = parsePublish(argv, io);
      const { connection, hook, publication: body } = args;
      const answer = await askOver(connection, 'webhook')({ path: `/v1/hooks/${hook}`, body });
      const outcome = outcomeOf(answer);
      const shown = args.noColor ? withoutColor(terminal) : terminal;
      await shown.out.write(`${args.isJson ? jsonLine(answer) : line(args, outcome, shown)}\n`);
      if (outcome.isTaken) return exitCodes.ok;
      io.err(`manifeed publish: ${outcome.meaning}`);
      return exitCodes.failed;
    },
  };
}

/** What became of it, the reference and the digest: with tabs between them, or for people. */
function line({ publication }: PublishArguments, { word, style, meaning }: Outcome, { out }: Terminal) {
  const reference = escapeText(publication.reference);
  if (!out.isTty) return [word, reference, publication.digest ?? nothing].join('\t');
  return `${out.paint(style, word)}  ${reference}  ${out.paint('dim', meaning)}`;
}
