// The style sheet of the interface's page, light and dark; contrast of each pair is 4.5:1 or more.
// Invariant: the policy names this exact text by its digest, so that no other style is accepted.
import { createHash } from 'node:crypto';

export const style = `
:root { color-scheme: light dark; --ground: #f5f7f9; --surface: #fff; --ink: #17212b; --quiet: #4b5b6b; --line: #ccd5de; --accent: #0b4f71; }
@media (prefers-color-scheme: dark) { :root { --ground: #12181e; --surface: #1a222a; --ink: #e4eaf0; --quiet: #a9b7c4;
  --line: #36424e; --accent: #86c5e8; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); overflow-wrap: anywhere;
  font: 0.9375rem/1.5 system-ui, 'Segoe UI', 'Liberation Sans', 'DejaVu Sans', Arial, sans-serif; }
a { color: var(--accent); text-underline-offset: 0.15em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
.skip { position: absolute; left: 0.5rem; top: -4rem; padding: 0.5rem 1rem; background: var(--surface); border: 2px solid var(--accent); }
.skip:focus { top: 0.5rem; }
header, nav, main { max-width: 70rem; margin: 0 auto; padding: 0.5rem 1rem; }
main:focus { outline: none; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0.5rem 0; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 2rem 0 0.5rem; padding-top: 0.5rem; border-top: 2px solid var(--line); }
h3 { font-size: 1.0625rem; margin: 0 0 0.25rem; }
h4 { font-size: 0.9375rem; margin: 1rem 0 0.25rem; }
p { margin: 0 0 0.5rem; max-width: 75ch; }
header p { margin: 0; }
section { background: var(--surface); border: 1px solid var(--line); border-radius: 6px; padding: 1rem; margin: 0 0 1rem; }
.address { font-size: 1rem; }
.scope { color: var(--quiet); font-size: 0.875rem; display: inline-block; margin-left: 0.75rem; }
code, pre { font-family: ui-monospace, 'Liberation Mono', 'DejaVu Sans Mono', monospace; font-size: 0.9em; }
pre { margin: 0; padding: 0.5rem 0.75rem; background: var(--ground); border: 1px solid var(--line); border-radius: 6px; overflow-x: auto; }
nav ul { list-style: none; margin: 0 0 0.5rem; padding-left: 1rem; }
nav code { color: var(--quiet); margin-left: 0.5rem; }
summary { cursor: pointer; padding: 0.25rem 0; font-weight: 600; color: var(--accent); }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; background: var(--surface); margin: 0 0 0.5rem; }
table { position: relative; width: 100%; border-collapse: collapse; font-size: 0.875rem; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
th, td { padding: 0.3rem 0.6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
tbody tr:last-child > * { border-bottom: 0; }
thead th { color: var(--quiet); font-weight: 600; white-space: nowrap; }
td:nth-child(1) { min-width: 9rem; }
td:last-child { min-width: 14rem; }
`;

const digest = createHash('sha256').update(style).digest('base64');

/** Allows only this style; no script, no form, no frame around it. */
export const policy = [
  "default-src 'none'",
  `style-src 'sha256-${digest}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
