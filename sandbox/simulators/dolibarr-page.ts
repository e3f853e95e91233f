// Renders the page of the simulated Dolibarr's public form, and cleans posted values as its program does.
// Invariant: the prospect's text is escaped on it; Dolibarr's own message is in a division or in a script.
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

/** The form again, with the posted values, and a country list that makes it 70 KiB long. */
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

/** Dolibarr's check for scripts, as far as a lead comes near it. */
export const looksLikeScript = (text: string): boolean =>
  /<\s*(?:script|iframe|object|embed|form)|<\/\s*textarea|union.+select|into\s+(?:out|dump)file/i.test(text);

/** Removes what looks like a tag, a `<` before a letter, and every `"`. */
export const cleaned = (posted: Posted): Posted =>
  Object.fromEntries(
    Object.entries(posted).map(([name, value]) => [
      name,
      value.replaceAll(/<[^<>]*>|<(?=\p{L})|"/gu, '').trim(),
    ]),
  );
