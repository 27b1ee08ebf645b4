import type { Command } from '../command.ts';
import { connectionHelp } from '../connection.ts';
import { parseWatch } from './arguments.ts';
import { Session, type SessionParts } from './session.ts';

interface WatchOptions extends Omit<SessionParts, 'env'> {
  readonly isWindows: boolean;
}

/** `manifeed watch`: prints the changes of images, or runs a command for each. */
export function watchCommand(options: WatchOptions): Command {
  return {
    usage: 'IMAGE… [--exec CMD | -- CMD ARG…]',
    details: [
      '',
      'An IMAGE is [host/]repo[:tag]: nginx:1.27, "nginx:1.*", "nginx:^1.27", "ghcr.io/team/**", "**".',
      '',
      '  --tag TAG          of the images that name none; also a glob or semver:RANGE; repeatable',
      '  --type TYPE        tag.created, tag.updated, tag.deleted, manifest.*, "*"; default tag.*; repeatable',
      '  --after POSITION   begin after a position',
      '  --since 2h         begin in the past: a duration, or an RFC 3339 time',
      '  --snapshot         first what the tags point at now',
      '  --conflate         of the changes that are held back, only the newest of a tag',
      '  --unpaced          do not hold changes back, if the token may ask for that',
      '  --count N          end after N changes',
      '  --timeout 10m      end after this time, with exit code 124',
      '  --state FILE       keep the position in FILE, and go on there after a restart',
      '',
      'Commands get the change in MANIFEED_CHANGE_TYPE, _REGISTRY, _REPOSITORY, _TAG, _DIGEST,',
      '_PREVIOUS_DIGEST, _POSITION, _REFERENCE (host/repo:tag) and _PINNED (host/repo@digest),',
      'and as a line of JSON on standard input.',
      '',
      '  --exec CMD         run it by sh -c; -- CMD ARG… runs it without a shell',
      '  --parallel N       up to N commands at once, for different tags (default 1)',
      '  --on-busy WORD     queue: run it for each change (default); latest: for the newest of a tag',
      '  --retry N          run it again up to N times if it fails (default 0)',
      '  --on-error WORD    exit: end with exit code 3 (default); continue: go on, and end with 1',
      '  --exec-timeout 5m  then TERM, and KILL 10 s later, to the command and its children',
      ...connectionHelp,
      '  --json-events      JSON of everything: ready, reset and snapshot too',
      '',
      'Exit codes: 0 done, 1 failed, or changes are missing, 2 usage, 3 a command failed, 124 timeout,',
      '130 Ctrl-C. SIGTERM and Ctrl-C wait for commands that run; the second one kills them.',
    ],
    async run(argv, io) {
      const { isWindows, clock } = options;
      const args = parseWatch(argv, io, { now: clock.now(), isWindows });
      return new Session(args, { ...options, env: io.env }).run();
    },
  };
}
