/** Stand-in for `k6/execution`: what the scripts use of it. */
import { currentUser } from './virtual-user.ts';

export default {
  scenario: {
    /** ms since the epoch. */
    get startTime(): number {
      return currentUser().startTime;
    },
  },
};
