import { troubleCode } from '../command.ts';

/** What a comparison came to. As diff(1): 0 the same, 1 different, 2 trouble. */
export const diffCodes = { same: 0, different: 1, trouble: troubleCode } as const;

/** What is known when all was read. */
export interface Outcome {
  /** A difference that is beyond doubt. */
  readonly isDifferent: boolean;
  /** Whether all of the answer is beyond doubt. */
  readonly isCertain: boolean;
}

/** What is in doubt is neither the same nor different. */
export function diffCode({ isDifferent, isCertain }: Outcome): number {
  if (isDifferent) return diffCodes.different;
  return isCertain ? diffCodes.same : diffCodes.trouble;
}
