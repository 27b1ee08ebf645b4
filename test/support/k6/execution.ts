/** Stand-in for the part of `k6/execution` that the scripts use. */
import { currentUser } from './virtual-user.ts';

export default {
  scenario: {
    /** ms since the epoch. */
    get startTime(): number {
      return currentUser().startTime;
    },
  },
};
