/** The dashboard: what a gateway tells, in a page. */
import { render } from 'preact';
import { App } from './app/app.tsx';
import { loadShell } from './app/shell-file.ts';
import { session } from './gateway/gateway.ts';

void loadShell();
void session.open();
// In a task of its own: that of a script is long already, the browser has read and compiled it.
setTimeout(() => {
  const place = document.getElementById('app');
  if (place !== null) render(<App />, place);
});
