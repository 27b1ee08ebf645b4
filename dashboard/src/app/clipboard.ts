/** Copies a text. False: the browser did not allow it. */
export async function copyText(text: string): Promise<boolean> {
  // Over plain HTTP, except on localhost, browsers have no `navigator.clipboard`.
  if (!('clipboard' in navigator)) return copySelection(text);
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelection(text);
  }
}

function copySelection(text: string): boolean {
  const focused = document.activeElement;
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'off-screen';
  document.body.append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return done;
}
