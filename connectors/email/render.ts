// Renders the lead sheet for mail clients: plain text and HTML. Pure.
// Invariant: every value is escaped; nothing is loaded from the network; no meaning depends on colour alone.
import type { Parcel, SheetSection } from '../contract.ts';
import { oneLine, readable } from '../mail/text.ts';
import type { Words } from './words.ts';

export interface SheetPage {
  readonly language: 'fr' | 'en';
  readonly words: Words;
  readonly parcel: Parcel;
  readonly attachmentName?: string;
  /** The mail has no personal data: the address where the lead is read. */
  readonly readAt?: string;
}

const amp: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return readable(text).replaceAll(/[&<>"']/g, (char) => amp[char] ?? char);
}

const inParis = { dateStyle: 'long', timeStyle: 'short', timeZone: 'Europe/Paris' } as const;
/** Cached: making one takes longer than the rest of the mail. */
const clocks = {
  fr: new Intl.DateTimeFormat('fr-FR', inParis),
  en: new Intl.DateTimeFormat('en-GB', inParis),
};

const writtenAt = ({ parcel, language }: SheetPage): string => clocks[language].format(parcel.writtenAt);

function referencesOf({ parcel }: SheetPage): string {
  return parcel.items.map((item) => oneLine(item.leadReference)).join(', ');
}

const introductionOf = ({ words, parcel: { action }, readAt }: SheetPage): string =>
  (readAt === undefined ? words.lead : words.notice)[action];

/** The one link of a mail, written out so that a reader sees its address. */
const linkOf = ({ words, readAt }: SheetPage, colour: string): string =>
  readAt === undefined
    ? ''
    : `<br><br>${escapeHtml(words.readHere)} : <a href="${escapeHtml(readAt)}" style="color:${colour}">${escapeHtml(readAt)}</a>`;

export function renderText(page: SheetPage): string {
  const { words, parcel } = page;
  const out = [words.heading[parcel.action].toUpperCase(), oneLine(parcel.clientName)];
  if (parcel.title !== undefined) out.push(oneLine(parcel.title));
  out.push('', introductionOf(page), '');
  if (page.readAt !== undefined) out.push(`${words.readHere} : ${page.readAt}`, '');
  for (const section of parcel.sheet ?? []) {
    const title = oneLine(section.title);
    out.push(title, '-'.repeat(Math.max(3, title.length)));
    for (const { label, value, emphasis } of section.lines) {
      const text = readable(value).replaceAll('\n', '\n    ');
      out.push(`${emphasis === true ? '>> ' : ''}${oneLine(label)} : ${text}`);
    }
    out.push('');
  }
  if (page.attachmentName !== undefined) out.push(`${words.attached} : ${page.attachmentName}`);
  out.push(
    `${words.reference} : ${referencesOf(page)}`,
    `${words.written} ${writtenAt(page)}`,
    '',
    words.automatic,
    '',
  );
  return out.join('\n');
}

// Contrast is 4.5:1 against the background. One accent for each action: a new lead and an erasure differ at a glance.
const accents = { create: '#0b5c4a', update: '#1d4f91', erase: '#9b1c1c' } as const;
const font = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";

export function renderHtml(page: SheetPage): string {
  const { language, words, parcel } = page;
  const accent = accents[parcel.action];
  const heading = escapeHtml(words.heading[parcel.action]);
  const client = escapeHtml(oneLine(parcel.clientName));
  const title = parcel.title === undefined ? '' : escapeHtml(oneLine(parcel.title));
  const sections = (parcel.sheet ?? []).map((section) => renderSection(section, words)).join('');
  const attached =
    page.attachmentName === undefined
      ? ''
      : `<br>${escapeHtml(words.attached)} : <strong>${escapeHtml(page.attachmentName)}</strong>`;
  return `<!DOCTYPE html>
<html lang="${language}" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="format-detection" content="telephone=no,date=no,address=no,email=no,url=no">
<meta name="color-scheme" content="light">
<meta name="supported-color-schemes" content="light">
<title>${heading}</title>
<style>
@media (max-width:480px){.outer{padding:0!important}.card{border-radius:0!important;border-left:0!important;border-right:0!important}.pad{padding-left:18px!important;padding-right:18px!important}.sheet th,.sheet td{display:block!important;width:auto!important}.sheet th{padding-bottom:0!important;border-bottom:0!important}.sheet td{padding-top:2px!important}.sheet .em td{border-left:4px solid #b45309!important}}
</style>
</head>
<body style="margin:0;padding:0;background:#eef1f4;-webkit-text-size-adjust:100%">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:#eef1f4"><tr><td class="outer" align="center" style="padding:28px 12px">
<table role="presentation" class="card" width="600" cellpadding="0" cellspacing="0" border="0" style="width:100%;max-width:600px;background:#ffffff;border:1px solid #d5dbe1;border-radius:10px;overflow:hidden;text-align:left">
<tr><td class="pad" style="padding:22px 28px;background:${accent};color:#ffffff;${font}">
<p style="margin:0 0 4px;font-size:14px;line-height:20px;color:#ffffff">${client}</p>
<h1 style="margin:0;font-size:24px;line-height:30px;font-weight:700;color:#ffffff">${heading}</h1>${
    title === ''
      ? ''
      : `
<p style="margin:6px 0 0;font-size:16px;line-height:22px;color:#ffffff">${title}</p>`
  }
</td></tr>
<tr><td class="pad" style="padding:20px 28px 4px;${font};font-size:16px;line-height:24px;color:#1f2933">${escapeHtml(introductionOf(page))}${linkOf(page, accent)}</td></tr>
${sections}<tr><td class="pad" style="padding:18px 28px 24px;${font};font-size:13px;line-height:20px;color:#52606d">
${escapeHtml(words.reference)} : <strong>${escapeHtml(referencesOf(page))}</strong><br>${escapeHtml(words.written)} ${escapeHtml(writtenAt(page))}${attached}
<p style="margin:12px 0 0;padding-top:12px;border-top:1px solid #e4e7eb">${escapeHtml(words.automatic)}</p>
</td></tr>
</table>
</td></tr></table>
</body>
</html>
`;
}

function renderSection(section: SheetSection, words: Words): string {
  const rows = section.lines.map((line) => {
    const label = escapeHtml(oneLine(line.label));
    const value = escapeHtml(line.value).replaceAll('\n', '<br>');
    if (line.emphasis === true) {
      return `<tr class="em"><th scope="row" align="left" valign="top" style="width:38%;padding:10px 12px;border-left:4px solid #b45309;border-bottom:1px solid #f3dfb4;background:#fff8e6;font-weight:600;color:#5f370e">${label}<br><span style="font-size:12px;font-weight:400">${escapeHtml(words.emphasised)}</span></th><td valign="top" style="padding:10px 12px;border-bottom:1px solid #f3dfb4;background:#fff8e6;font-weight:700;color:#1f2933;word-break:break-word">${value}</td></tr>`;
    }
    return `<tr><th scope="row" align="left" valign="top" style="width:38%;padding:9px 12px 9px 0;border-bottom:1px solid #e4e7eb;font-weight:400;color:#52606d">${label}</th><td valign="top" style="padding:9px 0;border-bottom:1px solid #e4e7eb;color:#1f2933;word-break:break-word">${value}</td></tr>`;
  });
  return `<tr><td class="pad" style="padding:14px 28px 6px;${font}">
<h2 style="margin:0 0 4px;font-size:16px;line-height:24px;color:#1f2933">${escapeHtml(oneLine(section.title))}</h2>
<table class="sheet" width="100%" cellpadding="0" cellspacing="0" border="0" style="width:100%;border-collapse:collapse;font-size:15px;line-height:22px">
${rows.join('\n')}
</table>
</td></tr>
`;
}
