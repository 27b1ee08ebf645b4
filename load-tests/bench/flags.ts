/** Reads the values of flags. Each throws an Error that names the flag, its value and what it must be. */

export function numberFlag(flag: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new Error(`read --${flag}: ${JSON.stringify(text)}: must be an integer from ${min} to ${max}`);
  }
  return value;
}

export function choiceFlag<const T extends readonly string[]>(
  flag: string,
  text: string,
  values: T,
): T[number] {
  const value = values.find((each) => each === text);
  if (value === undefined) {
    throw new Error(`read --${flag}: ${JSON.stringify(text)}: must be one of ${values.join(', ')}`);
  }
  return value;
}
