import { useEffect, useState } from 'preact/hooks';
import { Action } from './action.ts';

/** An action that lives as long as the component is shown. */
export function useAction<T>(): Action<T> {
  const [action] = useState(() => new Action<T>());
  useEffect(() => () => action.close(), [action]);
  return action;
}
