import type { Clock } from '../../lib/clock.ts';
import { type Command, exitCodes } from '../command.ts';
import { connectionHelp } from '../connection.ts';
import { type Terminal, withoutColor } from '../output/terminal.ts';
import { parseDoctor } from './arguments.ts';
import { findingJson, personLines, tabbedLine } from './lines.ts';
import type { Means } from './means.ts';

interface DoctorOptions extends Pick<Means, 'fetch' | 'headStatus' | 'random'> {
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** Default: the machine of this process. */
  readonly machine?: Means['machine'];
}

/** `manifeed doctor`: looks for what is wrong with a gateway and the way to it, and says what helps. */
export function doctorCommand({ terminal, ...given }: DoctorOptions): Command {
  return {
    usage: '[--config FILE] [--registries] [--canary]',
    details: [
      '',
      'It looks at the gateway, its clock and token, at what the gateway says of itself (ledger, disk,',
      'descriptors, registries, hooks, targets; that needs a token with admin), and at each transport through',
      'whatever is between here and the gateway. Run it where subscribers are.',
      '',
      '  --config FILE           the configuration too, and open files and disk of this machine',
      '  --registries            one HEAD to each registry, from this machine',
      '  --canary                publish a tag, see it come back over a stream, and delete it again;',
      '                          all who subscribe to everything receive both changes',
      '  --hook NAME             the webhook for that; its kind must be manifeed (default: publish)',
      '  --hook-token-file FILE  its token (default: the token of --token-file)',
      '  --repository REPO       the repository for that (default: manifeed-doctor/canary)',
      ...connectionHelp,
      '',
      '✓ is well, ! should be mended, ✗ does not work, – was not looked at. --quiet shows ! and ✗ only.',
      'Exit codes: 0 no ✗; 1 something does not work; 2 usage.',
    ],
    async run(argv, io) {
      const args = parseDoctor(argv, io);
      const { out } = args.noColor ? withoutColor(terminal) : terminal;
      // What it needs takes longer to load than help should take.
      const { examine } = await import('./examination.ts');
      const machine = given.machine ?? (await import('./machine.ts')).thisMachine;
      const means = { ...given, machine, connection: args.connection };
      let code: number = exitCodes.ok;
      for await (const finding of examine(args, means, io)) {
        if (finding.level === 'failed') code = exitCodes.failed;
        if (args.isQuiet && (finding.level === 'ok' || finding.level === 'skipped')) continue;
        const line = args.isJson
          ? findingJson(finding)
          : out.isTty
            ? personLines(finding, out.paint)
            : tabbedLine(finding);
        await out.write(`${line}\n`);
      }
      return code;
    },
  };
}
