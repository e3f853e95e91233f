// Free text that is kept or sent where no person may be named: a mail address or a phone number in it is found, or masked.
// Invariant: what looks like a way to reach a person counts as one; a date is none.

const date =
  /(?<!\d)(?:(?:19|20)\d\d-[01]\d-[0-3]\d|[0-3]?\d([-/.])[01]?\d\1(?:19|20)\d\d)(?:[T ]+\d\d[:hH]\d\d(?::\d\d)?)?(?!\d)/g;
/** A run of digits as numbers are written by hand, from its + or first digit on; behind a word for a phone also without a blank. */
const dialled =
  /(?:(?<!\w)|(?<=t[eé]l|phone|mobile|portable|port|gsm|fixe|mob|num[eé]ro))\+?\(?\d[\d\s().\-/]{6,}\d/gi;

// Full-width signs and other digits are letters to a regular expression, and a phone number to a reader.
const plainOf = (text: string): string =>
  text.normalize('NFKC').replaceAll(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - 0x660));

/** Nine digits and more that start as a dialled number does; ticket numbers do not start with 0, 33 or +. */
const isDialled = (run: string): boolean =>
  run.replaceAll(/\D/g, '').length >= 9 && /^\(?(?:\+|0|\(0|33)/.test(run);

export function namesSomebody(text: string): boolean {
  const plain = plainOf(text);
  if (plain.includes('@')) return true;
  return [...plain.replaceAll(date, ' · ').matchAll(dialled)].some(([run]) => isDialled(run));
}

/** `lead.optin@canal=email`, a field of an XML file: behind the sign stands an attribute, where a mail address has a domain with a dot. */
const xmlField = /^[\p{L}_][\p{L}\p{N}_.-]*@[\p{L}_][\p{L}\p{N}_-]*(=[^.]*)?$/u;

/**
 * The text with every mail address and phone number masked.
 * @param known mailboxes that are nobody's in person: those the client's contract names, in lower case
 */
export function impersonalText(text: string, known: ReadonlySet<string> = new Set()): string {
  if (!namesSomebody(text)) return text;
  const dates: string[] = [];
  const kept = plainOf(text)
    .replaceAll(/[^\s<>()[\],;:"«»]*@[^\s<>()[\],;:"«»]*/g, (address) => {
      const bare = address.replace(/[.!?]+$/, '');
      return known.has(bare.toLowerCase()) || xmlField.test(bare) ? address : '[adresse masquée]';
    })
    .replaceAll(date, (found) => `\uE000${dates.push(found) - 1}\uE001`);
  return kept
    .replaceAll(dialled, (run) => {
      if (!isDialled(run)) return run;
      return `${run.startsWith('(') && !run.includes(')') ? '(' : ''}[numéro masqué]`;
    })
    .replaceAll(/\uE000(\d+)\uE001/g, (_, index: string) => dates[Number(index)] ?? '');
}
