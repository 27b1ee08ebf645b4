/** The dashboard: what a gateway tells, in a page. */
import { render } from 'preact';
import { App } from './app/app.tsx';
import { session } from './gateway/gateway.ts';

const place = document.getElementById('app');
if (place !== null) render(<App />, place);
void session.open();
