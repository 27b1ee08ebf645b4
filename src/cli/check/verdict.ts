/** What an answer of `/v1/check` says of an image. */
import type { CheckAnswer } from '../asking/answers.ts';
import { troubleCode } from '../command.ts';
import { isNewer } from './newer.ts';
import type { Subject } from './subjects.ts';

/**
 * `moved`: the tag points at another digest than what is there. `newer`: there is a newer version. `deleted`: the tag is
 * gone. `current`: nothing new. `unknown`: what was asked is not known.
 */
export type Word = 'moved' | 'newer' | 'deleted' | 'current' | 'unknown';

export interface Verdict {
  readonly subject: Subject;
  readonly answer: CheckAnswer;
  readonly word: Word;
  /** The newer tag; without a version to compare with, the newest one. */
  readonly newest: CheckAnswer['newest'];
  /** Whether the check failed here. */
  readonly isTrouble: boolean;
}

/** Exit codes of a check. */
export const checkCodes = { nothing: 0, something: 1, trouble: troubleCode } as const;

/** @param answers one for each digest, or a single one */
export function judge(subject: Subject, answers: readonly [CheckAnswer, ...CheckAnswer[]]): Verdict {
  const answer = nearest(answers);
  const newest = newestOf(subject, answer);
  const word = wordOf(subject, answer, newest);
  return { subject, answer, word, newest, isTrouble: word === 'unknown' && !isExcused(subject, answer) };
}

/** Any of the digests may be what is there: it has moved only if it differs from all of them. */
function nearest(answers: readonly [CheckAnswer, ...CheckAnswer[]]): CheckAnswer {
  const same = answers.find(({ moved }) => moved === false);
  return same ?? answers.find(({ moved }) => moved === null) ?? answers[0];
}

function newestOf({ tag }: Subject, { newest }: CheckAnswer): CheckAnswer['newest'] {
  if (newest === null || tag === null) return newest;
  return isNewer(newest.tag, tag) === false ? null : newest;
}

function wordOf(subject: Subject, answer: CheckAnswer, newest: CheckAnswer['newest']): Word {
  if (answer.moved === true) return 'moved';
  if (newest !== null && subject.tag !== null && isNewer(newest.tag, subject.tag) === true) return 'newer';
  if (answer.reason === 'deleted') return 'deleted';
  return isAnswered(subject, answer) ? 'current' : 'unknown';
}

/** Whether "nothing new" is an answer to what was asked, for all that is in doubt. */
function isAnswered({ digests, image, isRangeGiven }: Subject, { moved, reason }: CheckAnswer): boolean {
  const hasDigest = digests.length > 0 || image.includes('@');
  switch (reason) {
    case null:
    case 'not-confirmed':
      return true;
    case 'not-listed':
      return !isRangeGiven;
    case 'no-digest':
      return !hasDigest;
    case 'platform-unknown':
      return moved !== null;
    default:
      return false;
  }
}

/** What was built where it was found is in no registry, so nobody can have told of it. */
function isExcused({ isBuilt }: Subject, { reason }: CheckAnswer): boolean {
  return isBuilt && reason === 'unknown';
}

/** The exit code. @param hasProblems whether something could not be read */
export function codeOf(verdicts: readonly Verdict[], hasProblems: boolean): number {
  if (hasProblems || verdicts.some(({ isTrouble }) => isTrouble)) return checkCodes.trouble;
  const isNew = verdicts.some(({ word }) => word !== 'current' && word !== 'unknown');
  return isNew ? checkCodes.something : checkCodes.nothing;
}
