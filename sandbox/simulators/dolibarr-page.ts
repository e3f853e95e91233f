// The page of the simulated Dolibarr's public form, and what its program does to what was posted before it reads it.
// Invariant: what the prospect wrote stands on it escaped; what Dolibarr says, in a division of its own or in a script.
import type { CrmAnswer } from './simulator.ts';

export type Posted = Readonly<Record<string, string>>;

export const formPath = '/public/project/new.php';

export const html = (status: number, body: string): CrmAnswer => ({
  status,
  headers: { 'content-type': 'text/html; charset=UTF-8' },
  body,
});

export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** The form again, with what was posted, and a country list that makes it 70 KiB long. */
export function form(posted: Posted, fault: string): CrmAnswer {
  const scripted = posted['nojs'] !== '1';
  const said = fault === '' || scripted ? '' : `<div class="error clearboth">${fault}<br></div>`;
  const script =
    fault === '' || !scripted ? '' : `<script>$.jnotify("${fault}<br>", "error", true);</script>\n`;
  const countries = Array.from(
    { length: 244 },
    (_, index) =>
      `<option value="${index}" data-html="${'&lt;span class=&quot;flag-sprite&quot;&gt;'.repeat(6)}">Pays</option>`,
  );
  return html(
    200,
    `<!doctype html>\n<html lang="fr">\n<head>${script}</head>\n<body id="mainbody" class="publicnewmemberform">\n${said}` +
      `<form action="${formPath}" method="POST" name="newlead"><input name="lastname" value="${escaped(posted['lastname'] ?? '')}">` +
      `<select id="selectcountry_id" name="country_id">${countries.join('\n')}</select>` +
      `<textarea name="description">${escaped(posted['description'] ?? '')}</textarea></form>\n</body>\n</html>\n`,
  );
}

/** As far as a lead comes near it. */
export const looksLikeScript = (text: string): boolean =>
  /<\s*(?:script|iframe|object|embed|form)|<\/\s*textarea|union.+select|into\s+(?:out|dump)file/i.test(text);

/** What looks like a tag is cut out, and so is every `"`. */
export const cleaned = (posted: Posted): Posted =>
  Object.fromEntries(
    Object.entries(posted).map(([name, value]) => [
      name,
      value.replaceAll(/<[^<>]*>|<(?=\p{L})|"/gu, '').trim(),
    ]),
  );
