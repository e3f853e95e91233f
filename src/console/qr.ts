// Renders a QR code as SVG.
import { encode } from 'uqr';
import { html, type Html } from '../privacy/papers/html.ts';

export function qrCode(text: string): Html {
  const { data, size } = encode(text, { ecc: 'M', border: 2 });
  const path = data
    .flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')))
    .join('');
  return html`<svg viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges" aria-hidden="true">
    <path d="${path}" fill="#000" />
  </svg>`;
}
